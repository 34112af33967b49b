import { complaint } from '../../shared/complaint.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { systemRandom } from '../random.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { VERSION } from '../../shared/version.js'
import { argon2id } from '../keystore/argon2.js'
import { Access } from '../keystore/access.js'
import type { After } from '../keystore/access-parts.js'
import { dispatcher } from '../rpc/dispatch.js'
import { Hub } from '../rpc/hub.js'
import { LocalServer } from '../rpc/server.js'
import { jsonLog, logFile, type Log } from './log.js'
import { networkIsCut, networkNamespace } from './network.js'
import { ownHandlers } from './own-handlers.js'
import { Place } from './place.js'
import type { Compose, Composition, DaemonParts, Held } from './parts.js'
import { exitOf } from './process.js'

const after: After = (ms, then) => {
  const timer = setTimeout(then, ms).unref()
  return () => {
    clearTimeout(timer)
  }
}

/**
 * Composes the daemon in a home that is ours alone and answers on its socket. Resolves when it does.
 * @throws CofferError `home`, `storage` and whatever keeps it from starting; the caller ends the process.
 */
export async function serve(held: Held, compose: Compose): Promise<void> {
  await cryptoReady
  const { home, env, options } = held
  const log = jsonLog(logFile(home.file('log'), home.file('oldLog')), Date.now)
  const tools = { random: systemRandom, stretch: argon2id, env }
  const now = (): number => performance.now()
  const access = new Access({ path: home.path, uid: home.uid, tools, now, after })
  const hub = new Hub()
  const parts: DaemonParts = {
    access,
    hub,
    log,
    random: systemRandom,
    now: Date.now,
    version: VERSION,
    startedAt: Date.now(),
    offline: options.offline,
    env,
  }
  const composition = await compose(parts)
  access.guard(composition.guarded)
  access.watch((state) => {
    log.event('info', 'state', { state })
    hub.publish('state', { state })
  })
  await openHome(access, held, log)
  const running = new Running(held, parts, composition)
  await running.open()
  log.event('info', 'started', { version: VERSION, pid: process.pid, offline: options.offline })
}

/** A home whose disk is full or broken can't be started in; one whose key file is missing starts locked. */
async function openHome(access: Access, { handed }: Held, log: Log): Promise<void> {
  const problem = await access.start(handed)
  if (problem === undefined) return
  if (problem.code === 'storage') throw problem
  const { code, reason } = problem
  log.event('warn', 'not-opened', { code, ...(reason === undefined ? {} : { reason }) })
}

/**
 * Ends at once: what would still be written goes to files that nobody can open, and closing in good order would take
 * away names that may be another daemon's by now.
 */
function homeGone(): never {
  const error = new CofferError('home', 'the home was removed or replaced', { reason: 'gone' })
  process.stderr.write(complaint(error))
  process.exit(exitOf({ state: 'failed', error }))
}

/** A daemon that answers, until it is told to stop. */
class Running {
  readonly #held: Held
  readonly #parts: DaemonParts
  readonly #composition: Composition
  readonly #server: LocalServer
  readonly #place: Place
  #stopping = false

  constructor(held: Held, parts: DaemonParts, composition: Composition) {
    this.#held = held
    this.#parts = parts
    this.#composition = composition
    const { access, hub, log, random, version, offline } = parts
    const [netns, cut] = [networkNamespace(), networkIsCut()]
    const own = ownHandlers({
      home: held.home,
      access,
      hub,
      random,
      version,
      offline,
      netns,
      cut,
      stop: () => {
        this.stop('asked')
      },
    })
    const answer = dispatcher({ ...composition.handlers, ...own }, access)
    this.#server = new LocalServer({ answer, plain: composition.plain, log })
    this.#place = new Place(this.#server, held.home, held.env, {
      version,
      cut: cut ? netns : undefined,
      offline,
    })
  }

  async open(): Promise<void> {
    const { log, access } = this.#parts
    await this.#place.open({
      failed: (error) => {
        log.failure('bind-failed', error)
      },
      gone: homeGone,
    })
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        this.stop(signal)
      })
    }
    process.on('SIGHUP', () => {
      try {
        access.reload()
      } catch (error) {
        log.failure('config-failed', error)
      }
    })
    // Nothing is half-done on disk at any moment, so ending is safer than going on after a bug; the next command
    // starts a fresh daemon.
    process.on('uncaughtException', (error) => {
      log.failure('crashed', error)
      process.exit(1)
    })
  }

  stop(why: string): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#parts.log.event('info', 'stopping', { why })
    this.#end().then(
      () => process.exit(0),
      (error: unknown) => {
        this.#parts.log.failure('stop-failed', error)
        process.exit(1)
      },
    )
  }

  async #end(): Promise<void> {
    await this.#server.close(LIMITS.daemonDrain)
    await this.#parts.access.end()
    await this.#composition.close?.()
    this.#place.close()
    this.#parts.log.event('info', 'stopped')
    await this.#held.lock.release()
  }
}
