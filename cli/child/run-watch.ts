import { Buffer } from 'node:buffer'
import type { ChildProcess } from 'node:child_process'
import { complaint } from '../../shared/complaint.js'
import { endLike, forwardSignals, type Started } from './child.js'
import type { Call } from '../call.js'
import { known } from '../fail.js'
import { launch, type Order } from './launch.js'
import { orderOf } from './run-order.js'
import type { Session } from '../session.js'

/** A child that ignores SIGTERM is killed after this. */
const PATIENCE = 10_000

/**
 * Runs the command, and starts it again whenever the variables it would get have changed. Ends as the command ends by
 * itself. A daemon that goes away leaves the command running; it is reached again for the next change.
 */
export async function runWatch(call: Call, session: Session): Promise<void> {
  const changes = new Changes(session)
  await changes.start()
  let order: Order
  try {
    order = await orderOf(call, session)
  } catch (error) {
    // Else it would go on reaching for the daemon, for a command that never starts.
    changes.stop()
    throw error
  }
  let child: ChildProcess | undefined
  const stop = forwardSignals(() => child)
  const next = async (): Promise<Order> => {
    for (;;) {
      await changes.next()
      const fresh = await orderOf(call, session).catch((error: unknown) => {
        session.io.err(complaint(known(error)))
        return order
      })
      if (!sameOrder(order, fresh)) return fresh
    }
  }
  let waiting = next()
  for (;;) {
    let started: Started
    try {
      started = launch(order, session.io.env)
    } catch (error) {
      stop()
      changes.stop()
      throw error
    }
    child = started.child
    const first = await Promise.race([started.ended, waiting])
    if ('kind' in first) {
      stop()
      changes.stop()
      return endLike(first)
    }
    order = first
    waiting = next()
    await end(started)
  }
}

/** Waits between two tries to reach a daemon that has gone. */
const RETRY = 1000

/** The daemon's word that something changed, over as many connections as it takes. */
class Changes {
  readonly #session: Session
  #dirty = false
  #stopped = false
  #wake = (): void => undefined

  constructor(session: Session) {
    this.#session = session
  }

  async start(): Promise<void> {
    const client = await this.#session.client()
    const mark = (): void => {
      this.#mark()
    }
    // The state's word comes also when a `.coffer.yaml` changed: another project may be meant from now on.
    client.on('changed', mark)
    client.on('state', mark)
    await client.call('subscribe', { topics: ['changed', 'state'] })
    void client.closed.then(() => this.#again())
  }

  stop(): void {
    this.#stopped = true
    void this.#session.close()
  }

  /** Resolves when something has changed since the last time. */
  async next(): Promise<void> {
    if (!this.#dirty) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#dirty = false
  }

  #mark(): void {
    this.#dirty = true
    this.#wake()
  }

  // What changed while nobody told us is found by looking.
  #again(): void {
    if (this.#stopped) return
    this.#session.forget()
    this.start().then(
      () => {
        this.#mark()
      },
      () => {
        setTimeout(() => {
          this.#again()
        }, RETRY).unref()
      },
    )
  }
}

/** A word of two orders is the same when nothing of what the command gets differs. */
function sameOrder(a: Order, b: Order): boolean {
  const sorted = ({ exec, files }: Order): string =>
    JSON.stringify([
      Object.entries(exec.environment).toSorted(([x], [y]) => (x < y ? -1 : 1)),
      files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString('base64')]),
    ])
  return sorted(a) === sorted(b)
}

/** Asks the child to end, then makes it. */
async function end({ child, ended }: Started): Promise<void> {
  child?.kill('SIGTERM')
  const timer = setTimeout(() => child?.kill('SIGKILL'), PATIENCE)
  await ended
  clearTimeout(timer)
}
