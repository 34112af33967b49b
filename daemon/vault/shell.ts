import type { Bytes } from '../../shared/bytes.js'
import type { LinkHash, VaultId } from '../../shared/ids.js'
import type { Identity } from '../core/vault/chain.js'
import type { Alarm } from '../core/vault/alarm.js'
import type { Change, NewChange } from '../core/vault/change.js'
import { createReplica, type NewVault } from '../core/vault/create.js'
import { BRANCH_LEFT, followOps, leavingOps } from '../core/vault/leaving.js'
import { loadReplica } from '../core/vault/load.js'
import type { Op, Reader, Row } from '../core/vault/records.js'
import type { Outcome } from '../core/vault/intake.js'
import type { Replica } from '../core/vault/replica.js'
import { factsOf, type VaultFacts } from '../core/sync/port.js'
import type { VaultPort } from '../sync/vault-port.js'
import { Emitter } from './emitter.js'
import { Mutex } from './mutex.js'
import { ReplicaPort } from './replica-port.js'
import type { Notices } from './notices.js'
import type { ShellEnv, VaultEvent } from './vault-event.js'
import { VaultRecords } from './vault-records.js'
import { asError, lacksOwnHistory, lockedMeanwhile, type VaultStore } from './vault-store.js'

/**
 * One open vault of this device: its replica in memory and its store on disk, changed together, one change at a time.
 * A change's ops are one durable batch before anybody hears of it. A batch that fails throws the replica away and
 * loads it anew: memory never holds more than the disk but for the batch in flight.
 */
export class VaultShell extends ReplicaPort implements VaultPort {
  readonly vaultId: VaultId
  readonly #identity: Identity
  readonly #records: VaultRecords
  readonly #env: ShellEnv
  readonly #events: Emitter<VaultEvent>
  readonly #mutex = new Mutex()
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
  /** Links of other branches that were looked at, and whether this device went over to one since the last ingest. */
  #looked = 0
  #left = false

  private constructor(
    env: ShellEnv,
    identity: Identity,
    vaultId: VaultId,
    records: VaultRecords,
    rows: readonly Row[],
  ) {
    super()
    this.vaultId = vaultId
    this.#env = env
    this.#identity = identity
    this.#records = records
    this.#events = new Emitter(env.onError)
    this.#replica = this.#load(rows)
    for (const row of rows) records.notices.restore(row)
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
    return VaultShell.open(env, identity, replica.vaultId, await openStore(replica.vaultId), ops)
  }

  /**
   * Opens the vault in `store`, which it owns from then on; one of which nothing has come yet waits to be fed. `first`:
   * records that it starts with.
   * @throws CofferError `storage`, and others when its records don't fit together
   */
  static async open(
    env: ShellEnv,
    identity: Identity,
    vaultId: VaultId,
    store: VaultStore,
    first: readonly Op[] = [],
  ): Promise<VaultShell> {
    try {
      const records = new VaultRecords(store)
      await records.write(first)
      return new VaultShell(env, identity, vaultId, records, await records.rows())
    } catch (error) {
      await store.close()
      throw error
    }
  }

