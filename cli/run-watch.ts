import { Buffer } from 'node:buffer'
import type { ChildProcess } from 'node:child_process'
import { complaint, skippedWarning } from '../shared/complaint.js'
import type { Params } from '../shared/protocol/local.js'
import type { PlainExec } from '../shared/protocol/plain.js'
import { endLike, forwardSignals, startChild } from './child.js'
import type { Call } from './call.js'
import { demandsOf } from './demands.js'
import { known } from './fail.js'
import type { Session } from './session.js'

/** A child that ignores SIGTERM is killed after this. */
const PATIENCE = 10_000

type Request = Params<'secretEnvironment'>

/**
 * Runs the command, and starts it again whenever the variables it would get have changed. Ends as the command ends by
 * itself. A daemon that goes away leaves the command running; it is reached again for the next change.
 */
export async function runWatch(call: Call, session: Session): Promise<void> {
  const request = requestOf(call, session)
  const changes = new Changes(session)
  await changes.start()
  let exec: PlainExec
  try {
    exec = await environment(call, request, session)
  } catch (error) {
    // Else it would go on reaching for the daemon, for a command that never starts.
    changes.stop()
    throw error
  }
  let child: ChildProcess | undefined
  const stop = forwardSignals(() => child)
  const next = async (): Promise<PlainExec> => {
    for (;;) {
      await changes.next()
      const fresh = await environment(call, request, session).catch((error: unknown) => {
        session.io.err(complaint(known(error)))
        return exec
      })
      if (!sameVariables(exec, fresh)) return fresh
    }
  }
  let waiting = next()
  for (;;) {
    const started = startChild(exec)
    child = started.child
    const first = await Promise.race([started.ended, waiting])
    if ('kind' in first) {
      stop()
      changes.stop()
      return endLike(first)
    }
    exec = first
    waiting = next()
    await end(started)
  }
}

function requestOf(call: Call, session: Session): Request {
  const names = (option: string): string[] => call.list(option).flatMap((one) => one.split(','))
  const only = names('only')
  return {
    context: session.context,
    allow: names('allow-env'),
    ...(only.length === 0 ? {} : { only }),
    ...(call.flag('strict') ? { strict: true } : {}),
    ...demandsOf(call),
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

async function environment(call: Call, request: Request, session: Session): Promise<PlainExec> {
  const client = await session.client()
  const { variables, skipped, warnings } = await client.call('secretEnvironment', request)
  session.warn(warnings)
  if (skipped.length > 0) session.warn([skippedWarning(skipped)])
  const entries = variables.map(
    ({ name, value }) => [name, Buffer.from(value, 'base64').toString()] as const,
  )
  const policy = call.flag('preserve-env') ? 'preserve' : 'override'
  return { policy, argv: call.args, environment: Object.fromEntries(entries) }
}

function sameVariables(a: PlainExec, b: PlainExec): boolean {
  const sorted = ({ environment }: PlainExec): string =>
    JSON.stringify(Object.entries(environment).toSorted(([x], [y]) => (x < y ? -1 : 1)))
  return sorted(a) === sorted(b)
}

/** Asks the child to end, then makes it. */
async function end({ child, ended }: ReturnType<typeof startChild>): Promise<void> {
  child?.kill('SIGTERM')
  const timer = setTimeout(() => child?.kill('SIGKILL'), PATIENCE)
  await ended
  clearTimeout(timer)
}
