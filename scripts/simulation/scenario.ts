import { utf8, type Bytes } from '../../shared/bytes.js'
import { bytesOf } from '../../shared/ids.js'
import { encodeWraps } from '../../shared/log/link.js'
import { sealLabel, vaultContext, wrapFor } from '../../daemon/core/crypto/epoch.js'
import type { Identity } from '../../daemon/core/vault/chain.js'
import { createReplica } from '../../daemon/core/vault/create.js'
import { Replica } from '../../daemon/core/vault/replica.js'
import { testEnv, testIdentity } from '../../daemon/core/vault/testing/devices.js'
import { SimDevice, type DeviceParts } from './device.js'
import { NAMES } from './promises.js'
import { HONEST, RELAY_KEY, SimRelay, type Faults } from './relay.js'
import { World } from './world.js'

/** What goes wrong in a run; the seed draws one. */
export const PROFILES = {
  /** Only what any network does: cuts, delays, lost replies; and devices that die. */
  honest: {},
  /** Pushes that are lost, doubled, swapped. */
  garbled: { dropPush: 0.1, doublePush: 0.2, swapPush: 0.15 },
  /** Acknowledges what it doesn't store. */
  lying: { falseAck: 0.2, crashAfterLie: 0.4 },
  /** Goes back to backups, and says so. */
  restored: {},
  /** Goes back to backups, and doesn't say so, and lies otherwise, too. */
  hostile: { falseAck: 0.1, crashAfterLie: 0.3, dropPush: 0.05, doublePush: 0.1, swapPush: 0.05 },
} as const satisfies Record<string, Partial<Faults>>
export type Profile = keyof typeof PROFILES

/** Virtual milliseconds of trouble. */
const TROUBLE = 90_000
const DAY = 24 * 3600_000
const EPOCH = 1_800_000_000_000

export type Run = {
  readonly world: World
  readonly relay: SimRelay
  readonly devices: readonly SimDevice[]
  readonly profile: Profile
}

/** A vault of 2 to 4 devices that the relay doesn't know yet, and everything that will happen to it. */
export function makeRun(seed: number, trace?: (line: string) => void): Run {
  const world = new World(seed, trace)
  const { rng } = world
  const profile = rng.pick(Object.keys(PROFILES) as Profile[])
  const relay = new SimRelay(world)
  relay.faults = { ...HONEST, loseReply: 0.05, busy: 0.03, ...PROFILES[profile] }
  const { parts, links } = makeVault(world, seed, rng.int(2, 4))
  relay.backupOf(links.slice(0, rng.int(1, links.length)))
  const devices = parts.map((one) => new SimDevice(world, relay, one))
  for (const device of devices) {
    device.mishaps = { crashAfterBatch: 0.03, diskFails: 0.01 }
    if (rng.chance(0.7)) device.goOnline()
  }
  const run = { world, relay, devices, profile }
  planTrouble(run)
  return run
}

/** The first device founds the vault and lets the others in, all before a relay is there. */
function makeVault(
  world: World,
  seed: number,
  count: number,
): { readonly parts: readonly DeviceParts[]; readonly links: readonly Bytes[] } {
  const { rng } = world
  const names = Array.from({ length: count }, (_, i) => `d${i}`)
  const made = names.map((name) => {
    let skew = rng.chance(0.3) ? rng.int(-3 * DAY, 3 * DAY) : rng.int(-2000, 2000)
    let jumpAt = rng.int(0, 2 * TROUBLE)
    const clock = (): number => {
      if (world.now > jumpAt) {
        skew += rng.int(-60_000, 60_000)
        jumpAt += rng.int(10_000, TROUBLE)
      }
      return Math.round(EPOCH + world.now + skew)
    }
    const { store, env } = testEnv(`${seed}/${name}`, clock)
    return { name, identity: testIdentity(`${seed}/${name}`), store, env }
  })
  const [founder, ...others] = made
  if (founder === undefined) throw new RangeError('a vault needs a device')
  const { replica, ops } = createReplica(founder.env, founder.identity, {
    kind: 'user',
    label: founder.name,
    relay: RELAY_KEY,
  })
  founder.store.write(ops)
  for (const { identity } of others) admit(founder, replica, identity)
  const { vaultId } = replica
  const parts = made.map((one) => ({ ...one, vaultId }))
  const links = replica.chainEntries(0)
  for (const { store, env, identity } of parts.slice(1)) {
    store.write(new Replica(env, identity, vaultId).ingestChain(links).ops)
  }
  return { parts, links }
}

