import type { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { textOf, type Named } from './named.js'

// The file of `docker run --env-file`: NAME=VALUE, the value up to the line's end as it stands there, no quotes, no
// escapes. So it can't hold a line end; and its reader takes no line of 64 KiB or more.

const LINE_MAX = 64 * 1024 - 1

/** @throws CofferError `format`, `limit` (reason `not-in-format`) by name, for what the file can't hold */
export function writeEnvFile(secrets: readonly Named[]): string {
  return secrets.map((one) => `${lineOf(one)}\n`).join('')
}

function lineOf(secret: Named): string {
  const { name } = secret
  if (!/^[A-Za-z_][A-Za-z0-9_.\-/]*$/.test(name)) throw cannot(secret, 'is no name of a variable')
  const value = textOf(secret)
  if (/[\r\n\0]/.test(value)) throw cannot(secret, 'has more than one line, or a NUL')
  const line = `${name}=${value}`
  if (sizeOf(secret) > LINE_MAX) throw cannot(secret, 'is longer than 64 KiB with its name')
  return line
}

function sizeOf({ name, bytes }: { readonly name: string; readonly bytes: Buffer }): number {
  return name.length + 1 + bytes.length
}

function cannot({ name }: Named, why: string): CofferError {
  return new CofferError('format', `an env file can't hold ${displayText(name)}: it ${why}`, {
    reason: 'not-in-format',
    next: 'name those that you need, or give this one as a file: coffer run --file',
  })
}

/**
 * The assignments of such a file; lines that begin with # are comments, a name alone has no value there.
 * @throws CofferError `format` naming the line, never a value
 */
export function readEnvFile(content: string): { name: string; value: string }[] {
  const lines = content.replace(/^\ufeff/, '').split(/\r?\n/)
  return lines.flatMap((read, i) => {
    const line = read.trimStart()
    if (line === '' || line.startsWith('#')) return []
    const equals = line.indexOf('=')
    const name = line.slice(0, Math.max(0, equals))
    if (name !== '' && !/\s/.test(name)) return [{ name, value: line.slice(equals + 1) }]
    throw new CofferError('format', `line ${i + 1} is no NAME=VALUE`, {
      reason: 'no-assignment',
      next: 'correct it; nothing was stored',
    })
  })
}
