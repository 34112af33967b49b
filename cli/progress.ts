import { displayText } from '../shared/display.js'
import type { Progress } from './reach/client.js'
import type { Io } from './io.js'

/** How far it is: `phase done/total`. */
export type Shown = Pick<Progress, 'phase' | 'done' | 'total'>

/** One line on stderr that says how far a long call is; only on a terminal. */
export class ProgressLine {
  readonly #io: Io
  #shown = false

  constructor(io: Io) {
    this.#io = io
  }

  show({ phase, done, total }: Shown): void {
    if (!this.#io.errIsTerminal) return
    const count = total === null ? (done > 0 ? ` ${done}` : '') : ` ${done}/${total}`
    this.#io.err(`\r\x1b[2K${displayText(phase)}${count}`)
    this.#shown = true
  }

  clear(): void {
    if (this.#shown) this.#io.err('\r\x1b[2K')
    this.#shown = false
  }
}
