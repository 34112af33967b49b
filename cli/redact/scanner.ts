import { Buffer, isUtf8 } from 'node:buffer'
import { LONGEST, Needles } from './finder.js'
import { formsOf, linesOf, type FormName } from './forms.js'
import { STEP, sumOf, Sums, type Sum } from './sums.js'

// Finds whole values in a stream, in every form, and tells the line. Pure.

export type Find = { readonly line: number; readonly name: string; readonly form: FormName }

type Pattern = {
  readonly name: string
  readonly form: FormName
  readonly length: number
  /** Of a long one, whose end alone is looked for. */
  readonly sum: Sum | undefined
}

/** A line that isn't a value's whole must be this long to mean it. */
const TELLING_LINE = 20

/** What is looked for; made once for many streams, which are read one after the other. */
export class Wanted {
  readonly needles = new Needles<Pattern>()
  #longest = 0
  #sums: Sums | undefined

  constructor(secrets: Iterable<{ readonly name: string; readonly bytes: Uint8Array }>) {
    for (const { name, bytes } of secrets) {
      for (const one of formsOf(bytes)) this.#add(name, one.form, one.bytes)
      const line = tellingLine(bytes)
      if (line !== undefined) this.#add(name, 'line', line)
    }
  }

  /** For sums over the longest of them; undefined where nothing is that long. */
  get sums(): Sums | undefined {
    if (this.#longest > 0) this.#sums ??= new Sums(this.#longest + STEP)
    return this.#sums
  }

  #add(name: string, form: FormName, bytes: Buffer): void {
    const { length } = bytes
    const isLong = length > LONGEST
    if (isLong) this.#longest = Math.max(this.#longest, length)
    const pattern = { name, form, length, sum: isLong ? sumOf(bytes) : undefined }
    this.needles.add(isLong ? bytes.subarray(length - LONGEST) : bytes, pattern)
  }
}

/**
 * The line that tells a value of several lines where it stands indented. The first ones are often no secret: armour and
 * headers are the same in all keys of a kind.
 */
function tellingLine(bytes: Uint8Array): Buffer | undefined {
  if (!isUtf8(bytes)) return undefined
  const lines = linesOf(bytes).filter((line) => !line.toString('latin1').startsWith('-----'))
  const own = lines.slice(1).filter((line) => line.length >= TELLING_LINE)
  return own.toSorted((a, b) => b.length - a.length)[0]
}

/** One stream. */
export class Scanner {
  readonly #wanted: Wanted
  readonly #found: (find: Find) => void
  readonly #told = new Set<string>()
  #waiting: Buffer = Buffer.alloc(0)
  #at = 0
  #line = 1

  /** @param found is told each value, form and line once */
  constructor(wanted: Wanted, found: (find: Find) => void) {
    this.#wanted = wanted
    this.#found = found
    wanted.sums?.begin()
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += STEP) {
      const part = chunk.subarray(at, at + STEP)
      this.#wanted.sums?.add(part)
      this.#take(Buffer.concat([this.#waiting, part]), false)
    }
  }

  end(): void {
    this.#take(this.#waiting, true)
  }

  #take(bytes: Buffer, whole: boolean): void {
    const { needles } = this.#wanted
    let at = 0
    for (; at < bytes.length; at++) {
      const found = needles.at(bytes, at, whole)
      if (found === 'more') break
      for (const { about } of found) for (const one of about) this.#met(one, this.#at + at)
      if (bytes[at] === 0x0a) this.#line++
    }
    this.#waiting = bytes.subarray(at)
    this.#at += at
  }

  #met(pattern: Pattern, at: number): void {
    const { name, form, length, sum } = pattern
    const line =
      sum === undefined ? this.#line : this.#wanted.sums?.lineOf(at + LONGEST, length, sum)
    if (line === undefined) return
    const key = `${line}:${form}:${name}`
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#found({ line, name, form })
  }
}
