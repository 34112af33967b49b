import { decodeEntry } from '../../shared/log/entry.js'
import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import type { DeviceId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import type { Request } from '../../daemon/core/sync/effects.js'
import type { Event } from '../../daemon/core/sync/state.js'
import { readableLinks } from '../../sync-server/core/access.js'
import { chainHead, isMember, type Candidate } from '../../sync-server/core/vault.js'
import { describe, isCall, type AnyEvent, type AnyRequest, type LinkCall } from './calls.js'
import { HONEST, type Faults } from './faults.js'
import { Ledger, refusal, vaultOf, type Vault } from './ledger.js'
import type { Wire } from './wire.js'
import type { World } from './world.js'

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
  readonly #ledger = new Ledger()
  #heads = new Map<DeviceId, Bytes>()
  constructor(world: World) {
    this.#world = world
  }

  get log(): readonly Candidate[] {
    return this.#ledger.log
  }

  /** The membership by the longest chain that was ever ordered, and that chain. */
  get newest(): Ledger['newest'] {
    return this.#ledger.newest
  }

  /** How many links its log holds now. */
  get links(): number {
    return this.#ledger.vault?.links.length ?? 0
  }

  connect(wire: Wire): void {
    this.#wires.set(wire, undefined)
  }

  forget(wire: Wire): void {
    this.#wires.delete(wire)
  }

  /** A backup from before the rest of the chain: members that came later are strangers to it. */
  backupOf(links: readonly Bytes[]): void {
    this.#ledger.keep(vaultOf(links))
  }

  backup(): void {
    this.#ledger.keep(this.#ledger.vault)
    this.#world.log('relay', () => `backup at ${this.log.length}`)
  }

  /** Goes back to an old backup, honestly with a raised generation or not; everybody is thrown off. */
  restore(raise: boolean): void {
    this.#ledger.restore((count) => this.#world.rng.int(0, count - 1))
    this.#heads = new Map()
    if (raise) this.generation += 1
    this.restores += 1
    this.#world.log('relay', () => `restored to ${this.log.length}, generation ${this.generation}`)
    this.throwOff()
  }

  /** An honest relay takes over what the rules of acceptance allow of the log. */
  reform(): void {
    const before = this.log.length
    if (!this.#ledger.reform()) return
    this.generation += 1
    this.restores += 1
    this.#world.log('relay', () => `reformed: ${this.log.length} of ${before} entries`)
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
      case 'chain': {
        this.#member(wire)
        const links = this.log.map(({ body }) => body).filter(isLink)
        return {
          kind: 'chain',
          from: request.from,
          links: links.slice(request.from),
          length: links.length,
        }
      }
      case 'newest':
        this.#member(wire)
        return { kind: 'newest', snapshots: [] }
      case 'snapshotPart':
        throw refusal('relay-refused', 'no-snapshot')
    }
  }

  #call(wire: Wire, call: LinkCall): AnyEvent {
    if (call.kind === 'link') {
      const { positions } = this.#append(wire, { base: call.base, entries: [call.entry] })
      return { kind: 'linked', pos: positions[0] ?? 0 }
    }
    if (this.#ledger.vault === undefined) throw refusal('not-found', 'no-vault')
    const { state, links } = this.#ledger.vault
    const count = readableLinks(state, wire.device, undefined)
    return { kind: 'links', entries: links.slice(call.from, count) }
  }

  #member({ device }: Wire): Vault {
    if (this.#ledger.vault === undefined || !isMember(this.#ledger.vault.state, device)) {
      throw refusal('not-found', 'no-vault')
    }
    return this.#ledger.vault
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
    if (this.#ledger.vault !== undefined) {
      if (!isMember(this.#ledger.vault.state, device)) throw refusal('not-found', 'no-vault')
      return { kind: 'created', existed: true }
    }
    const made = vaultOf(links)
    if (!isMember(made.state, device)) throw refusal('refused', 'not-member')
    this.#ledger.store(made)
    return { kind: 'created', existed: false }
  }

  #append(
    wire: Wire,
    { base, entries }: Pick<Extract<Request, { kind: 'append' }>, 'base' | 'entries'>,
  ): { readonly positions: readonly number[]; readonly head: Cursor } {
    const vault = this.#member(wire)
    const { log } = vault
    this.#check(base)
    const next = this.#ledger.with(vault, entries)
    const { rng } = this.#world
    if (next !== vault && rng.chance(this.faults.falseAck)) {
      const positions = entries.map((_, i) => log.length + i + 1)
      this.lies += 1
      if (rng.chance(this.faults.crashAfterLie)) this.#world.after(20, () => this.throwOff())
      return { positions, head: { pos: log.length + entries.length } }
    }
    this.#ledger.store(next)
    const positions = entries.map((body) => this.#ledger.placeOf(body))
    return { positions, head: this.#head() }
  }

  /**
   * An entry of a removed member comes by a member who resends it, or by the relay's own hand: then it stands in the log
   * even against the rules of acceptance. Tells how it came.
   */
  smuggle(entry: Bytes): 'accepted' | 'forced' | 'refused' {
    if (this.#ledger.vault === undefined) return 'refused'
    let isNew = false
    try {
      isNew = this.#ledger.accept(entry)
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
    }
    if (!isNew) {
      if (!this.#world.rng.chance(this.faults.collude)) return 'refused'
      this.#ledger.force(entry)
    }
    this.#push()
    return isNew ? 'accepted' : 'forced'
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
    if (this.#ledger.vault === undefined || isMember(this.#ledger.vault.state, wire.device))
      return false
    if (this.faults.collude > 0) return false
    this.#wires.set(wire, undefined)
    wire.push({ kind: 'closed', code: 'not-found', reason: 'no-vault' })
    return true
  }
}

function isLink(body: Bytes): boolean {
  return decodeEntry(body).kind === 'link'
}
