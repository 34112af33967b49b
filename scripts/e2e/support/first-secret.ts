// A log of many changesets under one checkpoint, and what a new device is sent of it until it has read its first secret.
import { writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { type Client } from '../../../cli/reach/client.js'
import { LIMITS } from '../../../shared/limits.js'
import { type RelayMessage } from '../../../shared/protocol/relay.js'
import { type Home } from '../harness/home.js'
import { until } from '../harness/until.js'
import { type World } from '../harness/world.js'
import { HostileRelay } from './hostile/relay.js'
import { base64, clientOf, contextOf } from './local.js'
import { countsOf, rise } from './metrics.js'

/** Transactions that are under way at once. */
const AT_ONCE = 32
/** What the slowest machine takes for 50,000. */
const PATIENCE = 1_800_000

/** The name and value of the n-th secret. */
export const secretName = (n: number): string => `/user/secret-${n}`
const valueOf = (n: number): string => `value ${n}`

/** Sets secrets `from` up to before `to`, each in a transaction of its own; from `names` on they are versions of the first. */
export async function fill(client: Client, from: number, to: number, names = to): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < to) {
      const n = next++
      await client.call('secretSet', {
        context: contextOf(),
        name: secretName(n % names),
        value: base64(valueOf(n)),
      })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Rows of a full leaf of a snapshot (SPEC section 7), and those of what a vault says itself: its device's label, its maker's. */
const LEAF = 16
const OWN = 2

/**
 * The least number of secrets, `count` or more, that fill a snapshot's leaves: the last one would be shorter, and a name in
 * there cheaper.
 */
export const fullLeaves = (count: number): number => Math.ceil((count + OWN) / LEAF) * LEAF - OWN

/** A device whose log of `changesets` a checkpoint covers, all of whose secrets still count. */
export type Grown = { readonly relay: HostileRelay; readonly home: Home; readonly client: Client }

/** Writes them through a daemon's socket, and has them sent, snapshotted and confirmed by that daemon and a relay. */
export async function grown(world: World, changesets: number): Promise<Grown> {
  const relay = await HostileRelay.start(world, { args: ['--quota', '1G'], timeout: PATIENCE })
  const home = world.home('a')
  await home.init()
  const config = JSON.stringify({ checkpointAfter: LIMITS.checkpointAfterMin })
  writeFileSync(path.join(home.folder, 'config.json'), config, { mode: 0o600 })
  const client = await clientOf(world, home)
  await fill(client, 0, changesets)
  // First all of it is there, then it is sent: so there is one snapshot, and one checkpoint, whatever the pace.
  // `relay set` waits for a minute of that.
  const to = ['relay', 'set', relay.real.url, '--relay-key', relay.key]
  await home.ok(to, { timeout: 180_000 })
  const covered = async (): Promise<boolean> => {
    const { vaults } = await client.call('status', { context: contextOf() })
    const checkpoint = vaults[0]?.checkpoint
    if (checkpoint && checkpoint.changes !== changesets + OWN)
      throw new Error(`${checkpoint.changes} changes are covered`)
    return (checkpoint?.pos ?? 0) > changesets
  }
  await until('a checkpoint covers the log', covered, { timeout: PATIENCE })
  // Until the relay keeps it, it goes on pushing the offer to whoever comes.
  const kept = async (): Promise<boolean> =>
    rise(new Map(), await countsOf(relay.real), 'kept_snapshots_total') > 0
  await until('the relay keeps the snapshot', kept, { timeout: PATIENCE })
  await home.ok(['relay', 'set', relay.url, '--relay-key', relay.key])
  return { relay, home, client }
}

/**
 * The bytes of the relay's frames, handshake and chain included, that a device takes from before its code is confirmed until
 * it has read one of the secrets. What isn't needed for that is held back: log, rows and the other entries.
 */
export async function bytesOfFirst(world: World, { relay, home, client }: Grown): Promise<number> {
  const fresh = world.home('fresh')
  const code = (await home.ok(['device', 'add'])).trim()
  const joining = await fresh.run(['join', code, '--key-file', fresh.keyFile, '--no-wait'])
  const [, fingerprint = ''] = /^fingerprint: (\S+)$/m.exec(joining.out + joining.err) ?? []
  const own = relay.wires[0]?.device
  const isLater = (message: RelayMessage): boolean =>
    message.kind === 'entries' ||
    (message.kind === 'snapshotPart' && message.body.snapshots.length === 0)
  relay.lie = {
    down: (message, wire) => (wire.device !== own && isLater(message) ? [] : [message]),
  }
  await client.call('deviceConfirm', { context: contextOf(), fingerprint })
  const found = await fresh.until(['get', secretName(7)])
  const { vaults } = await (await clientOf(world, fresh)).call('status', { context: contextOf() })
  relay.lie = {}
  const [vault] = vaults
  if (found !== `${valueOf(7)}\n` || vault?.state !== 'loading' || vault.warnings.length > 0)
    throw new Error(`not as a vault that is loading: ${found} ${JSON.stringify(vaults)}`)
  const theirs = relay.wires.filter(({ device }) => device !== own)
  return theirs.flatMap(({ received }) => received).reduce((sum, one) => sum + one.length, 0)
}
