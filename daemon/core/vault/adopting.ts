import { decode } from '../../../shared/codec.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { epochAt, roleAt, type Membership } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import { signedCodec, type Signed } from '../../../shared/log/signed.js'
import { signedSnapshot, type Snapshot } from '../../../shared/log/snapshot.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import type { ChangeId, ChangesetHash, DeviceId } from '../../../shared/ids.js'
import { changeIdOf, signedHeader } from '../../../shared/log/changeset.js'
import { badSnapshot, changesIn, type LeafProof } from '../../../shared/log/snapshot-tree.js'
import type { Bytes } from '../../../shared/bytes.js'
import type { Base, BaseWants } from './base.js'
import type { Chain } from './chain.js'
import type { Drafts } from './drafts.js'
import type { Graph } from './graph.js'
import type { Intake, KeptEntry, Outcome } from './intake.js'
import type { Op } from './records.js'

/** What a slot holds, as the relay found it: the proof, and the entries of those changes. */
export type FoundSlot = { readonly leaf: LeafProof; readonly entries: readonly KeptEntry[] }

/** One piece of a snapshot, as the relay gave it. */
export type BasePiece = {
  readonly wanted: BaseWants
  readonly rows: Bytes
  readonly entries: readonly KeptEntry[]
  readonly more: boolean
}

type Parts = {
  readonly device: DeviceId
  readonly chain: Chain
  readonly graph: Graph
  readonly drafts: Drafts
  readonly intake: Intake
  readonly base: Base
}

/** Going on from a snapshot (SPEC section 9): what a device does that can't, or needn't, read a log from its start. */
export class Adopting {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Whether nothing of the relay's log was ever read. */
  get isFresh(): boolean {
    const { pos, reading } = this.#parts.intake.cursor
    return pos === 0 && reading === 0
  }

  /** What of the snapshot that this device went on from is to be fetched next; undefined: nothing. */
  get wants(): BaseWants | undefined {
    return this.#parts.base.wants
  }

  /**
   * Goes on from the one of these signed snapshots that reaches furthest and counts: the chain names it, or a device of
   * this person or of somebody who manages the vault has signed it. Nothing happens when none does. What this device has
   * stays; what it sent and the snapshot covers is at the relay.
   */
  adopt(bodies: readonly Bytes[]): Op[] {
    const { chain, intake, base } = this.#parts
    const m = chain.membership
    const found = bodies
      .flatMap((body) => (m === undefined ? [] : (this.#acceptable(m, body) ?? [])))
      .toSorted((one, other) => other.snapshot.pos - one.snapshot.pos)[0]
    if (found === undefined) return []
    const ops = base.begin(found.signed, intake.cursor.reading)
    return [...ops, ...intake.adopt(found.snapshot), ...this.#settle()]
  }

  #acceptable(m: Membership, body: Bytes): { signed: Signed; snapshot: Snapshot } | undefined {
    try {
      const signed = decode(signedCodec, body, 'a signed snapshot', LIMITS.signedSnapshot)
      const snapshot = signedSnapshot.read(signed)
      const named = m.checkpoints.some(({ id }) => id === signedSnapshot.id(signed))
      return named || this.#mayMake(m, signed, snapshot) ? { signed, snapshot } : undefined
    } catch (error) {
      if (error instanceof CofferError) return undefined
      throw error
    }
  }

  #mayMake(m: Membership, signed: Signed, snapshot: Snapshot): boolean {
    const { n, hash } = snapshot.memberHead
    const maker = m.devices.get(snapshot.device)
    const role = maker && roleAt(m, maker.id)
    if (maker === undefined || role === undefined || snapshot.vaultId !== m.vaultId) return false
    signedSnapshot.check(signed, maker.keys.sign)
    const own = maker.userId === m.devices.get(this.#parts.device)?.userId && RIGHTS[role].reads
    const inChain = m.hashes[n] === hash && snapshot.epoch === epochAt(m, n) && snapshot.pos > 0
    return inChain && (own || RIGHTS[role].manages)
  }

  /** Starts the log over; a snapshot that isn't here as a whole is no help with that. */
  rewind(): Op[] {
    const { base, intake } = this.#parts
    return [...(base.wants === undefined ? [] : base.end()), ...intake.rewind()]
  }

  /** Own entries of the outbox that the snapshot covers need not be met. */
  #settle(): Op[] {
    const { device, graph, drafts } = this.#parts
    const covered = new Set<ChangesetHash>()
    const away = drafts.outbox().filter(({ body }) => {
      const entry = decodeEntry(body)
      if (entry.kind === 'link') return false
      if (entry.kind === 'items') return covered.has(entry.body.changeset)
      const { device: author, seq } = signedHeader.read(entry.body.signed)
      if (author !== device || !graph.covers(device, seq)) return false
      covered.add(signedHeader.id(entry.body.signed))
      return true
    })
    return drafts.settle(away.map(({ id }) => id))
  }

  /**
   * Takes in what the relay found in one slot, ahead of its turn: of a changeset with other changes those don't show
   * before all rows are here. @throws CofferError `tampering` (reason `bad-snapshot`)
   */
  find({ upto, slot }: { readonly upto: number; readonly slot: Bytes }, found: FoundSlot): Outcome {
    const { base, intake } = this.#parts
    const { snapshot } = base
    if (snapshot?.pos !== upto || base.wants === undefined) return NOTHING
    const ids = new Set(changesIn(snapshot, slot, found.leaf))
    checkPlaces(found.entries, upto)
    return intake.takeKept(found.entries, (hash, count) =>
      Array.from({ length: count }, (_, index) => index).filter((index) =>
        ids.has(changeIdOf(hash, index)),
      ),
    )
  }

  /**
   * Takes in a bundle's changesets, of which those changes count that its maker signed. Nothing of a log is known then:
   * the replica is good for reading only.
   */
  bundled(entries: readonly Bytes[], changes: ReadonlySet<ChangeId>): Outcome {
    const kept = entries.map((body, i) => ({ pos: i + 1, body }))
    return this.#parts.intake.takeKept(kept, (hash, count) =>
      Array.from({ length: count }, (_, index) => index).filter((index) =>
        changes.has(changeIdOf(hash, index)),
      ),
    )
  }

  /** Takes one piece in; one that isn't wanted any more is passed over. @throws CofferError `tampering` (`bad-snapshot`) */
  take({ wanted, rows, entries, more }: BasePiece): Outcome {
    const { base, intake } = this.#parts
    const now = base.wants
    const fits =
      now !== undefined &&
      now.upto === wanted.upto &&
      now.part === wanted.part &&
      now.after === wanted.after
    if (!fits) return NOTHING
    if (now.part === 'rows') {
      const { ops, judged } = base.takeRows(rows, more)
      return { ...NOTHING, ops, changed: judged }
    }
    checkPlaces(entries, wanted.upto)
    const { here, ...outcome } = intake.takeKept(entries, (hash, count) => base.keptOf(hash, count))
    const after = entries.at(-1)?.pos ?? wanted.after
    const goesOn = more && entries.length > 0
    return { ...outcome, ops: [...outcome.ops, ...base.advance(after, goesOn, here)] }
  }
}

function checkPlaces(entries: readonly KeptEntry[], upto: number): void {
  if (entries.some(({ pos }) => pos === 0 || pos > upto))
    badSnapshot('it has entries from after it')
}

const NOTHING: Outcome = {
  ops: [],
  changed: [],
  linksChanged: false,
  alarms: [],
  acknowledged: [],
}
