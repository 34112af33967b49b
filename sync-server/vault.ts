import { bytesOf, type DeviceId, type EntryId, type RelayKey, type VaultId } from '../shared/ids.js'
import { equal, type Bytes } from '../shared/bytes.js'
import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import { FRAME_ENTRIES, type ChainHead, type Cursor } from '../shared/protocol/relay.js'
import { notThere } from './core/access.js'
import {
  addStoredLink,
  candidate,
  chainHead,
  openVault,
  planEntries,
  writerBody,
  type Candidate,
  type Plan,
  type VaultState,
} from './core/vault.js'
import { decodeWriter, type Writer } from './core/writer.js'
import {
  mailboxError,
  type Appended,
  type Mailbox,
  type MailboxReason,
  type RegisterWrite,
} from './mailbox/mailbox.js'

/** Keys of the registers that the relay keeps beside a vault's log. */
export const REGISTERS = {
  chain: 'chain/',
  link: (n: number): string => `chain/${String(n).padStart(6, '0')}`,
  /** Hash of the chain's last link: every append compares it, so no plan rests on a chain that has moved. */
  tip: 'tip',
  /** A snapshot that a member offers and no checkpoint names yet. */
  offer: 'offer',
  /** What the relay found for it, in pieces. */
  pieces: 'piece/',
  piece: (n: number): string => `piece/${String(n).padStart(3, '0')}`,
  writers: 'seq/',
  writer: (device: DeviceId): string => `seq/${device}`,
  heads: 'head/',
  head: (device: DeviceId): string => `head/${device}`,
  joins: 'join/',
  join: (invite: string): string => `join/${invite}`,
} as const

/** Room of a frame for entries, with each one's own framing on top. */
export const PAGE = { entries: FRAME_ENTRIES, bytes: LIMITS.frame - 64 * 1024 } as const

/** How often an append plans anew when another writer to the store got ahead of it. */
const ATTEMPTS = 3

/** Registers of a new vault: its links and their tip. */
export function firstRegisters(state: VaultState, links: readonly Bytes[]): RegisterWrite[] {
  const chain = links.map((body, n): RegisterWrite => ({ key: REGISTERS.link(n), body }))
  return [...chain, { key: REGISTERS.tip, body: bytesOf(chainHead(state).hash) }]
}

/** `links`: how many of the new entries are links. */
export type VaultAppended = Appended & { readonly links: number }

type InFlight = { readonly ids: ReadonlySet<EntryId>; readonly done: Promise<unknown> }

/**
 * One vault at work. Appends are planned one after another, each on the state that the one before it will
 * leave, and written together by the mailbox's group commit; what others see is the durable state alone.
 */
export class RelayVault {
  readonly id: VaultId
  readonly #mailbox: Mailbox
  readonly #relay: RelayKey
  /** As of the last durable append; undefined when it must be read from the store. */
  #durable: VaultState | undefined
  /** The same with the appends in flight on top. */
  #planned: VaultState | undefined
  /** Rises when plans are thrown away: what was planned before doesn't become the state. */
  #era = 0
  readonly #inFlight = new Set<InFlight>()
  #turn: Promise<unknown> = Promise.resolve()
  readonly #onAbsent: (() => void) | undefined

  /** `onAbsent` is called when the store turns out to have no such vault. */
  constructor(id: VaultId, mailbox: Mailbox, relay: RelayKey, onAbsent?: () => void) {
    this.id = id
    this.#onAbsent = onAbsent
    this.#mailbox = mailbox
    this.#relay = relay
  }

  /** Whether nothing is being written. */
  get idle(): boolean {
    return this.#inFlight.size === 0
  }

  /** The durable state. @throws CofferError `not-found` when there is no such vault. */
  async state(): Promise<VaultState> {
    return this.#durable ?? (await this.#inTurn(async () => this.#durable ?? this.#load()))
  }

  /** The chain's links from number `from` on, as many as fit a frame. */
  async chain(from: number): Promise<{ entries: Bytes[]; head: ChainHead }> {
    const head = chainHead(await this.state())
    const rows = await this.#links(from)
    return { entries: rows.slice(0, Math.max(0, head.length - from)), head }
  }

