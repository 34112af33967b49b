import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../shared/bytes.js'
import { displayText } from '../shared/display.js'
import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import type { Call } from './call.js'
import type { Io, Terminal } from './io.js'

const ENTER = [0x0a, 0x0d]
const INTERRUPT = 0x03
const END = 0x04
const ERASE = [0x08, 0x7f]
const ERASE_LINE = 0x15

/**
 * Asks for a line on the terminal without showing it; the question goes to stderr. Ctrl-C and an end of input at an
 * empty line cancel.
 * @throws CofferError `cancelled`, `format` for what is no UTF-8, `limit` over a value's size
 */
export async function askHidden(io: Io, question: string): Promise<Uint8Array> {
  const terminal = io.terminal()
  // Before the question: whoever answers at once is not to see it either.
  terminal.setRawMode(true)
  io.err(question)
  terminal.resume()
  try {
    return await hiddenLine(terminal)
  } finally {
    terminal.setRawMode(false)
    io.err('\n')
  }
}

function hiddenLine(terminal: Terminal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const line = new TypedLine()
    const leave = (): void => {
      terminal.removeListener('data', hear)
      terminal.removeListener('end', ended)
      terminal.pause()
    }
    const ended = (): void => {
      leave()
      reject(cancelled())
    }
    const hear = (chunk: Buffer | string): void => {
      const bytes = Buffer.from(chunk)
      const used = line.type(bytes)
      if (line.state === 'open') return
      leave()
      // What was typed ahead answers the next question.
      if (used < bytes.length) terminal.unshift(bytes.subarray(used))
      if (line.state === 'cancelled') reject(cancelled())
      else if (line.state === 'too-long') reject(tooLong())
      else if (fromUtf8(line.bytes) === undefined) reject(notText())
      else resolve(line.bytes)
    }
    terminal.on('data', hear)
    terminal.on('end', ended)
  })
}

/** A line as it is typed, with its corrections. */
class TypedLine {
  state: 'open' | 'done' | 'cancelled' | 'too-long' = 'open'
  #typed: number[] = []

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#typed)
  }

  /** Takes bytes until the line ends; how many. */
  type(bytes: Uint8Array): number {
    let used = 0
    while (used < bytes.length && this.state === 'open') this.#key(bytes[used++] ?? 0)
    return used
  }

  #key(byte: number): void {
    if (ENTER.includes(byte)) this.state = 'done'
    else if (byte === INTERRUPT) this.state = 'cancelled'
    else if (byte === END) this.state = this.#typed.length === 0 ? 'cancelled' : 'done'
    else if (ERASE.includes(byte)) this.#typed = eraseLast(this.#typed)
    else if (byte === ERASE_LINE) this.#typed = []
    else this.#typed.push(byte)
    if (this.#typed.length > LIMITS.value) this.state = 'too-long'
  }
}

/** One character less: the continuation bytes of UTF-8 and what they continue. */
function eraseLast(typed: readonly number[]): number[] {
  let end = typed.length - 1
  while (end > 0 && ((typed[end] ?? 0) & 0xc0) === 0x80) end--
  return typed.slice(0, Math.max(0, end))
}

/** The refusal of a person who pressed Ctrl-C. */
export function cancelled(): CofferError {
  return new CofferError('cancelled', 'cancelled at the prompt')
}

function notText(): CofferError {
  return new CofferError('format', 'what was typed is not UTF-8', {
    reason: 'not-utf8',
    next: 'give bytes with --stdin or --file',
  })
}

function tooLong(): CofferError {
  return new CofferError('limit', `a value has at most ${LIMITS.value} bytes`, {
    reason: 'too-large',
  })
}

/**
 * Goes on when `-y` or `-f` was given, or the person says yes.
 * @throws CofferError `usage` (reason `needs-consent`) where nobody can be asked, `cancelled`
 */
export async function consent(io: Io, call: Call, to: string, question: string): Promise<void> {
  if (call.flag('yes') || call.flag('force')) return
  if (io.inputKind() === 'terminal') return confirm(io, question)
  throw new CofferError('usage', `${to} needs consent, and there is no terminal to ask on`, {
    reason: 'needs-consent',
    next: 'say -y if that is meant',
  })
}

/** Goes on when the person types `y` or `yes`. @throws CofferError `cancelled` for anything else. */
async function confirm(io: Io, question: string): Promise<void> {
  const { createInterface } = await import('node:readline')
  const reader = createInterface({ input: io.terminal(), output: process.stderr, terminal: false })
  io.err(`${displayText(question)} [y/N] `)
  try {
    const answer = await new Promise<string>((resolve) => {
      reader.once('line', resolve)
      reader.once('close', () => {
        resolve('')
      })
    })
    if (!/^y(es)?$/i.test(answer.trim())) throw cancelled()
  } finally {
    reader.close()
  }
}