  #load(rows: readonly Row[]): Replica {
    const { random, now } = this.#env
    const env = { random, now, reader: this.#records }
    return loadReplica(env, this.#identity, this.vaultId, rows)
  }

  /**
   * The vault's state now: for use at once, without waiting in between.
   * @throws CofferError `locked` after `close`, `storage` when the disk failed
   */
  get replica(): Replica {
    if (this.#closed) throw lockedMeanwhile()
    if (this.#broken !== undefined) throw this.#broken
    return this.#replica
  }

  facts(): VaultFacts {
    return this.#facts
  }

  /** What is known against the relay or members and no person has read (see Alarms). */
  get alarms(): readonly Alarm[] {
    return this.#records.notices.unread
  }

  /** What a person is to know; to be changed by `told` only. */
  get notices(): Notices {
    return this.#records.notices
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
    return this.#mutex.run(() => this.#apply(call))
  }

  /** To be called in turn only. A call that throws may have changed half: then, too, the disk decides. */
  async #apply<T extends { readonly ops: readonly Op[] }>(
    call: (replica: Replica) => T,
  ): Promise<T> {
    const { replica } = this
    try {
      const result = call(replica)
      await this.#records.write(result.ops)
      this.#facts = this.#factsNow()
      return result
    } catch (error) {
      await this.#reload()
      throw error
    }
  }

  async #reload(): Promise<void> {
    try {
      this.#replica = this.#load(await this.#records.rows())
    } catch (error) {
      this.#broken = asError(error)
    }
  }

  async ingest(...args: Parameters<Replica['ingest']>): Promise<readonly Alarm[]> {
    // What was pushed stands in another log than the one that is read now.
    const alarms = this.#left ? [] : await this.take((replica) => replica.ingest(...args))
    if (!this.#left) return alarms
    this.#left = false
    return [...alarms, BRANCH_LEFT]
  }

  /** Goes over to the branch that begins with this link (see followOps). */
  follow(first: LinkHash): Promise<void> {
    return this.#leave((replica) => followOps(replica, this.#identity, this.#records, first))
  }

  /** Goes over to another branch of the chain: all is loaded anew from what that leaves on disk. */
  async #leave(plan: (replica: Replica) => readonly Op[] | undefined): Promise<void> {
    const left = await this.#mutex.run(async () => {
      const ops = plan(this.replica)
      if (ops === undefined) return false
      this.#note([BRANCH_LEFT])
      await this.#records.write(ops)
      await this.#reload()
      this.#facts = this.#factsNow()
      return true
    })
    if (!left) return
    this.#left = true
    this.#events.emit({ kind: 'alarm', alarm: BRANCH_LEFT })
    this.#events.emit({ kind: 'links' })
    this.#events.emit({ kind: 'counts' })
  }

  async ingestChain(entries: readonly Bytes[]): Promise<void> {
    await this.take((replica) => replica.ingestChain(entries))
  }

  /** Takes something of the relay's in; resolves with the alarms that it raised. */
  async take(call: (replica: Replica) => Outcome): Promise<readonly Alarm[]> {
    const { outcome, news } = await this.change((replica) => {
      const outcome = call(replica)
      return { ops: outcome.ops, outcome, news: this.#note(outcome.alarms) }
    })
    const { alarms, changed, linksChanged } = outcome
    for (const alarm of news) this.#events.emit({ kind: 'alarm', alarm })
    if (linksChanged) this.#events.emit({ kind: 'links' })
    if (changed.length > 0) this.#events.emit({ kind: 'changed', names: changed, local: false })
    this.#events.emit({ kind: 'counts' })
    const { others, hasEnd } = this.replica.forks
    if (hasEnd && others.size !== this.#looked) {
      this.#looked = others.size
      await this.#leave((replica) => leavingOps(replica, this.#identity, this.#records))
    }
    return alarms
  }

  /** Keeps alarms for the batch that is made next; gives those that are news. */
  #note(alarms: readonly Alarm[]): Alarm[] {
    // What a repair lost comes back from the relay, own writes too.
    const honest = ({ reason }: Alarm): boolean => this.#rebuilt && reason === 'own-write-unknown'
    const now = this.#env.now()
    return alarms.filter((alarm) => !honest(alarm) && this.notices.note(alarm, now))
  }

  async adopt(snapshots: readonly Bytes[]): Promise<void> {
    await this.change((replica) => ({ ops: replica.adopting.adopt(snapshots) }))
    this.#events.emit({ kind: 'links' })
  }

  async restoreLost(): Promise<void> {
    let more = true
    while (more) ({ more } = await this.change((replica) => replica.restoreLost()))
    this.#events.emit({ kind: 'counts' })
  }

  async checkHead(head: Bytes): Promise<readonly Alarm[]> {
    const { alarms, news } = await this.change((replica) => {
      const checked = replica.checkHead(head)
      return { ...checked, news: this.#note(checked.alarms) }
    })
    for (const alarm of news) this.#events.emit({ kind: 'alarm', alarm })
    return alarms
  }

  alarm(alarm: Alarm): void {
    if (this.#note([alarm]).length === 0) return
    this.#events.emit({ kind: 'alarm', alarm })
    // What is to be kept goes along with the next batch, or makes one.
    this.change(() => ({ ops: [] })).catch(this.#env.onError)
  }

  /** Database keys of records that don't open: all are read. */
  damaged(): Promise<readonly Bytes[]> {
    return this.#records.damaged()
  }

  /** Ends after the batch in flight; keys are wiped. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#mutex.idle()
    for (const key of this.#replica.chain.keys.values()) key.fill(0)
    await this.#records.write([]).catch(this.#env.onError)
    await this.#records.close()
  }
}
