import { Writable } from 'node:stream'

// Between Ink and the terminal. Ink lays out a frame and gives it whole; here it is cut to the terminal's rows, held
// against the one before, and only lines that differ are written, each at its place. So nothing ever scrolls: Ink's own
// way erases the scrollback of the person's terminal as soon as a frame is as high as it (ink issues 935, 990).

const ERASE_LINE = '\x1b[2K'
const BEGIN = '\x1b[?2026h'
const END = '\x1b[?2026l'
const RESET = '\x1b[0m'

function at(row: number): string {
  return `\x1b[${row + 1};1H`
}

export type Size = { readonly columns: number; readonly rows: number }

/** Writes frames to a terminal, line by line. */
export class Painter {
  readonly #write: (text: string) => boolean
  #lines: readonly string[] = []
  #asleep = true
  #last: string | undefined
  size: Size

  /** @param write tells whether all of it was taken */
  constructor(write: (text: string) => boolean, size: Size) {
    this.#write = write
    this.size = size
  }

  /** From now on frames are shown. The terminal is taken to be empty. */
  wake(): void {
    this.#asleep = false
    this.#lines = []
    if (this.#last !== undefined) this.paint(this.#last)
  }

  /** Forgets what was shown, and shows nothing until woken. */
  sleep(): void {
    this.#asleep = true
    this.#lines = []
    this.#last = undefined
  }

  /** Every line anew, whatever is on the terminal. */
  repaint(): void {
    this.#lines = []
    if (!this.#asleep) this.#write(blank(this.size.rows))
    if (this.#last !== undefined) this.paint(this.#last)
  }

  /** Shows a frame: lines of text with colours (SGR), nothing else. */
  paint(frame: string): void {
    this.#last = frame
    if (this.#asleep) return
    const lines = frame.split('\n').slice(0, this.size.rows)
    let out = ''
    for (let row = 0; row < Math.max(lines.length, this.#lines.length); row++) {
      const line = lines[row] ?? ''
      if (row < this.size.rows && line !== this.#lines[row]) {
        // A line as wide as the terminal fills its row anyway; erasing it behind that would take its last character.
        out += `${at(row)}${ERASE_LINE}${line}${RESET}`
      }
    }
    this.#lines = lines
    // Where nobody knows what was taken, all is written anew the next time.
    if (out !== '' && !this.#write(BEGIN + out + END)) this.#lines = []
  }
}

/** Empties the screen line by line: some terminals move what a whole erasing takes away into their history. */
export function blank(rows: number): string {
  let out = RESET
  for (let row = 0; row < rows; row++) out += at(row) + ERASE_LINE
  return out + at(0)
}

/** What Ink takes for the terminal: each write is a frame. */
export class FrameStream extends Writable {
  readonly isTTY = true
  readonly #painter: Painter

  constructor(painter: Painter) {
    super({ decodeStrings: false })
    this.#painter = painter
  }

  get columns(): number {
    return this.#painter.size.columns
  }

  get rows(): number {
    return this.#painter.size.rows
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    const text = String(chunk)
    // Hiding and showing the cursor isn't Ink's matter here.
    if (!text.startsWith('\x1b[?')) this.#painter.paint(text)
    done()
  }
}
