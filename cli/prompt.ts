import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../shared/bytes.js'
import { displayText } from '../shared/display.js'
import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import type { Io } from './io.js'

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
  io.err(question)
  terminal.setRawMode(true)
  terminal.resume()
  try {
    return await hiddenLine(terminal)
  } finally {
    terminal.setRawMode(false)
    terminal.pause()
    io.err('\n')
  }
}

function hiddenLine(terminal: NodeJS.ReadableStream): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let typed: number[] = []
    const done = (settle: () => void): void => {
      terminal.removeListener('data', hear)
      terminal.removeListener('end', ended)
      settle()
    }
    const finish = (): void => {
      const bytes = Uint8Array.from(typed)
      if (fromUtf8(bytes) === undefined) reject(notText())
      else resolve(bytes)
    }
    const ended = (): void => {
      done(() => {
        reject(cancelled())
      })
    }
    const hear = (chunk: Buffer | string): void => {
      for (const byte of Buffer.from(chunk)) {
        const empty = typed.length === 0
        if (ENTER.includes(byte) || (byte === END && !empty)) return done(finish)
        if (byte === INTERRUPT || byte === END) return ended()
        if (ERASE.includes(byte)) typed = eraseLast(typed)
        else if (byte === ERASE_LINE) typed = []
        else typed.push(byte)
        if (typed.length > LIMITS.value)
          return done(() => {
            reject(tooLong())
          })
      }
    }
    terminal.on('data', hear)
    terminal.on('end', ended)
  })
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

/** Goes on when the person types `y` or `yes`. @throws CofferError `cancelled` for anything else. */
export async function confirm(io: Io, question: string): Promise<void> {
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
