import type { Bytes } from '../../shared/bytes.js'
import { bytesOf } from '../../shared/ids.js'
import { encodeWraps } from '../../shared/log/link.js'
import type { Role } from '../../shared/log/roles.js'
import { sealLabel, vaultContext, wrapFor } from '../../daemon/core/crypto/epoch.js'
import type { Identity } from '../../daemon/core/vault/chain.js'
import { createReplica } from '../../daemon/core/vault/create.js'
import type { Env } from '../../daemon/core/vault/records.js'
import { planMember } from '../../daemon/core/vault/removing.js'
import { Replica } from '../../daemon/core/vault/replica.js'
import { testEnv, testIdentity, type TestStore } from '../../daemon/core/vault/testing/devices.js'
import type { DeviceParts } from './device.js'
import { RELAY_KEY } from './ledger.js'
import type { Rng } from './rng.js'
import type { World } from './world.js'

// Who is in a vault when a run begins.

const DAY = 24 * 3600_000
const EPOCH = 1_800_000_000_000

/** One device: whose it is, and what it may do at first; without a role it comes in later, if at all. */
export type Part = { readonly name: string; readonly user: string; readonly role?: Role }

/** The devices of one person. */
export function oneUser(rng: Rng): Part[] {
  return Array.from({ length: rng.int(2, 4) }, (_, i) => ({
    name: `d${i}`,
    user: 'user',
    role: 'owner' as const,
  }))
}

/** People of a project, with one device or two. */
export function drawTeam(rng: Rng): Part[] {
  const all: (Part & { readonly odds: number })[] = [
    { name: 'own0', user: 'own', role: 'owner', odds: 1 },
    { name: 'own1', user: 'own', role: 'owner', odds: 0.2 },
    { name: 'adm0', user: 'adm', role: 'admin', odds: 0.9 },
    { name: 'wri0', user: 'wri', role: 'writer', odds: 1 },
    { name: 'wri1', user: 'wri', role: 'writer', odds: 0.2 },
    { name: 'two0', user: 'two', role: 'writer', odds: 0.3 },
    { name: 'rea0', user: 'rea', role: 'reader', odds: 0.3 },
    { name: 'vie0', user: 'vie', role: 'viewer', odds: 0.3 },
    { name: 'new0', user: 'new', odds: 0.3 },
  ]
  return all.filter(({ odds }) => rng.chance(odds)).map(({ odds: _, ...part }) => part)
}

type Made = {
  readonly part: Part
  readonly name: string
  readonly identity: Identity
  readonly store: TestStore
  readonly env: Env
}

/** A clock that is wrong now and then, and jumps. `span`: milliseconds in which it does so first. */
function drawClock(world: World, span: number): () => number {
  const { rng } = world
  let skew = rng.chance(0.3) ? rng.int(-3 * DAY, 3 * DAY) : rng.int(-2000, 2000)
  let jumpAt = rng.int(0, 2 * span)
  return () => {
    if (world.now > jumpAt) {
      skew += rng.int(-60_000, 60_000)
      jumpAt += rng.int(10_000, span)
    }
    return Math.round(EPOCH + world.now + skew)
  }
}

/** The first device founds the vault and lets the others in, all before a relay is there. */
export function makeVault(
  world: World,
  seed: number,
  cast: readonly Part[],
  span: number,
): { readonly parts: readonly DeviceParts[]; readonly links: readonly Bytes[] } {
  const made = cast.map((part): Made => {
    const at = `${seed}/${part.name}`
    const identity = testIdentity(at, part.user)
    return { part, name: part.name, identity, ...testEnv(at, drawClock(world, span)) }
  })
  const [founder] = made
  if (founder === undefined) throw new RangeError('a vault needs a device')
  const kind = made.every(({ part }) => part.user === founder.part.user) ? 'user' : 'project'
  const options = { kind, label: founder.name, relay: RELAY_KEY } as const
  const { replica, ops } = createReplica(founder.env, founder.identity, options)
  founder.store.write(ops)
  for (const user of new Set(made.map(({ part }) => part.user))) {
    const theirs = made.filter(({ part }) => part.user === user && part.role !== undefined)
    if (user === founder.part.user) for (const one of theirs.slice(1)) admit(founder, replica, one)
    else letIn(founder, replica, theirs)
  }
  const { vaultId } = replica
  const links = replica.chainEntries(0)
  for (const { part, store, env, identity } of made.slice(1)) {
    if (part.role === undefined) continue
    store.write(new Replica(env, identity, vaultId).ingestChain(links).ops)
  }
  const parts = made.map(({ name, identity, store, env }) => {
    return { name, identity, store, env, vaultId }
  })
  return { parts, links }
}

/** Another device of the founder's. */
function admit({ store, env }: Made, replica: Replica, { identity }: Made): void {
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

/** Another person. */
function letIn({ store, env }: Made, replica: Replica, theirs: readonly Made[]): void {
  const role = theirs[0]?.part.role
  if (role === undefined) return
  const { chain, graph } = replica
  const statements = theirs.map(({ identity }) => identity.statement)
  const plan = planMember({ chain, graph, random: env.random }, statements, role, () => 'device')
  const { ops, entry } = replica.propose(plan.action, plan.wraps)
  store.write(ops)
  store.write(replica.ingestChain([entry]).ops)
}
