import { writeSync } from 'node:fs'
import type { ReadStream } from 'node:tty'
import { blank, type Size } from './painter.js'

// The modes of the terminal, entered and left as one. Written synchronously: what a dying process promised to erase is
// erased when it dies.

const ALTERNATE = '\x1b[?1049h'
const MAIN = '\x1b[?1049l'
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const PASTE_MARKED = '\x1b[?2004h'
const PASTE_PLAIN = '\x1b[?2004l'
// A frame that was laid out for a wider window, drawn while it became narrower, is cut: wrapped, its last line would
// move the screen up, and its first one into the terminal's history.
const CUT_LINES = '\x1b[?7l'
const WRAP_LINES = '\x1b[?7h'

/** How long a terminal that takes nothing is waited for, and how often it is looked at meanwhile, in milliseconds. */
const PATIENCE = 2000
const PAUSE = 5
/** Nobody wakes who waits on it. */
const CLOCK = new Int32Array(new SharedArrayBuffer(4))

export type TerminalStreams = {
  readonly input: ReadStream
  /** Where to draw: a descriptor of the terminal. */
  readonly output: number
  readonly size: () => Size
}

export class Terminal {
  readonly #streams: TerminalStreams
  readonly #showsCursor: boolean
  #entered = false

  /** @param showsCursor a screen reader follows the cursor */
  constructor(streams: TerminalStreams, showsCursor: boolean) {
    this.#streams = streams
    this.#showsCursor = showsCursor
  }

  get entered(): boolean {
    return this.#entered
  }

  get input(): ReadStream {
    return this.#streams.input
  }

  size(): Size {
    return this.#streams.size()
  }

  /**
   * Writes all of it; a terminal that is gone is no error, and one that takes nothing for a while is not waited for: a
   * program that waits hears no signal. @returns whether all was written
   */
  write(text: string): boolean {
    const bytes = Buffer.from(text)
    let waits = PATIENCE / PAUSE
    for (let at = 0; at < bytes.length;) {
      try {
        at += writeSync(this.#streams.output, bytes, at)
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') return false
        if (waits-- <= 0) return false
        Atomics.wait(CLOCK, 0, 0, PAUSE)
      }
    }
    return true
  }

  enter(): void {
    if (this.#entered) return
    this.#entered = true
    const cursor = this.#showsCursor ? SHOW_CURSOR : HIDE_CURSOR
    this.write(ALTERNATE + blank(this.size().rows) + cursor + CUT_LINES + PASTE_MARKED)
  }

  /** Erases what was drawn, and gives the terminal back as it was. */
  leave(): void {
    if (!this.#entered) return
    this.#entered = false
    this.write(blank(this.size().rows) + PASTE_PLAIN + WRAP_LINES + SHOW_CURSOR + MAIN)
  }
}
