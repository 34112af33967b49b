// What every process of the machine shows of itself to its neighbours, looked at all the while.
import { readdirSync, readFileSync } from 'node:fs'

/** How often the process list is looked at (milliseconds). */
const EVERY = 10

/** The command lines of all processes, without what the test itself typed, and the environments of coffer's servers. */
export class Watch {
  readonly #typed = new Set<string>()
  readonly #lines = new Set<string>()
  readonly #environments = new Set<string>()
  readonly #timer: ReturnType<typeof setInterval>

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY)
  }

  /** Arguments that the test is about to give to a command: they are the caller's own fault, also as `run`'s child shows them. */
  typed(args: readonly string[]): void {
    const childAt = args.indexOf('--') + 1
    for (const typed of childAt > 0 ? [args, args.slice(childAt)] : [args]) {
      this.#typed.add(`\0${typed.join('\0')}\0`)
    }
  }

  get commandLines(): readonly string[] {
    return [...this.#lines].map((line) => {
      const whole = `\0${line}`
      const tail = [...this.#typed].find((one) => whole.endsWith(one))
      return tail === undefined ? line : whole.slice(1, -tail.length)
    })
  }

  get environments(): readonly string[] {
    return [...this.#environments]
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
      const line = procFile(name, 'cmdline')
      if (line === '') continue
      this.#lines.add(line)
      if (/cofferd|coffer-relay/.test(line)) this.#environments.add(procFile(name, 'environ'))
    }
  }
}

/** A file of /proc/PID, empty when the process has ended. */
function procFile(pid: string, name: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return ''
  }
}
