import { u32be, utf8, type Bytes } from '../../../shared/bytes.js'
import { decode } from '../../../shared/codec.js'
import type { ChangesetHash, DeviceId, EntryId, VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { signedLink, type Action, type Link } from '../../../shared/log/link.js'
import type { Membership } from '../../../shared/log/membership.js'
import type { Alarm } from './alarm.js'
import { Ancestry } from './ancestry.js'
import { Chain, type Identity } from './chain.js'
import type { Change, NewChange } from './change.js'
import { Clock } from './clock.js'
import { Cuts } from './cuts.js'
import { Drafts, type OutboxEntry } from './drafts.js'
import { gone, storedEntries } from './entries.js'
import { grantOf, type Grant, type Source } from './grants.js'
import { Forks } from './forks.js'
import { Graph } from './graph.js'
import { Heads } from './heads.js'
import { Adopting } from './adopting.js'
import type { Waits } from './arrival.js'
import { Base } from './base.js'
import { Inbound } from './inbound.js'
import { Intake, type Outcome } from './intake.js'
import { Names, type Current } from './names.js'
import { Opening } from './opening.js'
import { sealedToRecordCodec, type Env, type LogCursor, type Op, type Space } from './records.js'
import type { ReplicaParts } from './parts.js'
import { Restoring } from './restoring.js'
import { Snapshots } from './snapshot.js'
import { Values } from './values.js'
import { Verification } from './verify.js'

/**
 * One vault on this device: a deterministic state without I/O (ARCHITECTURE). Methods change memory and give the
 * records to write; when writing fails, the shell drops the replica and loads it again. One call at a time.
 */
export class Replica {
  readonly vaultId: VaultId
  /** This device. */
  readonly own: DeviceId
  readonly chain: Chain
  readonly graph = new Graph()
  readonly cuts: Cuts
  readonly opening: Opening
  readonly forks: Forks
  readonly #env: Env
  readonly #names: Names
  readonly #values: Values
  readonly #clock = new Clock()
  readonly #drafts: Drafts
  readonly #inbound: Inbound
  readonly #heads: Heads
  readonly #intake: Intake
  readonly snapshots: Snapshots
  readonly #base: Base
  /** Going on from a snapshot instead of a log. */
  readonly adopting: Adopting
  #restoring: Restoring | undefined

  /** An empty replica, to be restored (`load.ts`) or fed by `ingestChain` and `ingest`. */
  constructor(env: Env, identity: Identity, vaultId: VaultId) {
    this.vaultId = vaultId
    this.own = identity.device
    this.#env = env
    this.chain = new Chain(identity, vaultId)
    const [chain, graph] = [this.chain, this.graph]
    const forks = (this.forks = new Forks(chain))
    this.cuts = new Cuts(chain, graph)
    const { covers } = new Ancestry(graph)
    this.#names = new Names({ isVoid: this.cuts.isVoid, covers, isRetired: graph.isRetired })
    this.opening = new Opening(identity, chain)
    this.#values = new Values(env.reader, chain, this.opening, this.cuts)
    this.#base = new Base({ chain, graph, names: this.#names })
    const [names, values, opening, clock] = [this.#names, this.#values, this.opening, this.#clock]
    const parts = { chain, graph, names, opening, values, cuts: this.cuts, clock }
    this.#drafts = new Drafts(env, identity, parts)
    this.#inbound = new Inbound(env.reader, parts)
    this.#heads = new Heads(env, identity, this.chain, forks)
    const [drafts, inbound, heads] = [this.#drafts, this.#inbound, this.#heads]
    this.#intake = new Intake(env, identity, { ...parts, drafts, inbound, heads, forks })
    const [intake, base, { device }] = [this.#intake, this.#base, identity]
    this.snapshots = new Snapshots(env, identity, { ...parts, inbound, intake, base })
    this.adopting = new Adopting({ device, chain, graph, drafts, intake, base })
  }

  get membership(): Membership | undefined {
    return this.chain.membership
  }

  get cursor(): LogCursor {
    return this.#intake.cursor
  }

  /** Ordinals: of the oldest draft that waits to be sealed, and of the newest that ever was. */
  get draftSpan(): { readonly first: number | undefined; readonly last: number } {
    return this.#drafts.span
  }

  get draftCount(): number {
    return this.#drafts.drafts
  }

  get outboxCount(): number {
    return this.#drafts.outbox().length
  }

  get isForked(): boolean {
    return this.forks.open.length > 0
  }

  /** Whether this device may write now: drafts of one that may not are never sealed. */
  get mayWrite(): boolean {
    return this.#drafts.maySend && !this.isForked
  }

  /** Changes that were cut off with their device, and that nobody has built on since: somebody may write them anew. */
  lost(): Change[] {
    return this.#names.unsuperseded(this.cuts.lost)
  }

  /** Changesets that came and wait for something that didn't. */
  waiting(): { hash: ChangesetHash; waits: Waits }[] {
    return this.#inbound.waiting()
  }

  // ---- reads

  /** What a name holds, a delete included; undefined when it never was. */
  current(space: Space, name: string): Current | undefined {
    return this.#names.current(space, name)
  }

  /** What a name holds when it holds a value. */
  get(space: Space, name: string): Current | undefined {
    const found = this.#names.current(space, name)
    return found?.winner.kind === 'put' ? found : undefined
  }

  /** Every name that holds a value, unsorted. */
  live(space: Space): Iterable<Current> {
    return this.#names.live(space)
  }

  /** Every change that was opened, and drafts. */
  changes(): Iterable<Change> {
    return this.#names.all()
  }

  conflicts(): Iterable<Current> {
    return this.#names.conflicts()
  }

  history(space: Space, name: string): Change[] {
    return this.#names.history(space, name)
  }

  /** A put's value (see Values.of). @throws CofferError `refused`, `not-found`, `tampering`, `storage` */
  value(change: Change): Bytes {
    return this.#values.of(change)
  }

  /** What a runner is given, as the settings say now. */
  grant(runner: DeviceId): Grant | undefined {
    const current: Source['current'] = (space, name) => this.#names.current(space, name)
    return grantOf({ current, value: (change) => this.#values.of(change) }, runner)
  }

  /** The runners that this device sealed a name to last time; undefined when it never did. */
  sealedTo(name: string): readonly DeviceId[] | undefined {
    const record = this.#env.reader.get('sealedTo', utf8(name))
    return record && decode(sealedToRecordCodec, record, 'a record', LIMITS.frame).readers
  }

  // ---- local writes

  /** Writes one transaction as a draft. Names, sizes and rights are the caller's to check. */
  write(changes: readonly NewChange[]): { ops: Op[]; changes: Change[] } {
    return this.#drafts.write(changes)
  }

  /** Signs a link on the present head: make the ops durable, then send the entry (see Chain.propose). */
  propose(action: Action, wraps?: Bytes): { ops: Op[]; entry: Bytes } {
    return this.chain.propose(action, wraps, this.#env.now())
  }

  /** Takes links in ahead of the log: a joiner's first, an own one that was accepted, or after a lost race. */
  ingestChain(entries: readonly Bytes[]): Outcome {
    return this.#intake.ingestChain(entries)
  }

  // ---- sync

  /** Takes in contiguous log entries (see Intake.ingest). */
  ingest(from: number, bodies: readonly Bytes[], generation: number): Outcome {
    return this.#intake.ingest(from, bodies, generation)
  }

  /** Starts the log over, after the relay was restored or diverged. What is here stays; it is met again. */
  rewind(): Op[] {
    return this.adopting.rewind()
  }

  /** Own sealed entries that the log hasn't shown, verbatim and in order. */
  outbox(): OutboxEntry[] {
    return this.#drafts.outbox()
  }

  /** Seals the oldest drafts (see Drafts.seal); undefined when there are none. */
  sealNext(limit: {
    entries: number
    bytes: number
  }): { ops: Op[]; entries: OutboxEntry[] } | undefined {
    return this.mayWrite ? this.#drafts.seal(limit) : undefined
  }

  /** Settles entries of the outbox that stand where the relay says, in what was read (see Intake.confirm). */
  confirm(places: readonly { readonly id: EntryId; readonly pos: number }[]): Op[] {
    return this.#intake.confirm(places)
  }

  /**
   * After a rewind and catching up: changesets that the relay's log lacks go into the outbox. While there is `more`, it is
   * to be called again, as soon as these ops are durable, with nothing but local writes in between.
   */
  restoreLost(): { readonly ops: Op[]; readonly more: boolean } {
    const { reading } = this.cursor
    this.#restoring ??= new Restoring(
      { reader: this.#env.reader, drafts: this.#drafts, graph: this.graph, m: this.membership },
      this.graph.lost(reading, this.#base.isOf(reading)),
    )
    const batch = this.#restoring.next()
    if (!batch.more) this.#restoring = undefined
    return batch
  }

  /** Link entries from the n-th on, verbatim. */
  chainEntries(from: number): Bytes[] {
    const out: Bytes[] = []
    const length = this.chain.membership?.hashes.length ?? 0
    for (let n = from; n < length; n++) out.push(this.#env.reader.get('link', u32be(n)) ?? gone())
    return out
  }

  /** A changeset's entries, verbatim. @throws CofferError `storage` (reason `corrupt`) */
  entriesOf = (hash: ChangesetHash): Bytes[] => storedEntries(this.#env.reader, hash)

  /** The n-th link, which is there. @throws CofferError `storage` (reason `corrupt`) */
  linkAt(n: number): Link {
    const entry = decodeEntry(this.#env.reader.get('link', u32be(n)) ?? gone())
    return entry.kind === 'link' ? signedLink.read(entry.body.signed) : gone()
  }

  /** Checks all that is on disk again (see Verification). @throws CofferError `stale` while the vault is loading */
  verification(): Verification {
    return new Verification(this.#env.reader, this)
  }

  /** This device's signed word on what it saw of the log. */
  signedHead(): Bytes {
    return this.#heads.sign(this.cursor)
  }

  /** Compares another device's signed head with what this one saw, now or once it gets there. */
  checkHead(body: Bytes): { readonly ops: readonly Op[]; readonly alarms: readonly Alarm[] } {
    return this.#heads.check(body, this.cursor)
  }

  /** The furthest place of the log that another device signed to have read, past this one's cursor. */
  get ahead(): { readonly generation: number; readonly pos: number } | undefined {
    return this.#heads.ahead
  }

  /** When (milliseconds since 1970) the newest signed head of another active device was made that agreed, if any. */
  get confirmedAt(): number | undefined {
    return this.#heads.newest
  }

  /** The time of one other device's newest signed head, by its clock, if any came. */
  seenAt(device: DeviceId): number | undefined {
    return this.#heads.seenAt(device)
  }

  /** What the clock that is ahead of all others said last, by signed heads. */
  get latestClock(): number | undefined {
    return this.#heads.latest
  }

  /** The parts that `load.ts` restores from the store. */
  parts(): ReplicaParts {
    const [names, cuts, clock, drafts] = [this.#names, this.cuts, this.#clock, this.#drafts]
    const [inbound, heads, base] = [this.#inbound, this.#heads, this.#base]
    return { names, cuts, clock, drafts, inbound, heads, base }
  }

  restoreCursor(cursor: LogCursor): void {
    this.#intake.cursor = cursor
  }
}
