import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cryptoReady } from '../shared/crypto/hash.js'
import { CofferError } from '../shared/errors.js'
import type { RelayKey } from '../shared/ids.js'
import { openAtRest, readAtRestKey } from './at-rest/open.js'
import { WRAP_BYTES } from './at-rest/packets.js'
import type { Clock } from './clock.js'
import type { Config } from './config.js'
import { Hub } from './hub.js'
import { loadIdentity, prepareFolder } from './identity.js'
import { errorFields, type Log } from './log.js'
import { LevelMailbox } from './mailbox/level.js'
import { DEFAULT_CAPS, type Mailbox } from './mailbox/mailbox.js'
import { Tails } from './mailbox/tails.js'
import { LocalWakeBus } from './mailbox/wake.js'
import { makeMetrics, type Metrics } from './metrics.js'
import { registrationCheck } from './registration.js'
import { perform, type RequestParts } from './requests.js'
import type { RelayIdentity } from './core/authenticate.js'
import { RelayServer } from './server.js'
import { PAGE } from './vault.js'
import { Snapshots } from './snapshots.js'
import { Vaults } from './vaults.js'
import { LIMITS } from '../shared/limits.js'
import { systemCode, systemWords } from '../shared/system-error.js'

/** Vaults that one connection may hold open; requests in flight of one connection. */
const CONNECTION_CAPS = { vaults: LIMITS.vaultsPerConnection, inFlight: LIMITS.inFlight } as const

/** Burst of the request rate, in seconds of it. */
const BURST_SECONDS = 4

/** How long a draining relay waits for clients to go, in milliseconds. */
const PATIENCE = 10_000

/** A store up to this size is read whole at start, in bytes. */
const VERIFY_UP_TO = 256 * 1024 * 1024

type Tls = { readonly cert: string; readonly key: string }

export type RelayDeps = {
  readonly clock: Clock
  readonly log: Log
  /** A number in 0..1, for jitter. */
  readonly random: () => number
  /** Metrics of the process as well as the relay's own. */
  readonly processMetrics: boolean
}

export type RunningRelay = {
  readonly port: number
  readonly url: string
  readonly key: RelayKey
  /** Drains and closes the store. */
  readonly stop: () => Promise<void>
}

/**
 * Opens the data folder and listens.
 * @throws CofferError `storage` for an unusable folder, file or address
 */
export async function startRelay(config: Config, deps: RelayDeps): Promise<RunningRelay> {
  await cryptoReady
  const tls = config.tls && { cert: await pem(config.tls.cert), key: await pem(config.tls.key) }
  await prepareFolder(config.data)
  const store = join(config.data, 'store')
  const { atRestKey } = config
  const key = atRestKey === undefined ? undefined : await readAtRestKey(atRestKey)
  const wrap = key === undefined ? 0 : WRAP_BYTES
  const level = await LevelMailbox.open(store, { ...DEFAULT_CAPS, wrap })
  try {
    const mailbox = await openAtRest(level, key)
    if (config.verify || (await sizeOf(store)) <= VERIFY_UP_TO) await level.verify()
    if (config.restored) {
      deps.log('info', 'generation-raised', { generation: await mailbox.raiseGeneration() })
    }
    const identity = await loadIdentity(config.data)
    return await serve(config, deps, mailbox, identity, tls)
  } catch (error) {
    await level.close()
    throw error
  }
}

async function pem(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    throw new CofferError('storage', `can't read ${path}: ${systemWords(error)}`, {
      reason: 'tls',
      next: 'name files that the relay may read',
      cause: error,
    })
  }
}

/** Bytes of all files; LevelDB may be taking some away meanwhile. */
async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder)
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      (error: unknown) => {
        if (systemCode(error) === 'ENOENT') return 0
        throw error
      },
    ),
  )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

/** What a relay's parts are made of. */
type Frame = {
  readonly config: Config
  readonly deps: RelayDeps
  readonly mailbox: Mailbox
  readonly identity: RelayIdentity
  readonly metrics: Metrics
}

function makeParts(frame: Frame, vaults: Vaults): { parts: RequestParts; close: () => void } {
  const { config, deps, mailbox, metrics } = frame
  const bus = new LocalWakeBus()
  const { later } = deps.clock
  const tails = new Tails({ mailbox, bus, later, random: deps.random, page: PAGE })
  const hub = new Hub({
    mailbox,
    vaults,
    bus,
    tails,
    onDelivered: (entries, bytes) => {
      metrics.delivered.inc(entries)
      metrics.deliveredBytes.inc(bytes)
    },
    onError: (error) => deps.log('error', 'push-failed', errorFields(error)),
  })
  const snapshots = new Snapshots({
    mailbox,
    vaults,
    prune: config.prune,
    onKept: () => metrics.snapshots.inc(),
    onPruned: (positions) => metrics.pruned.inc(positions),
  })
  const parts: RequestParts = {
    snapshots,
    settle: (vaultId) => {
      snapshots.settle(vaultId).catch((error: unknown) => {
        deps.log('error', 'snapshot-failed', errorFields(error))
      })
    },
    mailbox,
    vaults,
    bus,
    hub,
    mayRegister: registrationCheck(config.registration, config.registrationFile),
    now: deps.clock.now,
    vaultsPerPeer: CONNECTION_CAPS.vaults,
    onAppended: (entries, bytes) => {
      metrics.appended.inc(entries)
      metrics.appendedBytes.inc(bytes)
    },
  }
  const close = (): void => {
    tails.close()
    hub.close()
  }
  return { parts, close }
}

function makeServer(frame: Frame, parts: RequestParts, tls: Tls | undefined): RelayServer {
  const { config, deps, identity, mailbox, metrics } = frame
  return new RelayServer({
    config: {
      relay: identity,
      registration: config.registration,
      ...CONNECTION_CAPS,
      rate: { perSecond: config.rate, burst: config.rate * BURST_SECONDS },
    },
    options: {
      host: config.host,
      port: config.port,
      ...(tls && { tls }),
      behindProxy: config.behindProxy,
      origins: config.origins,
      maxConnections: config.maxConnections,
      maxHandshakes: Math.min(config.maxConnections, LIMITS.relayHandshakes),
      connectionsPerDevice: LIMITS.connectionsPerDevice,
    },
    clock: deps.clock,
    log: deps.log,
    metrics,
    perform: (peer, request) => perform(parts, peer, request),
    health: () => mailbox.health(),
    onGone: (connection) => {
      if (connection.peer !== undefined) parts.hub.drop(connection.peer)
    },
  })
}

async function serve(
  config: Config,
  deps: RelayDeps,
  mailbox: Mailbox,
  identity: RelayIdentity,
  tls: Tls | undefined,
): Promise<RunningRelay> {
  const vaults = new Vaults(mailbox, identity.key, config.quota)
  const metrics = makeMetrics(deps.processMetrics, () => vaults.size)
  const frame = { config, deps, mailbox, identity, metrics }
  const { parts, close } = makeParts(frame, vaults)
  const server = makeServer(frame, parts, tls)
  const port = await server.listen()
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const url = config.origins[0] ?? `${tls ? 'wss' : 'ws'}://${host}:${port}`
  deps.log('info', 'ready', { port, registration: config.registration, tls: tls !== undefined })
  return {
    port,
    url,
    key: identity.key,
    stop: async () => {
      deps.log('info', 'draining')
      await server.drain(PATIENCE)
      close()
      await mailbox.close()
      deps.log('info', 'stopped')
    },
  }
}
