import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { idOf, type DeviceId, type EntryId, type RelayKey } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import type { Event, Request } from '../../daemon/core/sync/state.js'
import {
  candidate,
  chainHead,
  isMember,
  openVault,
  planEntries,
  type Candidate,
  type VaultState,
} from '../../sync-server/core/vault.js'
import type { Wire } from './wire.js'
import type { World } from './world.js'

/** Probabilities of misbehaviour, for each occasion. */
export type Faults = {
  /** A reply never arrives; the work was done. */
  readonly loseReply: number
  /** An append is acknowledged and not stored. */
  readonly falseAck: number
  /** After a false acknowledgement everybody is thrown off, as by a crash. */
  readonly crashAfterLie: number
  readonly dropPush: number
  readonly doublePush: number
  readonly swapPush: number
  /** A request is refused as busy. */
  readonly busy: number
}

export const HONEST: Faults = {
  loseReply: 0,
  falseAck: 0,
  crashAfterLie: 0,
  dropPush: 0,
  doublePush: 0,
  swapPush: 0,
  busy: 0,
}

type Vault = { readonly log: readonly Candidate[]; readonly state: VaultState }

export const RELAY_KEY: RelayKey = idOf(new Uint8Array(32).fill(7))

/** Most entries of one push: small, so that pushes can go wrong one by one. */
const PUSH = 4

/** A relay of one vault that follows the wire protocol's meaning, with the real rules of acceptance; and its lies. */
export class SimRelay {
  faults: Faults = HONEST
  generation = 1
  lies = 0
  restores = 0
  readonly #world: World
  readonly #wires = new Map<Wire, number | undefined>()
  readonly #backups: (Vault | undefined)[] = [undefined]
  #vault: Vault | undefined
  #places = new Map<EntryId, number>()
  #heads = new Map<DeviceId, Bytes>()

  constructor(world: World) {
    this.#world = world
  }

  get log(): readonly Candidate[] {
    return this.#vault?.log ?? []
  }

  connect(wire: Wire): void {
    this.#wires.set(wire, undefined)
  }

  forget(wire: Wire): void {
    this.#wires.delete(wire)
  }

  /** A backup from before the rest of the chain: members that came later are strangers to it. */
  backupOf(links: readonly Bytes[]): void {
    this.#backups.push({ log: links.map(candidate), state: openVault(links).state })
  }

  backup(): void {
    this.#backups.push(this.#vault)
    this.#world.log('relay', () => `backup at ${this.log.length}`)
  }

  /** Goes back to an old backup, honestly with a raised generation or not; everybody is thrown off. */
  restore(raise: boolean): void {
    const { rng } = this.#world
    this.#vault = this.#backups[rng.int(0, this.#backups.length - 1)]
    this.#places = new Map(this.log.map(({ id }, i) => [id, i + 1]))
    this.#heads = new Map()
    if (raise) this.generation += 1
    this.restores += 1
    this.#world.log('relay', () => `restored to ${this.log.length}, generation ${this.generation}`)
    this.throwOff()
  }

  throwOff(): void {
    for (const wire of this.#wires.keys()) wire.cut()
  }

  /** A request arrived. */
  take(wire: Wire, request: Request): void {
    if (!this.#wires.has(wire)) return
    const { rng } = this.#world
    let reply: Event
    try {
      if (rng.chance(this.faults.busy)) throw refusal('limit', 'busy')
      reply = this.#answer(wire, request)
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      const { code, reason = code } = error
      reply = { kind: 'refused', request, code, reason }
    }
    this.#world.log('relay', () => `${wire.name} ${request.kind} -> ${describe(reply)}`)
    if (!rng.chance(this.faults.loseReply)) wire.reply(request, reply)
    this.#push()
  }

  #answer(wire: Wire, request: Request): Event {
    switch (request.kind) {
      case 'open':
        return this.#open(wire, request.after)
      case 'create':
        return this.#create(wire, request.links)
      case 'append':
        return this.#append(wire, request)
      case 'putHead':
        this.#member(wire)
        this.#heads.set(wire.device, request.head)
        for (const [other, next] of this.#wires) {
          if (other !== wire && next !== undefined) other.push({ kind: 'head', head: request.head })
        }
        return { kind: 'headPut' }
      case 'heads':
        this.#member(wire)
        return { kind: 'heads', heads: [...this.#heads.values()] }
    }
  }

  #member({ device }: Wire): Vault {
    if (this.#vault === undefined || !isMember(this.#vault.state, device)) {
      throw refusal('not-found', 'no-vault')
    }
    return this.#vault
  }

  #open(wire: Wire, after: Cursor): Event {
    const { state } = this.#member(wire)
    this.#check(after)
    this.#wires.set(wire, after.pos + 1)
    const { generation } = this
    return {
      kind: 'opened',
      head: this.#head(),
      generation,
      floor: 0,
      memberHead: chainHead(state),
    }
  }

  #check({ pos, entryId }: Cursor): void {
    if (pos > this.log.length || this.log[pos - 1]?.id !== entryId) {
      throw refusal('relay-refused', 'diverged')
    }
  }

