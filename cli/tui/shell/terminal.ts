import { writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
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

/**
 * Another program is to have what is typed. A stream whose `readable` was listened to counts as paused and reads on all the
 * same: only one that flows can be paused.
 */
export async function stopsReading(input: Readable): Promise<void> {
  await nextTurn()
  input.resume()
  input.pause()
  await nextTurn()
}

export class Terminal {
  readonly #streams: TerminalStreams
  readonly #showsCursor: boolean
  #entered = false
  #isGone = false

  /** @param showsCursor a screen reader follows the cursor */
  constructor(streams: TerminalStreams, showsCursor: boolean) {
    this.#streams = streams
    this.#showsCursor = showsCursor
  }

  get entered(): boolean {
    return this.#entered
  }

  /** Whether there was none any more when it was written to. */
  get isGone(): boolean {
    return this.#isGone
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
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') {
          this.#isGone = true
          return false
        }
        if (waits-- <= 0) return false
        Atomics.wait(CLOCK, 0, 0, PAUSE)
      }
    }
    return true
  }

  /** Takes what is typed key by key, before anything is drawn that a line's echo would be drawn over. */
  enter(): void {
    if (this.#entered) return
    this.#entered = true
    this.input.setRawMode(true)
    const cursor = this.#showsCursor ? SHOW_CURSOR : HIDE_CURSOR
    this.write(ALTERNATE + blank(this.size().rows) + cursor + CUT_LINES + PASTE_MARKED)
  }

  /** Erases what was drawn, and gives the terminal back as it was. */
  leave(): void {
    if (!this.#entered) return
    this.#entered = false
    this.write(blank(this.size().rows) + PASTE_PLAIN + WRAP_LINES + SHOW_CURSOR + MAIN)
    if (!this.#isGone) this.input.setRawMode(false)
  }
}

/**
 * Ends this process as the end of its terminal ends others. Node would try to give the terminal that is gone its modes back,
 * and abort when it can't: an abort may write all that is in memory to a disk.
 */
export function endsByHangup(): void {
  process.removeAllListeners('SIGHUP')
  process.emit('exit', 129)
  process.kill(process.pid, 'SIGHUP')
  process.kill(process.pid, 'SIGKILL')
}
