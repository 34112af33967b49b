import { equal, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { idOf, type DeviceId, type EntryId, type RelayKey } from '../../shared/ids.js'
import type { Membership } from '../../shared/log/membership.js'
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
import { readableLinks } from '../../sync-server/core/access.js'
import { describe, isCall, type AnyEvent, type AnyRequest, type LinkCall } from './calls.js'
import { HONEST, type Faults } from './faults.js'
import type { Wire } from './wire.js'
import type { World } from './world.js'

type Vault = {
  readonly log: readonly Candidate[]
  readonly state: VaultState
  /** Link entries by their number. */
  readonly links: readonly Bytes[]
}

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
  /** The longest chain that it ever ordered. */
  #chain: readonly Bytes[] = []
  #chainState: VaultState | undefined
  /** Something came into a log against the rules. */
  #forced = false

  constructor(world: World) {
    this.#world = world
  }

  get log(): readonly Candidate[] {
    return this.#vault?.log ?? []
  }

  /** The membership by the longest chain that was ever ordered, and that chain. */
  get newest(): { readonly membership: Membership | undefined; readonly links: readonly Bytes[] } {
    return { membership: this.#chainState?.membership, links: this.#chain }
  }

  connect(wire: Wire): void {
    this.#wires.set(wire, undefined)
  }

  forget(wire: Wire): void {
    this.#wires.delete(wire)
  }

  /** A backup from before the rest of the chain: members that came later are strangers to it. */
  backupOf(links: readonly Bytes[]): void {
    this.#backups.push({ log: links.map(candidate), state: openVault(links).state, links })
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

  /** An honest relay takes the log over, as far as the rules of acceptance allow. */
  reform(): void {
    const [genesis] = this.#vault?.links ?? []
    if (!this.#forced || genesis === undefined) return
    const { log } = this
    const { state } = openVault([genesis])
    let vault: Vault = { log: [candidate(genesis)], state, links: [genesis] }
    this.#places = new Map([[candidate(genesis).id, 1]])
    for (const { body } of log.slice(1)) {
      try {
        vault = this.#with(vault, [body])
      } catch (error) {
        if (!(error instanceof CofferError)) throw error
      }
    }
    this.#vault = vault
    this.#places = new Map(vault.log.map(({ id }, i) => [id, i + 1]))
    this.generation += 1
    this.restores += 1
    this.#world.log('relay', () => `reformed: ${vault.log.length} of ${log.length} entries`)
  }

  throwOff(): void {
    for (const wire of this.#wires.keys()) wire.cut()
  }

  /** A request arrived. */
  take(wire: Wire, request: AnyRequest): void {
    if (!this.#wires.has(wire)) return
    const { rng } = this.#world
    let reply: AnyEvent
    try {
      if (rng.chance(this.faults.busy)) throw refusal('limit', 'busy')
      reply = this.#answer(wire, request)
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      const { code, reason = code } = error
      reply = isCall(request)
        ? { kind: 'linkRefused', reason }
        : { kind: 'refused', request, code, reason }
    }
    this.#world.log('relay', () => `${wire.name} ${request.kind} -> ${describe(reply)}`)
    if (!rng.chance(this.faults.loseReply)) wire.reply(request, reply)
    this.#push()
  }

  #answer(wire: Wire, request: AnyRequest): AnyEvent {
    if (isCall(request)) return this.#call(wire, request)
    switch (request.kind) {
      case 'open':
        return this.#open(wire, request.after)
      case 'create':
        return this.#create(wire, request.links)
      case 'append':
        return { kind: 'appended', tag: request.tag, ...this.#append(wire, request) }
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

  #call(wire: Wire, call: LinkCall): AnyEvent {
    if (call.kind === 'link') {
      const { positions } = this.#append(wire, { base: call.base, entries: [call.entry] })
      return { kind: 'linked', pos: positions[0] ?? 0 }
    }
    if (this.#vault === undefined) throw refusal('not-found', 'no-vault')
    const { state, links } = this.#vault
    const count = readableLinks(state, wire.device, undefined)
    return { kind: 'links', entries: links.slice(call.from, count) }
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
    if (this.#vault !== undefined) {
      if (!isMember(this.#vault.state, device)) throw refusal('not-found', 'no-vault')
      return { kind: 'created', existed: true }
    }
    const { state } = openVault(links)
    if (!isMember(state, device)) throw refusal('refused', 'not-member')
    this.#store({ log: links.map(candidate), state, links })
    return { kind: 'created', existed: false }
  }

  #store(vault: Vault): void {
    this.#checkPlaces(vault.links)
    const known = this.log.length
    this.#vault = vault
    vault.log.slice(known).forEach(({ id }, i) => {
      if (!this.#places.has(id)) this.#places.set(id, known + i + 1)
    })
    if (vault.links.length < this.#chain.length) return
    this.#chain = vault.links
    this.#chainState = vault.state
  }

  /** A fork of the chain has no end: a restored relay orders no second link in a place, whoever asks first. */
  #checkPlaces(links: readonly Bytes[]): void {
    links.forEach((link, n) => {
      const known = this.#chain[n]
      if (known !== undefined && known !== link && !equal(known, link))
        throw refusal('limit', 'busy')
    })
  }

  #append(
    wire: Wire,
    { base, entries }: Pick<Extract<Request, { kind: 'append' }>, 'base' | 'entries'>,
  ): { readonly positions: readonly number[]; readonly head: Cursor } {
    const vault = this.#member(wire)
    const { log } = vault
    this.#check(base)
    const next = this.#with(vault, entries)
    const { rng } = this.#world
    if (next !== vault && rng.chance(this.faults.falseAck)) {
      const positions = entries.map((_, i) => log.length + i + 1)
      this.lies += 1
      if (rng.chance(this.faults.crashAfterLie)) this.#world.after(20, () => this.throwOff())
      return { positions, head: { pos: log.length + entries.length } }
    }
    this.#store(next)
    const positions = entries.map((body) => this.#places.get(candidate(body).id) ?? 0)
    return { positions, head: this.#head() }
  }

  /** The vault with these entries, as far as they aren't in it. @throws CofferError where the rules of acceptance do */
  #with(vault: Vault, entries: readonly Bytes[]): Vault {
    const all = new Map(entries.map(candidate).map((entry) => [entry.id, entry]))
    const fresh = [...all.values()].filter(({ id }) => !this.#places.has(id))
    if (fresh.length === 0) return vault
    const plan = planEntries(vault.state, fresh, RELAY_KEY)
    const links = [...vault.links, ...plan.links.map(({ body }) => body)]
    this.#checkPlaces(links)
    return { log: [...vault.log, ...fresh], state: plan.state, links }
  }

  /**
   * An entry of a removed member comes by a member who resends it, or by the relay's own hand: then it stands in the log
   * even against the rules of acceptance. Tells how it came.
   */
  smuggle(entry: Bytes): 'accepted' | 'forced' | 'refused' {
    if (this.#vault === undefined) return 'refused'
    const { log, state, links } = this.#vault
    let how: 'accepted' | 'forced' = 'forced'
    try {
      const next = this.#with(this.#vault, [entry])
      if (next !== this.#vault) {
        this.#store(next)
        how = 'accepted'
      }
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
    }
    if (how === 'forced') {
      if (!this.#world.rng.chance(this.faults.collude)) return 'refused'
      this.#store({ log: [...log, candidate(entry)], state, links })
      this.#forced = true
    }
    this.#push()
    return how
  }

  /** Sends every open wire what it lacks, in pushes that may be lost, doubled or swapped. */
  #push(): void {
    const { rng } = this.#world
    for (const [wire, next] of this.#wires) {
      if (next === undefined) continue
      if (this.#shutOut(wire)) continue
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

  /** A member who was removed gets nothing more, unless the relay is on its side. */
  #shutOut(wire: Wire): boolean {
    if (this.#vault === undefined || isMember(this.#vault.state, wire.device)) return false
    if (this.faults.collude > 0) return false
    this.#wires.set(wire, undefined)
    wire.push({ kind: 'closed', code: 'not-found', reason: 'no-vault' })
    return true
  }
}

function refusal(code: CofferError['code'], reason: string): CofferError {
  return new CofferError(code, 'the simulated relay refuses', { reason })
}
