import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import type { Identity } from '../core/vault/chain.js'
import type { Alarm } from '../core/vault/alarm.js'
import type { Change, NewChange } from '../core/vault/change.js'
import { createReplica, type NewVault } from '../core/vault/create.js'
import { loadReplica } from '../core/vault/load.js'
import type { Op, Reader, Row } from '../core/vault/records.js'
import type { Outcome } from '../core/vault/intake.js'
import type { Replica } from '../core/vault/replica.js'
import { factsOf, type LogPlace, type SealLimits, type VaultFacts } from '../core/sync/port.js'
import type { VaultPort } from '../sync/vault-port.js'
import { Emitter } from './emitter.js'
import { Mutex } from './mutex.js'
import { keepAlarm, type ShellEnv, type VaultEvent } from './vault-event.js'
import { asError, lacksOwnHistory, recordKey, rowsOf, type VaultStore } from './vault-store.js'

/**
 * One open vault of this device: its replica in memory and its store on disk, changed together, one change at a time.
 * A change's ops are one durable batch before anybody hears of it. A batch that fails throws the replica away and
 * loads it anew: memory never holds more than the disk but for the batch in flight.
 */
export class VaultShell implements VaultPort {
  readonly vaultId: VaultId
  readonly #identity: Identity
  readonly #store: VaultStore
  readonly #env: ShellEnv
  readonly #events: Emitter<VaultEvent>
  readonly #mutex = new Mutex()
  /** Records of the batch in flight, which a read may meet before the store has them. */
  readonly #inFlight = new Map<string, Bytes | undefined>()
  readonly #alarms: Alarm[] = []
  #replica: Replica
  #facts: VaultFacts
  /** Why the replica couldn't be loaded anew: every call is refused with it. */
  #broken: Error | undefined
  /**
   * After a repair from the relay: the outbox holds own changesets that the graph lacks. Until the relay's log has shown
   * them no draft is sealed, or a sequence number would be signed twice.
   */
  #held: boolean
  /** Nothing of the vault but what was never sent was here when it was opened. */
  readonly #rebuilt: boolean
  #closed = false

  private constructor(
    env: ShellEnv,
    identity: Identity,
    vaultId: VaultId,
    store: VaultStore,
    rows: readonly Row[],
  ) {
    this.vaultId = vaultId
    this.#env = env
    this.#identity = identity
    this.#store = store
    this.#events = new Emitter(env.onError)
    this.#replica = this.#load(rows)
    this.#rebuilt = this.#replica.membership === undefined
    this.#held = lacksOwnHistory(this.#replica)
    this.#facts = this.#factsNow()
  }

