import { VERSION, type ActionOf, type Cut } from './link.js'
import {
  epochAt,
  headOf,
  readersOf,
  roleAt,
  type CutRecord,
  type DeviceRecord,
  type Membership,
} from './membership.js'
import { RIGHTS, type Role } from './roles.js'
import { refuse, type Apply } from './rules.js'
import { signedSnapshot, type Snapshot } from './snapshot.js'

// Checkpoints (SPEC section 5): a link that names a snapshot, by a device that has computed it anew.

/** How far from its maker a checkpoint's author must be: who could have looked, decides. */
export type Witness = 'user' | 'device' | 'none'

type Author = { readonly device: DeviceRecord; readonly role: Role; readonly n: number }

/**
 * Who must co-sign a device's snapshot: a reading device of another user where there is one, else another device of the
 * same user, else nobody. Recovery devices lie in a drawer: they don't count.
 */
export function witnessFor(m: Membership, { id, userId }: DeviceRecord): Witness {
  const readers = readersOf(m).filter((one) => !one.recovery)
  if (readers.some((one) => one.userId !== userId)) return 'user'
  return readers.some((one) => one.id !== id) ? 'device' : 'none'
}

/** Whether `author` may name what `maker` made. */
export function mayWitness(m: Membership, maker: DeviceRecord, author: DeviceRecord): boolean {
  switch (witnessFor(m, maker)) {
    case 'user':
      return author.userId !== maker.userId
    case 'device':
      return author.id !== maker.id
    case 'none':
      return true
  }
}

/** The newest snapshot that the chain names. */
export function checkpointOf(m: Membership): Snapshot | undefined {
  return m.checkpoints.at(-1)?.snapshot
}

/** @throws CofferError `tampering`, `format` */
export function planCheckpoint(
  m: Membership,
  { snapshot: signed }: ActionOf<'checkpoint'>,
  author: Author,
): Apply {
  const snapshot = signedSnapshot.read(signed)
  if (snapshot.vaultId !== m.vaultId) refuse('foreign-vault', 'its snapshot is of another vault')
  if (snapshot.version !== VERSION) refuse('bad-checkpoint', 'its snapshot is of another version')
  const head = headOf(m)
  if (snapshot.memberHead.n !== head.n || snapshot.memberHead.hash !== head.hash)
    refuse('bad-checkpoint', 'its snapshot is of another chain than the one that it follows')
  if (snapshot.epoch !== epochAt(m)) refuse('wrong-epoch', 'its snapshot names another epoch')
  checkProgress(checkpointOf(m), snapshot)
  const maker = m.devices.get(snapshot.device)
  const role = roleAt(m, snapshot.device)
  if (
    maker === undefined ||
    role === undefined ||
    !RIGHTS[role].reads ||
    !RIGHTS[author.role].reads
  )
    return refuse('not-authorised', 'who made or names a snapshot must be able to read')
  signedSnapshot.check(signed, maker.keys.sign)
  if (!mayWitness(m, maker, author.device))
    refuse('own-witness', 'its snapshot must be confirmed by somebody else')
  return () => m.checkpoints.push({ from: author.n, snapshot, id: signedSnapshot.id(signed) })
}

const placeOf = ({ device, seq, hash }: Snapshot['heads'][number]): string =>
  `${device} ${String(seq).padStart(16)} ${hash}`

/** A snapshot reaches further than the one before it, and covers what that covers. */
function checkProgress(before: Snapshot | undefined, snapshot: Snapshot): void {
  const places = snapshot.heads.map(placeOf)
  if (places.some((one, i) => i > 0 && one <= (places[i - 1] ?? '')) || snapshot.pos === 0)
    refuse('bad-checkpoint', 'its heads are unordered or doubled')
  if (before === undefined) return
  const covered = before.heads.every((old) =>
    snapshot.heads.some((now) => now.device === old.device && now.seq >= old.seq),
  )
  if (snapshot.pos <= before.pos || !covered)
    refuse('bad-checkpoint', 'it goes back behind the checkpoint before it')
}

/**
 * A cut can't void what a checkpoint covers: the relay may have pruned what would be needed to tell, and nobody erases a
 * vault by a cut at 0. @throws CofferError `tampering` (reason `below-checkpoint`)
 */
export function checkAboveCheckpoint(
  m: Membership,
  cuts: readonly Cut[],
  losing: ReadonlySet<string>,
): void {
  for (const head of checkpointOf(m)?.heads ?? []) {
    if (!losing.has(head.device)) continue
    const above = cuts.some(
      ({ device, seq, hash }) =>
        device === head.device && (seq > head.seq || (seq === head.seq && hash === head.hash)),
    )
    if (!above) refuse('below-checkpoint', 'it voids changes that a checkpoint covers')
  }
}

/** What was void when a checkpoint was made stays so. @throws CofferError `tampering` (reason `below-checkpoint`) */
export function checkRaisable(m: Membership, { from }: CutRecord): void {
  if (m.checkpoints.some(({ snapshot }) => from <= snapshot.memberHead.n))
    refuse('below-checkpoint', 'it raises a cut that a checkpoint has made final')
}
