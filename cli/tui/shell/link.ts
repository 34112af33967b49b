import { CofferError } from '../../../shared/errors.js'
import type { Method, Params } from '../../../shared/protocol/local.js'
import { Client, type Progress } from '../../reach/client.js'
import { openDaemon } from '../../reach/daemon-start.js'
import { hungUp } from '../../refusals.js'
import type { AppEvent } from '../model/event.js'

// The connection to the daemon: made when it is needed, made again when it is lost, and listened to while it is there.

const TOPICS = ['changed', 'syncStatus', 'state'] as const
/** Pauses before the next attempt, in milliseconds; the last one stays. */
const PAUSES = [200, 1000, 3000, 10_000]

export type LinkOptions = {
  readonly env: NodeJS.ProcessEnv
  readonly offline: boolean
  readonly dispatch: (event: AppEvent) => void
}

export class Link {
  readonly #options: LinkOptions
  #client: Promise<Client> | undefined
  #closed = false
  #retry: NodeJS.Timeout | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** @param create starts a daemon in a folder that is no home yet */
  async call<M extends Method>(
    method: M,
    params: Params<M>,
    onProgress: (progress: Progress) => void,
    create = false,
  ): Promise<unknown> {
    const client = await this.#reach(create)
    return client.call(method, params, onProgress)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#client?.then(
      (client) => {
        client.close()
      },
      () => undefined,
    )
  }

  #reach(create: boolean): Promise<Client> {
    // A connection that nobody closes any more would keep the process.
    if (this.#closed) return Promise.reject(hungUp())
    if (this.#client !== undefined) return this.#client
    const client = this.#connect(create)
    this.#client = client
    client.catch(() => {
      if (this.#client === client) this.#client = undefined
    })
    return client
  }

  async #connect(create: boolean): Promise<Client> {
    const { env, offline, dispatch } = this.#options
    const client = new Client((await openDaemon({ env, create, offline })).socket)
    client.on('changed', ({ vault, names }) => {
      dispatch({ kind: 'changed', vault, names })
    })
    client.on('syncStatus', (sync) => {
      dispatch({ kind: 'sync-status', sync })
    })
    client.on('state', ({ state }) => {
      dispatch({ kind: 'state', state })
    })
    void client.closed.then(() => {
      this.#lost()
    })
    if (this.#closed) client.close()
    await client.call('subscribe', { topics: [...TOPICS] })
    return client
  }

  #lost(): void {
    this.#client = undefined
    if (this.#closed) return
    this.#options.dispatch({ kind: 'daemon', state: 'gone' })
    this.#again(0)
  }

  #again(attempt: number): void {
    if (this.#closed) return
    const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)]
    this.#retry = setTimeout(() => {
      this.#reach(false).then(
        () => {
          this.#options.dispatch({ kind: 'daemon', state: 'connected' })
        },
        () => {
          this.#again(attempt + 1)
        },
      )
    }, pause)
  }
}

/** What a person is told of a failure. Whatever isn't coffer's own error says nothing: it may hold anything. */
export function failureOf(error: unknown): {
  readonly code: CofferError['code']
  readonly reason: string
  readonly message: string
  readonly next: string
} {
  if (error instanceof CofferError) {
    const { code, reason = '', message, next = '' } = error
    return { code, reason, message, next }
  }
  return {
    code: 'internal',
    reason: '',
    message: 'something failed',
    next: 'see coffer daemon logs',
  }
}
