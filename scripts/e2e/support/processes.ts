// What every process of the machine shows of itself to its neighbours, looked at all the while.
import { readdirSync, readFileSync } from 'node:fs'

/** How often the process list is looked at (milliseconds). */
const EVERY = 10

/** The command lines of all processes but those that the test itself typed. */
export class Watch {
  readonly #typed = new Set([process.pid, process.ppid])
  readonly #seen = new Set<string>()
  readonly #timer: ReturnType<typeof setInterval>

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY)
  }

  /** A process whose arguments the test chose: they are the caller's own fault. */
  typed(pid: number): void {
    this.#typed.add(pid)
  }

  get seen(): readonly string[] {
    return [...this.#seen]
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name) || this.#typed.has(Number(name))) continue
      const line = procFile(Number(name), 'cmdline')
      if (line.length > 0) this.#seen.add(line.toString('latin1'))
    }
  }
}

/** A file of /proc/PID, empty when the process has ended. */
export function procFile(pid: number, name: 'cmdline' | 'environ'): Buffer {
  try {
    return readFileSync(`/proc/${pid}/${name}`)
  } catch {
    return Buffer.alloc(0)
  }
}
