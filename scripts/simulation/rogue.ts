import { toHex, type Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { LIMITS } from '../../shared/limits.js'
import { Chain } from '../../daemon/core/vault/chain.js'
import { Graph } from '../../daemon/core/vault/graph.js'
import { loadReplica } from '../../daemon/core/vault/load.js'
import {
  changeRecordCodec,
  changesetRecordCodec,
  type Row,
} from '../../daemon/core/vault/records.js'
import { planRotation } from '../../daemon/core/vault/removing.js'
import { TestStore } from '../../daemon/core/vault/testing/devices.js'
import type { SimDevice } from './device.js'
import { NAMES, valueOf } from './promises.js'
import type { SimRelay } from './relay.js'
import type { World } from './world.js'

/**
 * What a removed member does with keys that it still has: it writes as if it had never heard of its removal; and what a
 * member's second disk does.
 */
export class Rogue {
  /** Notes of what it wrote after its removal. */
  readonly notes: string[] = []
  doubled = 0
  readonly device: SimDevice
  /** The link that removed it; of who is still in, the next one when it began. */
  readonly removedAt: number
  readonly #world: World
  readonly #relay: SimRelay
  /** Its disk as it would have it: of before its removal, and what it wrote on from there. */
  #rows: readonly Row[] | undefined

  constructor(world: World, relay: SimRelay, device: SimDevice, removedAt: number) {
    this.#world = world
    this.#relay = relay
    this.device = device
    this.removedAt = removedAt
  }

  misbehave(): void {
    const { rng } = this.#world
    const dice = rng.next()
    if (dice < 0.15) return this.#resend()
    if (dice < 0.3) return this.#forge()
    const before = (this.#rows ??= rowsBefore(this.device.parts.store.rows(), this.removedAt))
    const first = this.#write(before)
    if (first === undefined) return
    this.#send('backdates', first.bodies)
    if (dice < 0.65) this.#rows = first.rows
    else this.#again(before, first)
  }

  /** Signs on from two copies of the disk, beside what the device itself does: a number twice or three times. */
  double(): void {
    const before = rowsBefore(this.device.parts.store.rows(), this.removedAt)
    const first = this.#write(before)
    if (first === undefined) return
    this.#send('copies', first.bodies)
    this.#again(before, first)
  }

  /** The same sequence number once more. */
  #again(before: readonly Row[], first: Written): void {
    const { rng } = this.#world
    const second = this.#write(before)
    if (second === undefined) return
    this.doubled += 1
    this.#send('doubles', second.bodies)
    this.#rows = rng.chance(0.5) ? first.rows : second.rows
  }

  /** Writes on from a state of its disk; undefined when it never had what it takes. */
  #write(before: readonly Row[]): Written | undefined {
    const { rng } = this.#world
    const { env, identity, vaultId } = this.device.parts
    const store = new TestStore()
    store.write(before)
    const replica = loadReplica({ ...env, reader: store }, identity, vaultId, store.rows())
    if (!replica.mayWrite) return undefined
    for (let i = rng.int(1, 2); i > 0; i--) {
      const note = `${this.device.name}!${this.notes.length}`
      this.notes.push(note)
      const change = { space: 'secret' as const, name: rng.pick(NAMES), value: valueOf(note), note }
      store.write(replica.write([change]).ops)
      store.write(replica.sealNext({ entries: 1, bytes: 1 })?.ops ?? [])
    }
    return { bodies: replica.outbox().map(({ body }) => body), rows: store.rows() }
  }

  #resend(): void {
    const { log } = this.#relay
    if (log.length > 0) this.#send('resends', [this.#world.rng.pick(log).body])
  }

  /** A link in the place of the one that removed it: a new key, which it would know. */
  #forge(): void {
    // Before that one is in the log it would be a fork of the chain, and those have no end yet.
    if (this.#relay.links <= this.removedAt) return
    const { env, identity, vaultId } = this.device.parts
    const chain = new Chain(identity, vaultId)
    const links = this.#relay.newest.links.slice(0, this.removedAt)
    chain.restore(links, this.device.replica.chain.keys, undefined)
    if (!chain.mayWrite || chain.keys.size === 0) return
    const plan = planRotation({ chain, graph: new Graph(), random: env.random })
    this.#send('forks', [chain.propose(plan.action, plan.wraps, env.now()).entry])
  }

  #send(what: string, bodies: readonly Bytes[]): void {
    for (const body of bodies) {
      const how = this.#relay.smuggle(body)
      this.#world.log(this.device.name, () => `ROGUE ${what}: ${how}`)
    }
  }
}

type Written = { readonly bodies: readonly Bytes[]; readonly rows: readonly Row[] }

/** What its disk held under the links before number `n`, without drafts: those it keeps for itself. */
function rowsBefore(rows: readonly Row[], n: number): Row[] {
  const later = new Set<string>()
  for (const { table, key, value } of rows) {
    if (table !== 'changeset') continue
    const { memberN } = decode(changesetRecordCodec, value, 'a changeset record', LIMITS.storeValue)
    if (memberN >= n) later.add(toHex(key))
  }
  return rows.filter(({ table, key, value }) => {
    if (table === 'link') return Number(`0x${toHex(key)}`) < n
    if (table === 'changeset') return !later.has(toHex(key))
    if (table !== 'change') return table === 'epochKey' || table === 'outbox'
    const { place } = decode(changeRecordCodec, value, 'a change record', LIMITS.storeValue)
    return place !== undefined && !later.has(place.changeset)
  })
}
