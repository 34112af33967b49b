// One started program: its streams, its end.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { type Readable, type Writable } from 'node:stream'
import { until, type Deadline } from './until.js'

export type StartOptions = {
  env: NodeJS.ProcessEnv
  cwd: string
  /**
   * Text or bytes to feed and end with; undefined is /dev/null; see `keepStdin` for an open pipe and `closeStdin` for
   * a descriptor that isn't there at all.
   */
  stdin?: string | Uint8Array | undefined
  keepStdin?: boolean
  closeStdin?: boolean
  /** Milliseconds after which the program is killed and the run fails: 60,000 unless told otherwise. */
  timeout?: number
}

export type Result = {
  /** The exit code; 128 + N as shells see it when signal N ended the program. */
  code: number
  signal: NodeJS.Signals | null
  stdout: Buffer
  stderr: Buffer
  /** The streams as UTF-8 text. */
  out: string
  err: string
  ms: number
}

/** Where programs are started: a world, as its homes and relays see it. */
export type Place = {
  readonly folder: string
  start(argv: readonly string[], options?: Partial<StartOptions>): Running
}

const SIGNALS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
}

/** A program that runs. Its whole output is kept. */
export class Running {
  readonly pid: number
  /** Settles when the program has ended and its streams are drained; fails when it took too long or didn't start. */
  readonly ended: Promise<Result>
  readonly command: string
  readonly #child: ChildProcess
  readonly #out: Buffer[] = []
  readonly #err: Buffer[] = []
  #result: Result | undefined

  private constructor(command: string, child: ChildProcess, timeout: number) {
    this.command = command
    this.#child = child
    this.pid = child.pid ?? 0
    const started = performance.now()
    this.ended = this.#follow(child.stdout, child.stderr, started, timeout)
    // Whoever waits for it hears of a failure; nobody has to.
    this.ended.catch(() => undefined)
  }

  /** Starts a program; `argv[0]` is looked up on the PATH of `options.env`. */
  static start(argv: readonly string[], options: StartOptions): Running {
    const [program = '', ...args] = options.closeStdin === true ? withoutStdin(argv) : argv
    const fed = options.stdin !== undefined || options.keepStdin === true
    const nothing = fed ? undefined : openSync('/dev/null', 'r')
    const child = spawn(program, args, {
      env: options.env,
      cwd: options.cwd,
      stdio: [nothing ?? 'pipe', 'pipe', 'pipe'],
    })
    if (nothing !== undefined) closeSync(nothing)
    const running = new Running(argv.join(' '), child, options.timeout ?? 180_000)
    if (options.stdin !== undefined) running.stdin.end(options.stdin)
    return running
  }

  /** The open pipe of a program started with `keepStdin`. */
  get stdin(): Writable {
    const { stdin } = this.#child
    if (stdin === null) throw new Error(`${this.command}: has no pipe as stdin`)
    return stdin
  }

  /** What it has printed so far. */
  get out(): string {
    return Buffer.concat(this.#out).toString('utf8')
  }

  get err(): string {
    return Buffer.concat(this.#err).toString('utf8')
  }

  /** The end, once there is one. */
  get result(): Result | undefined {
    return this.#result
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal)
  }

  /** Waits until stdout (or stderr) matches; fails at once when the program ends without. */
  async printed(
    pattern: RegExp,
    { timeout = 90_000, stream = 'out' }: Deadline & { stream?: 'out' | 'err' } = {},
  ): Promise<RegExpExecArray> {
    const found = await until(
      () => `std${stream} matches ${String(pattern)}: ${this.describe()}`,
      () => pattern.exec(this[stream]) ?? (this.#result === undefined ? undefined : null),
      { timeout },
    )
    if (found === null) {
      throw new Error(
        `${this.command}: ended before it printed ${String(pattern)}:\n${this.describe()}`,
      )
    }
    return found
  }

  /** Exit code and streams as a failure shows them. */
  describe(): string {
    const end = this.#result === undefined ? 'still running' : `exit ${this.#result.code}`
    return `$ ${this.command}\n${end}\n[stdout]\n${this.out}\n[stderr]\n${this.err}`
  }

  #follow(
    stdout: Readable | null,
    stderr: Readable | null,
    started: number,
    timeout: number,
  ): Promise<Result> {
    stdout?.on('data', (chunk: Buffer) => this.#out.push(chunk))
    stderr?.on('data', (chunk: Buffer) => this.#err.push(chunk))
    // A program that doesn't read its stdin to the end is none of the test's failures.
    this.#child.stdin?.on('error', () => undefined)
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        reject(new Error(`not ended within ${timeout} ms: ${this.describe()}`))
        this.#child.kill('SIGKILL')
      }, timeout)
      this.#child.once('error', (error) => {
        clearTimeout(deadline)
        reject(error)
      })
      this.#child.once('close', (code, signal) => {
        clearTimeout(deadline)
        this.#result = {
          code: code ?? 128 + (SIGNALS[signal ?? 'SIGKILL'] ?? 0),
          signal,
          stdout: Buffer.concat(this.#out),
          stderr: Buffer.concat(this.#err),
          out: this.out,
          err: this.err,
          ms: performance.now() - started,
        }
        resolve(this.#result)
      })
    })
  }
}

/** Node can't start a child without a descriptor 0; a shell can. */
function withoutStdin(argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', 'exec "$0" "$@" <&-', ...argv]
}
