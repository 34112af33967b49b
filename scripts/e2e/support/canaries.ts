// Words that nobody but this test says, and the search for them in whatever dress.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import * as path from 'node:path'

type Needle = { readonly what: string; readonly bytes: Buffer }

/** The base64 digits that are the same however `bytes` lies within a longer text, for each of the three places. */
function base64Dresses(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=/g, '')
    const start = Math.ceil((before * 8) / 6)
    const whole = Math.floor(((before + bytes.length) * 8) / 6)
    return padded.slice(start, whole)
  })
}

function dresses(what: string, word: Buffer): Needle[] {
  const base64 = base64Dresses(word)
  const url = base64.map((text) => text.replace(/\+/g, '-').replace(/\//g, '_'))
  const hex = word.toString('hex')
  const texts = new Set([...base64, ...url, hex, hex.toUpperCase()])
  const utf16 = Buffer.from(word.toString('latin1'), 'utf16le')
  return [
    word,
    utf16,
    Buffer.from(utf16).swap16(),
    ...[...texts].map((text) => Buffer.from(text)),
  ].map((bytes) => ({ what, bytes }))
}

/** What was found where: `value-1 in base64 in /tmp/x`. */
export type Find = { readonly what: string; readonly where: string }

export class Canaries {
  readonly #needles: Needle[] = []
  readonly words = new Map<string, string>()

  /** A fresh word of at least 24 letters and digits, by the name under which a find tells of it. */
  fresh(what: string, before = ''): string {
    const word = `${before}${randomBytes(15).toString('hex')}`
    this.add(what, word)
    return word
  }

  add(what: string, word: string | Uint8Array): void {
    const bytes = Buffer.from(word)
    this.words.set(what, bytes.toString('latin1'))
    this.#needles.push(...dresses(what, bytes))
  }

  /** The canaries in `bytes`. */
  in(bytes: Uint8Array, where: string): Find[] {
    const hay = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const found = this.#needles.filter((needle) => hay.includes(needle.bytes))
    return [...new Set(found.map(({ what }) => what))].map((what) => ({ what, where }))
  }

  /** The canaries in the names and contents of all files below `folder`, hidden ones too. */
  inFiles(folder: string): Find[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const file = path.join(entry.parentPath, entry.name)
      const named = this.in(Buffer.from(file), `the name of ${file}`)
      return entry.isFile() ? [...named, ...this.in(readFileSync(file), file)] : named
    })
  }
}