  /**
   * Checks and appends entries; resolves when they are durable.
   * @throws CofferError of the rule that an entry breaks, or of the mailbox
   */
  async append(base: Cursor, bodies: readonly Bytes[]): Promise<VaultAppended> {
    const entries = bodies.map(candidate)
    for (let attempt = 1; ; attempt++) {
      const begun = await this.#inTurn(() => this.#begin(base, entries))
      try {
        return await begun.outcome
      } catch (error) {
        const moved = error instanceof CofferError && error.reason === 'moved'
        if (!moved || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Runs `work` after all that came before it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** Plans and hands to the mailbox, without waiting for the disk: the next append plans on top meanwhile. */
  async #begin(
    base: Cursor,
    entries: readonly Candidate[],
  ): Promise<{ readonly outcome: Promise<VaultAppended> }> {
    const ids = new Map(entries.map((entry) => [entry.id, entry]))
    // The same entry in flight already (a client that reconnected and sends again): first let it land.
    const twins = [...this.#inFlight].filter((one) => [...ids.keys()].some((id) => one.ids.has(id)))
    await Promise.allSettled(twins.map((one) => one.done))
    const { before, plan } = await this.#plan([...ids.values()])
    const links = plan.links.length
    const done = this.#mailbox.append(this.id, base, entries, {
      registers: registersOf(before, plan),
      reserve: links > 0,
    })
    this.#planned = plan.state
    const outcome = this.#settle(done, plan.state, new Set(ids.keys()))
    return { outcome: outcome.then((appended) => ({ ...appended, links })) }
  }

  async #plan(entries: readonly Candidate[]): Promise<{ before: VaultState; plan: Plan }> {
    for (let reloaded = false; ; reloaded = true) {
      const before = this.#planned ?? (await this.#load())
      const ids = entries.map((entry) => entry.id)
      const places = await this.#mailbox.find(this.id, ids)
      const fresh = entries.filter((_, i) => places[i] === undefined)
      try {
        return { before, plan: planEntries(before, fresh, this.#relay) }
      } catch (error) {
        // Another relay on the same store may have written what this entry rests on.
        if (reloaded || !(await this.#isBehind())) throw error
        this.#forget()
      }
    }
  }

  /** Whether the store has moved on without us. */
  async #isBehind(): Promise<boolean> {
    await Promise.allSettled([...this.#inFlight].map((one) => one.done))
    const state = this.#durable
    if (state === undefined) return true
    const [tip] = await this.#mailbox.registers(this.id, REGISTERS.tip)
    if (tip === undefined || !equal(tip.body, bytesOf(chainHead(state).hash))) return true
    const rows = await this.#mailbox.registers(this.id, REGISTERS.writers)
    return rows.some(({ key, body }) => {
      const known = writerBody(state, key.slice(REGISTERS.writers.length) as DeviceId)
      return known === undefined || !equal(known, body)
    })
  }

  #forget(): void {
    this.#era++
    this.#durable = undefined
    this.#planned = undefined
  }

  async #settle(
    done: Promise<Appended>,
    after: VaultState,
    ids: ReadonlySet<EntryId>,
  ): Promise<Appended> {
    const era = this.#era
    const one = { ids, done }
    this.#inFlight.add(one)
    try {
      const appended = await done
      if (era === this.#era) this.#durable = after
      return appended
    } catch (error) {
      this.#failed(after, error)
      throw error
    } finally {
      this.#inFlight.delete(one)
    }
  }

  /** An append failed: what was planned on top of it can't be the state. */
  #failed(after: VaultState, error: unknown): void {
    const known = error instanceof CofferError && HARMLESS.has(error.reason ?? '')
    if (known && this.#inFlight.size === 1 && this.#planned === after) {
      this.#planned = this.#durable
      return
    }
    this.#forget()
  }

  async #load(): Promise<VaultState> {
    await Promise.allSettled([...this.#inFlight].map((one) => one.done))
    if ((await this.#mailbox.info(this.id)) === undefined) {
      this.#onAbsent?.()
      throw notThere()
    }
    const membership = await this.#fold()
    const writers = new Map<DeviceId, Writer>()
    for (const { key, body } of await this.#mailbox.registers(this.id, REGISTERS.writers)) {
      writers.set(key.slice(REGISTERS.writers.length) as DeviceId, decodeWriter(body))
    }
    const state = { membership, writers }
    this.#durable = state
    this.#planned = state
    return state
  }

  async #fold(): Promise<VaultState['membership']> {
    try {
      let rows = await this.#links(0)
      const { membership } = openVault(rows.slice(0, 1)).state
      for (let from = 0; rows.length > 0; rows = await this.#links(from)) {
        for (const body of from === 0 ? rows.slice(1) : rows) addStoredLink(membership, body)
        from += rows.length
      }
      return membership
    } catch (error) {
      throw mailboxError('damaged', 'a stored chain does not hold', error)
    }
  }

  async #links(from: number): Promise<Bytes[]> {
    const after = from === 0 ? {} : { after: REGISTERS.link(from - 1) }
    const rows = await this.#mailbox.registers(this.id, REGISTERS.chain, { ...PAGE, ...after })
    return rows.map(({ body }) => body)
  }
}

/** Reasons after which the store is known to be as it was. */
const HARMLESS: ReadonlySet<string> = new Set<MailboxReason>([
  'stale-base',
  'diverged',
  'quota',
  'too-large',
  'busy',
])

/** What a plan changes beside the log; each write compares with what the plan was made on. */
function registersOf(before: VaultState, plan: Plan): RegisterWrite[] {
  const tip = (state: VaultState): Bytes => bytesOf(chainHead(state).hash)
  const writes: RegisterWrite[] = [
    { key: REGISTERS.tip, expect: tip(before), body: tip(plan.state) },
  ]
  for (const { n, body } of plan.links) {
    writes.push({ key: REGISTERS.link(n), expect: 'absent', body })
  }
  for (const device of plan.writers) {
    const expect = writerBody(before, device) ?? 'absent'
    writes.push({ key: REGISTERS.writer(device), expect, body: writerBody(plan.state, device) })
  }
  for (const invite of plan.closedInvites) {
    writes.push({ key: REGISTERS.join(invite), body: undefined })
  }
  return writes
}