  /** What syncing may go by. */
  #factsNow(): VaultFacts {
    const facts = factsOf(this.#replica)
    if (this.#held && facts.outbox.length > 0) return { ...facts, drafts: 0 }
    this.#held = false
    return facts
  }

  /**
   * Founds a vault: its genesis is durable in the store that `openStore` gives for the new id.
   * @throws CofferError `storage`
   */
  static async create(
    env: ShellEnv,
    identity: Identity,
    what: NewVault,
    openStore: (vaultId: VaultId) => Promise<VaultStore>,
  ): Promise<VaultShell> {
    const empty: Reader = { get: () => undefined }
    const { replica, ops } = createReplica({ ...env, reader: empty }, identity, what)
    const store = await openStore(replica.vaultId)
    try {
      await store.batch(ops)
      return await VaultShell.#loaded(env, identity, replica.vaultId, store)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  /**
   * Opens the vault in `store`, which it owns from then on; one of which nothing has come yet waits to be fed.
   * @throws CofferError `storage`, and others when its records don't fit together
   */
  static async open(
    env: ShellEnv,
    identity: Identity,
    vaultId: VaultId,
    store: VaultStore,
  ): Promise<VaultShell> {
    try {
      return await VaultShell.#loaded(env, identity, vaultId, store)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  static async #loaded(
    env: ShellEnv,
    identity: Identity,
    vaultId: VaultId,
    store: VaultStore,
  ): Promise<VaultShell> {
    return new VaultShell(env, identity, vaultId, store, await rowsOf(store))
  }

  #load(rows: readonly Row[]): Replica {
    const { random, now } = this.#env
    const env = { random, now, reader: this.#reader }
    return loadReplica(env, this.#identity, this.vaultId, rows)
  }

  readonly #reader: Reader = {
    get: (table, key) => {
      const at = recordKey(table, key)
      return this.#inFlight.has(at) ? this.#inFlight.get(at) : this.#store.get(table, key)
    },
  }

  /**
   * The vault's state now: for use at once, without waiting in between.
   * @throws CofferError `locked` after `close`, `storage` when the disk failed
   */
  get replica(): Replica {
    if (this.#closed) {
      throw new CofferError('locked', 'coffer was locked meanwhile', {
        reason: 'locked',
        next: 'run coffer unlock',
      })
    }
    if (this.#broken !== undefined) throw this.#broken
    return this.#replica
  }

  facts(): VaultFacts {
    return this.#facts
  }

  /** What is known against the relay or members since the vault was opened, oldest first (see keepAlarm). */
  get alarms(): readonly Alarm[] {
    return this.#alarms
  }

  /** @returns what ends the watching */
  watch(listener: (event: VaultEvent) => void): () => void {
    return this.#events.on(listener)
  }

  /**
   * One transaction of local writes, made from the state as it is when its turn comes: `plan` gives what to write
   * (nothing is allowed) and may refuse by throwing. Durable when it resolves.
   */
  async write(plan: (replica: Replica) => readonly NewChange[]): Promise<readonly Change[]> {
    const changes = await this.#mutex.run(async () => {
      const news = plan(this.replica)
      if (news.length === 0) return []
      return (await this.#apply((replica) => replica.write(news))).changes
    })
    if (changes.length > 0) {
      this.#events.emit({ kind: 'changed', names: changes, local: true })
      this.#events.emit({ kind: 'counts' })
    }
    return changes
  }

  /** Runs any other call that changes the replica and makes its ops durable. */
  change<T extends { readonly ops: readonly Op[] }>(call: (replica: Replica) => T): Promise<T> {
    return this.#mutate(call)
  }

  #mutate<T extends { readonly ops: readonly Op[] }>(call: (replica: Replica) => T): Promise<T> {
    return this.#mutex.run(() => this.#apply(call))
  }

  /** To be called in turn only. A call that throws may have changed half: then, too, the disk decides. */
  async #apply<T extends { readonly ops: readonly Op[] }>(
    call: (replica: Replica) => T,
  ): Promise<T> {
    const { replica } = this
    try {
      const result = call(replica)
      if (result.ops.length > 0) await this.#persist(result.ops)
      this.#facts = this.#factsNow()
      return result
    } catch (error) {
      await this.#reload()
      throw error
    }
  }

  async #persist(ops: readonly Op[]): Promise<void> {
    for (const { table, key, value } of ops) this.#inFlight.set(recordKey(table, key), value)
    try {
      await this.#store.batch(ops)
    } finally {
      this.#inFlight.clear()
    }
  }

  async #reload(): Promise<void> {
    try {
      this.#replica = this.#load(await rowsOf(this.#store))
    } catch (error) {
      this.#broken = asError(error)
    }
  }

  async ingest(
    from: number,
    bodies: readonly Bytes[],
    generation: number,
  ): Promise<readonly Alarm[]> {
    const outcome = await this.#mutate((replica) => replica.ingest(from, bodies, generation))
    this.#announce(outcome)
    return outcome.alarms
  }

  async ingestChain(entries: readonly Bytes[]): Promise<void> {
    this.#announce(await this.#mutate((replica) => replica.ingestChain(entries)))
  }

  #announce({ changed, linksChanged, alarms }: Outcome): void {
    for (const alarm of alarms) {
      // What a repair lost comes back from the relay, own writes too.
      if (!this.#rebuilt || alarm.reason !== 'own-write-unknown') this.alarm(alarm)
    }
    if (linksChanged) this.#events.emit({ kind: 'links' })
    if (changed.length > 0) this.#events.emit({ kind: 'changed', names: changed, local: false })
    this.#events.emit({ kind: 'counts' })
  }

  async seal(limits: SealLimits): Promise<void> {
    await this.#mutate((replica) => replica.sealNext(limits) ?? { ops: [] })
  }

  async rewind(): Promise<void> {
    await this.#mutate((replica) => ({ ops: replica.rewind() }))
  }

  async restoreLost(): Promise<void> {
    let more = true
    while (more) ({ more } = await this.#mutate((replica) => replica.restoreLost()))
    this.#events.emit({ kind: 'counts' })
  }

  async confirm(places: readonly LogPlace[]): Promise<void> {
    await this.#mutate((replica) => ({ ops: replica.confirm(places) }))
  }

  async chainEntries(from: number): Promise<readonly Bytes[]> {
    return this.replica.chainEntries(from)
  }

  async signedHead(): Promise<Bytes> {
    return this.replica.signedHead()
  }

  async checkHead(head: Bytes): Promise<readonly Alarm[]> {
    const { alarms } = await this.#mutate((replica) => ({
      ops: [],
      alarms: replica.checkHead(head),
    }))
    for (const alarm of alarms) this.alarm(alarm)
    return alarms
  }

  alarm(alarm: Alarm): void {
    if (!keepAlarm(this.#alarms, alarm)) return
    this.#events.emit({ kind: 'alarm', alarm })
  }

  /** Database keys of records that don't open: all are read. */
  damaged(): Promise<readonly Bytes[]> {
    return this.#store.damaged()
  }

  /** Ends after the batch in flight; keys are wiped. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#mutex.idle()
    for (const key of this.#replica.chain.keys.values()) key.fill(0)
    await this.#store.close()
  }
}
