// A program on a terminal of its own (util-linux's `script` makes one), timed by what it draws.
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

export type PtyOptions = {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly columns: number
  readonly rows: number
}

const PATIENCE = 30_000
/** Of the clock in /proc, by which the kernel counts a process's time. */
const TICK_MS = 10

export class Pty {
  readonly started = performance.now()
  readonly #child: ChildProcessWithoutNullStreams
  #drawn = ''
  #wake: () => void = () => undefined

  /** @param command words for a shell, of the caller's own making */
  constructor(command: string, { env, cwd, columns, rows }: PtyOptions) {
    const line = `stty rows ${rows} cols ${columns}; exec ${command}`
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      env: { ...env, TERM: 'xterm-256color' },
      cwd,
    })
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#drawn += chunk.toString('latin1')
      this.#wake()
    })
  }

  /** Waits until `text` is drawn, from `from` on; gives the milliseconds since the start. */
  async draws(text: string, from = 0): Promise<number> {
    const end = performance.now() + PATIENCE
    while (!this.#drawn.slice(from).includes(text)) {
      if (performance.now() > end) throw new Error(`never drawn: ${text}`)
      await this.#more()
    }
    return performance.now() - this.started
  }

  /** Presses a key, and waits for what it draws. An escape right before another key would be one key with it. */
  async press(key: string, draws?: string): Promise<void> {
    const before = this.#drawn.length
    if (draws !== undefined) {
      this.#child.stdin.write(key)
      await this.draws(draws, before)
      return
    }
    const end = performance.now() + PATIENCE
    this.#child.stdin.write(key)
    while (this.#drawn.length === before) {
      if (performance.now() > end) {
        throw new Error(`nothing drawn for ${JSON.stringify(key)}:\n${this.#drawn.slice(-2000)}`)
      }
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 1000)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** The process on the terminal. */
  get pid(): number {
    const pid = this.#child.pid ?? 0
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ')[0])
  }

  /** Milliseconds of CPU that it has used, all its threads. */
  cpu(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }

  /** Bytes that it keeps resident. */
  resident(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024
  }

  async end(): Promise<void> {
    process.kill(this.pid, 'SIGTERM')
    await once(this.#child, 'close')
  }
}