  #head(): Cursor {
    const pos = this.log.length
    const entryId = this.log[pos - 1]?.id
    return entryId === undefined ? { pos } : { pos, entryId }
  }

  #create({ device }: Wire, links: readonly Bytes[]): Event {
    const { state } = openVault(links)
    if (this.#vault !== undefined) {
      if (!isMember(this.#vault.state, device)) throw refusal('not-found', 'no-vault')
      return { kind: 'created', existed: true }
    }
    if (!isMember(state, device)) throw refusal('refused', 'not-member')
    this.#store({ log: links.map(candidate), state })
    return { kind: 'created', existed: false }
  }

  #store(vault: Vault): void {
    const known = this.log.length
    this.#vault = vault
    vault.log.slice(known).forEach(({ id }, i) => this.#places.set(id, known + i + 1))
  }

  #append(wire: Wire, { tag, base, entries }: Extract<Request, { kind: 'append' }>): Event {
    const { log, state } = this.#member(wire)
    this.#check(base)
    const all = new Map(entries.map(candidate).map((entry) => [entry.id, entry]))
    const fresh = [...all.values()].filter(({ id }) => !this.#places.has(id))
    const plan = planEntries(state, fresh, RELAY_KEY)
    const { rng } = this.#world
    if (fresh.length > 0 && rng.chance(this.faults.falseAck)) {
      const positions = entries.map((_, i) => log.length + i + 1)
      this.lies += 1
      if (rng.chance(this.faults.crashAfterLie)) this.#world.after(20, () => this.throwOff())
      return { kind: 'appended', tag, positions, head: { pos: log.length + entries.length } }
    }
    this.#store({ log: [...log, ...fresh], state: plan.state })
    const positions = entries.map((body) => this.#places.get(candidate(body).id) ?? 0)
    return { kind: 'appended', tag, positions, head: this.#head() }
  }

  /** Sends every open wire what it lacks, in pushes that may be lost, doubled or swapped. */
  #push(): void {
    const { rng } = this.#world
    for (const [wire, next] of this.#wires) {
      if (next === undefined) continue
      const pushes: Event[] = []
      for (let from = next; from <= this.log.length; from += PUSH) {
        const bodies = this.log.slice(from - 1, from - 1 + PUSH).map(({ body }) => body)
        const push: Event = { kind: 'entries', from, bodies, head: this.log.length }
        if (!rng.chance(this.faults.dropPush)) pushes.push(push)
        if (rng.chance(this.faults.doublePush)) pushes.push(push)
        if (rng.chance(this.faults.swapPush)) pushes.reverse()
      }
      this.#wires.set(wire, Math.max(next, this.log.length + 1))
      for (const push of pushes) wire.push(push)
    }
  }
}

function refusal(code: CofferError['code'], reason: string): CofferError {
  return new CofferError(code, 'the simulated relay refuses', { reason })
}

/** An event as one line of the trace. */
export function describe(event: Event): string {
  switch (event.kind) {
    case 'refused':
      return `refused ${event.request.kind} ${event.reason}`
    case 'entries':
      return `entries ${event.from}..${event.from + event.bodies.length - 1} of ${event.head}`
    case 'opened':
      return `opened ${event.head.pos} gen ${event.generation} links ${event.memberHead.length}`
    case 'appended':
      return `appended ${event.positions.join()}`
    case 'portDone':
    case 'portFailed':
      return `${event.kind} ${event.work.kind}`
    default:
      return event.kind
  }
}
