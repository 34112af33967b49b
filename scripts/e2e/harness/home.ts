// One COFFER_HOME: a person's machine, as far as coffer is concerned.
import * as path from 'node:path'
import { argumentsOf, processesOf } from '../../tooling/processes.js'
import { type Place, type Result, type Running, type StartOptions } from './program.js'
import { until } from './until.js'

export type RunOptions = Partial<Omit<StartOptions, 'keepStdin'>>

export class Home {
  readonly name: string
  /** The value of COFFER_HOME. */
  readonly folder: string
  /** Where `init` puts the key file: beside the home, so that it isn't found when the home is searched for secrets. */
  readonly keyFile: string
  readonly #place: Place

  constructor(place: Place, name: string) {
    this.#place = place
    this.name = name
    this.folder = path.join(place.folder, name)
    this.keyFile = path.join(place.folder, `${name}.key`)
  }

  /** Starts `coffer ARGS…` and gives the running program. */
  start(args: readonly string[], options: Partial<StartOptions> = {}): Running {
    const env = { COFFER_HOME: this.folder, ...options.env }
    return this.#place.start(['coffer', ...args], { ...options, env })
  }

  /** Runs `coffer ARGS…` to its end, whatever its exit code. stdin is /dev/null unless told otherwise. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return this.start(args, options).ended
  }

  /** Runs `coffer ARGS…`, which must exit 0, and gives its stdout. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await this.exits(0, args, options)).out
  }

  /** Runs `coffer ARGS…`, which must exit with `code`. */
  async exits(code: number, args: readonly string[], options: RunOptions = {}): Promise<Result> {
    const running = this.start(args, options)
    const result = await running.ended
    if (result.code !== code) throw new Error(`wanted exit ${code}: ${running.describe()}`)
    return result
  }

  /** Runs `coffer ARGS…` again and again until it exits 0 (and `accept` likes its stdout); gives that stdout. */
  until(
    args: readonly string[],
    accept: (out: string) => boolean = () => true,
    options: RunOptions = {},
  ): Promise<string> {
    let last = ''
    return until(
      () => `${this.name}: coffer ${args.join(' ')}; last: ${last}`,
      async () => {
        const running = this.start(args, options)
        const { code, out } = await running.ended
        last = running.describe()
        return code === 0 && accept(out) ? { out } : undefined
      },
    ).then(({ out }) => out)
  }

  /** Makes the home with a key file, which opens it whenever its daemon starts. */
  async init(label = this.name): Promise<void> {
    await this.ok(['init', '--name', label, '--key-file', this.keyFile])
  }

  /** The daemons of this home that run now: none or one, unless something is broken. */
  daemons(): number[] {
    return processesOf(this.folder).filter((pid) =>
      argumentsOf(pid).some((one) => /\bcofferd(\.cjs)?$/.test(one)),
    )
  }

  /** Kills the daemon as a crash would, and waits until there is none. */
  async killDaemon(): Promise<void> {
    for (const pid of this.daemons()) process.kill(pid, 'SIGKILL')
    await until(`the daemon of ${this.name} is gone`, () => this.daemons().length === 0)
  }

  /** The same where somebody may start another at once: waits for the end of those that were killed. */
  async crashDaemon(): Promise<void> {
    const killed = this.daemons()
    for (const pid of killed) process.kill(pid, 'SIGKILL')
    await until(
      `the daemon of ${this.name} has crashed`,
      () => !this.daemons().some((pid) => killed.includes(pid)),
    )
  }

  /** Ends the daemon in the proper way, and waits until it is gone. */
  async stopDaemon(): Promise<void> {
    await this.ok(['daemon', 'stop'])
    await until(`the daemon of ${this.name} has ended`, () => this.daemons().length === 0)
  }
}
