import { resolve } from 'node:path'
import { warningLine } from '../shared/complaint.js'
import { jsonText } from '../shared/display.js'
import { CofferError } from '../shared/errors.js'
import { saysOffline } from '../shared/offline.js'
import type { Method, Params, Result } from '../shared/protocol/local.js'
import type { Context, Warning } from '../shared/protocol/local-common.js'
import { PLAIN_VARIABLES, type PlainVariable } from '../shared/protocol/plain.js'
import { Client, type Progress } from './reach/client.js'
import type { Call } from './call.js'
import { openDaemon, type DaemonOptions } from './reach/daemon-start.js'
import type { Io } from './io.js'
import { ProgressLine, type Shown } from './progress.js'
import { isRunner } from './reach/runner-env.js'

function onlyRunner(): CofferError {
  return new CofferError(
    'refused',
    'a token makes coffer a runner, which only reads what it was granted',
    {
      reason: 'runner',
      next: 'unset COFFER_TOKEN_FILE, COFFER_TOKEN and COFFER_BUNDLE to use your own home',
    },
  )
}

/** How a session reaches the daemon; tests give another. */
export type Reach = (options: DaemonOptions) => Promise<Client>

/** The daemon of this home, started when there is none. */
export const reachDaemon: Reach = async (options) => new Client((await openDaemon(options)).socket)

export type CallOptions = {
  /** Starts a daemon in a folder that is no home yet. */
  readonly create?: boolean
  /** What a person sees before the daemon tells how far it is, if it does at all. */
  readonly first?: Shown
}

/** One command at work: its streams, and the daemon, reached at the first call. */
export class Session {
  readonly io: Io
  readonly json: boolean
  readonly offline: boolean
  readonly #call: Call
  readonly #reach: Reach
  readonly #runner: boolean
  #client: Promise<Client> | undefined

  /** @param runner whether a runner may do this, by the methods that read secrets */
  constructor(io: Io, call: Call, reach: Reach, runner = false) {
    this.io = io
    this.json = call.flag('json')
    this.offline = call.flag('offline') || saysOffline(io.env['COFFER_OFFLINE']) === true
    this.#call = call
    this.#reach = reach
    this.#runner = runner
  }

  /** What selects org and project; the daemon decides. @throws CofferError when the working folder is gone. */
  get context(): Context {
    const env: Partial<Record<PlainVariable, string>> = {}
    for (const name of PLAIN_VARIABLES) {
      const value = this.io.env[name]
      if (value !== undefined) env[name] = value
    }
    const [org, project] = [this.#call.text('org'), this.#call.text('project')]
    return {
      cwd: this.io.cwd(),
      env,
      ...(org === undefined ? {} : { org }),
      ...(project === undefined ? {} : { project }),
      ...(this.#call.flag('offline') ? { offline: true } : {}),
    }
  }

  /** A path as typed, absolute. */
  path(typed: string): string {
    return resolve(this.io.cwd(), typed)
  }

  /** The connection; `create` starts a daemon in a folder that is no home yet. */
  client(create = false): Promise<Client> {
    if (isRunner(this.io.env)) {
      if (!this.#runner) return Promise.reject(onlyRunner())
      this.#client ??= import('./reach/runner-token.js').then(
        ({ connectAsRunner }) => new Client(connectAsRunner(this.io)),
      )
      return this.#client
    }
    this.#client ??= this.#reach({ env: this.io.env, create, offline: this.offline })
    return this.#client
  }

  /** Uses a connection that was made elsewhere. */
  adopt(client: Client): void {
    this.#client = Promise.resolve(client)
  }

  /** Leaves the connection: the next call makes another. */
  forget(): void {
    this.#client = undefined
  }

  /** Calls the daemon, with progress on a terminal, and says its warnings on stderr. */
  async call<M extends Method>(
    method: M,
    params: Params<M>,
    { create = false, first }: CallOptions = {},
  ): Promise<Result<M>> {
    const client = await this.client(create)
    const line = new ProgressLine(this.io)
    if (first !== undefined) line.show(first)
    const show = (progress: Progress): void => {
      line.show(progress)
    }
    try {
      const result = await client.call(method, params, show)
      line.clear()
      // In JSON the warnings stand in the value.
      if (!this.json && 'warnings' in result) this.warn(result.warnings)
      return result
    } finally {
      line.clear()
    }
  }

  warn(warnings: readonly Warning[]): void {
    for (const warning of warnings) this.io.err(warningLine(warning))
  }

  /**
   * Who came and went since the last command that told: once, and only to a person who watches. Whoever reads by get, ls
   * and run isn't told here: their connection is gone by now, and what they print is for programs.
   */
  async announce(): Promise<void> {
    const watched = this.io.errIsTerminal && !this.json
    const client = watched ? await this.#client?.catch(() => undefined) : undefined
    // Locked, stopped, gone: there is nobody to ask now, and the next command will.
    const told = await client
      ?.call('announcements', { context: this.context })
      .catch(() => undefined)
    this.warn(told?.warnings ?? [])
  }

  /** The result: JSON when asked for, else `text` (nothing for a silent success). */
  show(result: object, text: string | Uint8Array = ''): void {
    if (this.json) this.io.out(`${jsonText(result)}\n`)
    else if (text.length > 0) this.io.out(text)
  }

  /** A word for a person who watches; nothing in a pipe. */
  say(text: string): void {
    if (this.io.errIsTerminal && !this.json) this.io.err(`${text}\n`)
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    client?.close()
  }
}
