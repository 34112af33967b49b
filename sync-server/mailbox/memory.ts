import type { Bytes } from '../../shared/bytes.js'
import type { EntryId, VaultId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import {
  DEFAULT_CAPS,
  mailboxError,
  noVault,
  type AppendOptions,
  type Appended,
  type LogEntry,
  type Mailbox,
  type MailboxCaps,
  type PlacedEntry,
  type ReadLimits,
  type ReadResult,
  type Register,
  type RegisterPage,
  type RegisterWrite,
  type Snapshot,
  type VaultInfo,
  type VaultInit,
} from './mailbox.js'
import {
  charged,
  checkExpected,
  checkOnLog,
  checkPrunable,
  checkSize,
  checkSnapshotPlace,
  costOf,
} from './rules.js'

type Vault = {
  /** Entries above the floor, by position - floor - 1. */
  log: PlacedEntry[]
  /** Entries below it that a prune kept, by position. */
  kept: Map<number, PlacedEntry>
  places: Map<EntryId, number>
  floor: Cursor
  registers: Map<string, Bytes>
  snapshots: Snapshot[]
  bytes: number
  quota: number
}

function headOf(vault: Vault): Cursor {
  const last = vault.log.at(-1)
  return last === undefined ? vault.floor : { pos: last.pos, entryId: last.id }
}

function idAt(vault: Vault, pos: number): EntryId | undefined {
  if (pos === vault.floor.pos) return vault.floor.entryId
  return vault.log[pos - vault.floor.pos - 1]?.id
}

function checkCursor(vault: Vault, cursor: Cursor): void {
  const [floor, head] = [vault.floor.pos, headOf(vault).pos]
  checkOnLog(cursor, { floor, head, idAt: (pos) => idAt(vault, pos) })
}

function registerCost(vault: Vault, writes: readonly RegisterWrite[], wrap: number): number {
  let cost = 0
  for (const { key, body } of writes) {
    cost += costOf(body, wrap) - costOf(vault.registers.get(key), wrap)
  }
  return cost
}

/** A mailbox of plain maps: for tests and trials; it forgets everything with its process. */
export class MemoryMailbox implements Mailbox {
  readonly #vaults = new Map<VaultId, Vault>()
  readonly #caps: MailboxCaps
  #generation = 1
  #mark: Bytes | undefined
  #closed = false

  constructor(caps: MailboxCaps = DEFAULT_CAPS) {
    this.#caps = caps
  }

  async createVault(
    id: VaultId,
    init: VaultInit,
  ): Promise<Appended & { readonly existed: boolean }> {
    this.#checkOpen()
    const there = this.#vaults.get(id)
    if (there !== undefined) {
      const positions = init.entries.map((entry) => there.places.get(entry.id) ?? 0)
      return { positions, head: headOf(there), added: 0, existed: true }
    }
    const vault: Vault = {
      log: [],
      kept: new Map(),
      places: new Map(),
      floor: { pos: 0 },
      registers: new Map(),
      snapshots: [],
      bytes: 0,
      quota: init.quota,
    }
    const done = this.#append(vault, init.entries, { registers: init.registers, reserve: true })
    this.#vaults.set(id, vault)
    return { ...done, existed: false }
  }

  async info(id: VaultId): Promise<VaultInfo | undefined> {
    this.#checkOpen()
    const vault = this.#vaults.get(id)
    if (vault === undefined) return undefined
    const { floor, bytes, quota } = vault
    return { head: headOf(vault), floor, generation: this.#generation, bytes, quota }
  }

  async append(
    id: VaultId,
    base: Cursor,
    entries: readonly LogEntry[],
    options: AppendOptions = {},
  ): Promise<Appended> {
    const vault = this.#vault(id)
    checkCursor(vault, base)
    return this.#append(vault, entries, options)
  }

  #append(vault: Vault, entries: readonly LogEntry[], options: AppendOptions): Appended {
    const positions: number[] = []
    const fresh: PlacedEntry[] = []
    const places = new Map<EntryId, number>()
    let cost = 0
    for (const entry of entries) {
      checkSize(entry.body, this.#caps.entry, this.#caps.wrap, 'an entry')
      let pos = vault.places.get(entry.id) ?? places.get(entry.id)
      if (pos === undefined) {
        pos = headOf(vault).pos + fresh.length + 1
        fresh.push({ ...entry, pos })
        places.set(entry.id, pos)
        cost += costOf(entry.body, this.#caps.wrap)
      }
      positions.push(pos)
    }
    if (fresh.length > 0) {
      const registers = options.registers ?? []
      this.#write(vault, registers, cost, options.reserve ?? false)
      vault.log.push(...fresh)
      for (const [entryId, pos] of places) vault.places.set(entryId, pos)
    }
    return { positions, head: headOf(vault), added: fresh.length }
  }

  /** Checks everything, then writes registers and charges `cost` bytes more. */
  #write(vault: Vault, writes: readonly RegisterWrite[], cost: number, reserve: boolean): void {
    for (const { key, expect, body } of writes) {
      if (body !== undefined) checkSize(body, this.#caps.entry, this.#caps.wrap, 'a register')
      checkExpected(vault.registers.get(key), expect)
    }
    const total = cost + registerCost(vault, writes, this.#caps.wrap)
    const bytes = charged(vault, total, reserve ? this.#caps.reserve : 0)
    for (const { key, body } of writes) {
      if (body === undefined) vault.registers.delete(key)
      else vault.registers.set(key, body)
    }
    vault.bytes = bytes
  }

  async find(id: VaultId, ids: readonly EntryId[]): Promise<(number | undefined)[]> {
    const vault = this.#vault(id)
    return ids.map((entry) => vault.places.get(entry))
  }

  async read(id: VaultId, after: Cursor, limits: ReadLimits): Promise<ReadResult> {
    const vault = this.#vault(id)
    checkCursor(vault, after)
    const entries: PlacedEntry[] = []
    let size = 0
    for (const entry of vault.log.slice(after.pos - vault.floor.pos)) {
      size += entry.body.length
      if (entries.length > 0 && (size > limits.bytes || entries.length >= limits.entries)) break
      entries.push(entry)
    }
    return {
      entries,
      head: headOf(vault).pos,
      floor: vault.floor.pos,
      generation: this.#generation,
    }
  }

  async heads(ids: readonly VaultId[]): Promise<Map<VaultId, number>> {
    this.#checkOpen()
    const heads = new Map<VaultId, number>()
    for (const id of ids) {
      const vault = this.#vaults.get(id)
      if (vault !== undefined) heads.set(id, headOf(vault).pos)
    }
    return heads
  }

  async putRegister(id: VaultId, key: string, body: Bytes): Promise<void> {
    this.#write(this.#vault(id), [{ key, body }], 0, true)
  }

  async removeRegister(id: VaultId, key: string): Promise<void> {
    this.#write(this.#vault(id), [{ key, body: undefined }], 0, true)
  }

  async registers(id: VaultId, prefix: string, page?: RegisterPage): Promise<Register[]> {
    const found: Register[] = []
    let size = 0
    const keys = [...this.#vault(id).registers].filter(([key]) => key.startsWith(prefix))
    for (const [key, body] of keys.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (page?.after !== undefined && key <= page.after) continue
      size += body.length
      if (page && found.length > 0 && (size > page.bytes || found.length >= page.entries)) break
      found.push({ key, body })
    }
    return found
  }

  async putSnapshot(id: VaultId, upto: number, body: Bytes): Promise<void> {
    const vault = this.#vault(id)
    const { snapshot, wrap } = this.#caps
    checkSize(body, snapshot, wrap, 'a snapshot')
    checkSnapshotPlace(upto, vault.snapshots.at(-1)?.upto ?? vault.floor.pos, headOf(vault).pos)
    const dropped = vault.snapshots.length === 2 ? vault.snapshots[0] : undefined
    this.#write(vault, [], costOf(body, wrap) - costOf(dropped?.body, wrap), true)
    vault.snapshots = [...vault.snapshots.slice(-1), { upto, body }]
  }

  async getSnapshot(id: VaultId, upto?: number): Promise<Snapshot | undefined> {
    const { snapshots } = this.#vault(id)
    return upto === undefined ? snapshots.at(-1) : snapshots.find((one) => one.upto === upto)
  }

  async prune(
    id: VaultId,
    floor: number,
    kept: ReadonlySet<number> = new Set<number>(),
  ): Promise<void> {
    const vault = this.#vault(id)
    if (floor <= vault.floor.pos) return
    checkPrunable(floor, vault.snapshots[0]?.upto)
    const entryId = idAt(vault, floor)
    const passed = vault.log.splice(0, floor - vault.floor.pos)
    const before = [...vault.kept.values(), ...passed]
    vault.kept = new Map(before.filter(({ pos }) => kept.has(pos)).map((one) => [one.pos, one]))
    for (const entry of before.filter(({ pos }) => !kept.has(pos))) {
      vault.places.delete(entry.id)
      vault.bytes -= costOf(entry.body, this.#caps.wrap)
    }
    vault.floor = { pos: floor, ...(entryId === undefined ? {} : { entryId }) }
  }

  async readAt(id: VaultId, positions: readonly number[]): Promise<PlacedEntry[]> {
    const vault = this.#vault(id)
    return positions.flatMap((pos) => {
      const entry = vault.kept.get(pos) ?? vault.log[pos - vault.floor.pos - 1]
      return entry === undefined ? [] : [entry]
    })
  }

  async mark(): Promise<Bytes | undefined> {
    return this.#mark
  }

  async setMark(body: Bytes): Promise<void> {
    if (this.#vaults.size > 0) throw mailboxError('not-empty', 'the store has vaults')
    this.#mark = body
  }

  async raiseGeneration(): Promise<number> {
    return ++this.#generation
  }

  async health(): Promise<void> {
    this.#checkOpen()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #checkOpen(): void {
    if (this.#closed) throw mailboxError('unavailable', 'the mailbox is closed')
  }

  #vault(id: VaultId): Vault {
    this.#checkOpen()
    const vault = this.#vaults.get(id)
    if (vault === undefined) throw noVault()
    return vault
  }
}
