import type { Notification, NotificationParams } from '../../shared/protocol/local.js'
import type { Connection } from './call.js'

export type Topic = Exclude<Notification, 'progress'>

/** Who listens to what: each connection until it closes. */
export class Hub {
  readonly #listeners = new Map<Connection, Set<Topic>>()

  /** @throws CofferError `limit` when there are too many subscribers. */
  subscribe(connection: Connection, topics: readonly Topic[]): void {
    if (connection.signal.aborted) return
    connection.keep()
    const known = this.#listeners.get(connection)
    if (known === undefined) {
      this.#listeners.set(connection, new Set(topics))
      connection.signal.addEventListener('abort', () => this.#listeners.delete(connection))
    } else for (const topic of topics) known.add(topic)
  }

  publish<T extends Topic>(topic: T, params: NotificationParams<T>): void {
    for (const [connection, topics] of this.#listeners) {
      if (topics.has(topic)) connection.notify(topic, params)
    }
  }
}