function admit(
  { store, env }: Pick<DeviceParts, 'store' | 'env'>,
  replica: Replica,
  identity: Identity,
): void {
  const { epoch, key } = replica.chain.current()
  const keys = [identity.statement.keys]
  const wraps = encodeWraps(wrapFor(key, vaultContext(replica.vaultId), epoch, keys))
  const label = sealLabel(key, bytesOf(identity.device), 'device', env.random)
  const { statement } = identity
  const body = { statement, role: 'owner' as const, wraps: wraps.hash, label }
  const { ops, entry } = replica.propose({ kind: 'add-device', body }, wraps.bytes)
  store.write(ops)
  store.write(replica.ingestChain([entry]).ops)
}

/** What the rest of the run does, drawn ahead of it: writes, cuts, crashes, barriers, backups. */
function planTrouble(run: Run): void {
  const { world, relay, devices, profile } = run
  const { rng } = world
  let note = 0
  const actions = rng.int(20, 45)
  for (let i = 0; i < actions; i++) {
    world.after(rng.int(0, TROUBLE), () => {
      const device = rng.pick(devices)
      const dice = rng.next()
      if (dice < 0.6) writeSome(world, device, () => `${device.name}.${note++}`)
      else if (dice < 0.7) device.goOffline()
      else if (dice < 0.85) device.goOnline()
      else if (dice < 0.9) device.crash()
      else device.barrier()
    })
  }
  for (let i = rng.int(0, 3); i > 0; i--) {
    world.after(rng.int(0, TROUBLE), () => relay.throwOff())
  }
  if (profile !== 'restored' && profile !== 'hostile') return
  for (let i = rng.int(1, 3); i > 0; i--) {
    world.after(rng.int(0, TROUBLE), () => relay.backup())
    const raise = profile === 'restored' || rng.chance(0.3)
    world.after(rng.int(TROUBLE / 3, TROUBLE), () => relay.restore(raise))
  }
}

function writeSome(world: World, device: SimDevice, nextNote: () => string): void {
  const { rng } = world
  const many = rng.chance(0.1) ? rng.int(4, 16) : 1
  for (let i = 0; i < many; i++) {
    const count = rng.chance(0.3) ? rng.int(2, 3) : 1
    const names = [...NAMES].toSorted(() => rng.next() - 0.5).slice(0, count)
    const big = rng.chance(0.01)
    device.write(
      names.map((name) => {
        const note = nextNote()
        const value = rng.chance(0.2) ? undefined : valueOf(note, big ? 400 * 1024 : 0)
        return { space: 'secret', name, value, note }
      }),
    )
  }
}

/** Ends the trouble: an honest relay, healthy disks, everybody online. */
export function heal({ relay, devices }: Run): void {
  relay.faults = HONEST
  // What it withheld so far it would go on withholding from those who are connected.
  relay.throwOff()
  for (const device of devices) {
    device.mishaps = { crashAfterBatch: 0, diskFails: 0 }
    device.goOnline()
  }
}

export const END_OF_TROUBLE = TROUBLE

/** A value that tells its change. */
function valueOf(note: string, size: number): Bytes {
  const value = new Uint8Array(Math.max(size, note.length))
  value.set(utf8(note))
  return value
}
