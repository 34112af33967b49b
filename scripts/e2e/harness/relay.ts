// A relay that can be stopped, killed and started again on the same address and data.
import * as path from 'node:path'
import { type Place, type Result, type Running } from './program.js'

export type RelayOptions = {
  /** Tells two relays of one world apart. */
  name?: string
  /** More arguments, such as `--registration token`. */
  args?: readonly string[]
  env?: NodeJS.ProcessEnv
  /** Milliseconds after which it is ended: ten minutes unless told otherwise. */
  timeout?: number
}

export class Relay {
  /** Where it keeps what it was given. */
  readonly data: string
  readonly #place: Place
  readonly #options: RelayOptions
  #port = 0
  #ready: { url: string; key: string } | undefined
  #running: Running | undefined

  constructor(place: Place, options: RelayOptions) {
    this.#place = place
    this.#options = options
    this.data = path.join(place.folder, options.name ?? 'relay')
  }

  get url(): string {
    return this.#known().url
  }

  get key(): string {
    return this.#known().key
  }

  /** The process; fails when it was stopped. */
  get process(): Running {
    if (this.#running === undefined) throw new Error('the relay is not running')
    return this.#running
  }

  /** Starts it, on the port it had before if it ran before, and waits for its line; `once`: arguments of this start. */
  async start(once: readonly string[] = []): Promise<void> {
    if (this.#running !== undefined) throw new Error('the relay runs already')
    const listen = ['--listen', `127.0.0.1:${this.#port}`, '--data', this.data, '--json']
    const running = this.#place.start(
      ['coffer-relay', ...listen, ...(this.#options.args ?? []), ...once],
      {
        timeout: this.#options.timeout ?? 600_000,
        ...(this.#options.env === undefined ? {} : { env: this.#options.env }),
      },
    )
    this.#running = running
    const [line] = await running.printed(/^.*\n/)
    this.#ready = readyLine(line)
    this.#port = Number(new URL(this.#ready.url).port)
  }

  /** Ends it with SIGTERM and gives how it ended. */
  stop(): Promise<Result> {
    return this.#end('SIGTERM')
  }

  /** Ends it as a crash would. */
  kill(): Promise<Result> {
    return this.#end('SIGKILL')
  }

  /** `coffer relay set …` in each home. */
  async serve(
    ...homes: readonly { ok(args: readonly string[]): Promise<string> }[]
  ): Promise<void> {
    for (const home of homes) await home.ok(['relay', 'set', this.url, '--relay-key', this.key])
  }

  async #end(signal: NodeJS.Signals): Promise<Result> {
    const running = this.process
    this.#running = undefined
    running.kill(signal)
    return running.ended
  }

  #known(): { url: string; key: string } {
    if (this.#ready === undefined) throw new Error('the relay has never been ready')
    return this.#ready
  }
}

function readyLine(line: string): { url: string; key: string } {
  const parsed: unknown = JSON.parse(line)
  const has = (value: unknown): value is { url: string; key: string } =>
    typeof value === 'object' &&
    value !== null &&
    'url' in value &&
    'key' in value &&
    typeof value.url === 'string' &&
    typeof value.key === 'string'
  if (!has(parsed)) throw new Error(`the relay's line has no url and key: ${line}`)
  return parsed
}
