import { displayText } from '../../../shared/display.js'
import type { Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { Params } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Change, NewChange } from '../../core/vault/change.js'
import type { Replica } from '../../core/vault/replica.js'
import { isBlind } from '../../core/vault/sealing.js'
import type { Place } from '../place.js'
import {
  namedRunners,
  typedRunner,
  type NamedRunner,
  type ShownRunner,
} from '../runners/runners.js'
import { ownRole, type Session } from '../session.js'

// Sealed secrets as a person meets them: they can be written, and nothing else.

/** A version's value. @throws CofferError `refused` (reason `sealed`), `tampering`, `storage` */
export function openValue(
  { shell, reference }: Pick<Place, 'shell' | 'reference'>,
  change: Change,
): Bytes {
  if (change.sealed === undefined) return shell.replica.value(change)
  throw new CofferError(
    'refused',
    `${displayText(reference)} is sealed: nobody but the runners that it was sealed to opens it`,
    { reason: 'sealed', next: 'write it anew: coffer set --sealed NAME' },
  )
}

export function isSealed(replica: Replica, name: string): boolean {
  const siblings = replica.current('secret', name)?.siblings ?? []
  return siblings.some(({ sealed }) => sealed !== undefined)
}

/** Names the runners that a version was sealed to, those that are none any more by their ids alone. */
export function shownReaders(replica: Replica): (change: Change) => ShownRunner[] {
  const runners = new Map(namedRunners(replica).map(({ record, shown }) => [record.id, shown]))
  return ({ readers = [] }) =>
    readers.map((id) => runners.get(id) ?? { deviceId: id, name: '', fingerprint: null })
}

/**
 * Refuses to put something readable in the place of what is sealed, and, where this device can't read, anything readable.
 * @throws CofferError `refused` (reason `sealed`, `role`)
 */
export function checkStaysSealed(replica: Replica, changes: readonly NewChange[]): void {
  if (isBlind(replica.chain) && changes.some(({ sealedTo }) => sealedTo === undefined)) {
    throw new CofferError('refused', 'this device may write sealed secrets only (it is a sealer)', {
      reason: 'role',
      next: 'say to whom: coffer set --sealed --to RUNNER NAME',
    })
  }
  for (const { space, name, value, sealedTo } of changes) {
    if (space !== 'secret' || value === undefined || sealedTo !== undefined) continue
    if (!isSealed(replica, name)) continue
    throw new CofferError('refused', `${displayText(name)} is sealed, and this would be readable`, {
      reason: 'sealed',
      next: 'seal it again: coffer set --sealed NAME, or say coffer set --unseal NAME',
    })
  }
}

/** What `run` says of sealed secrets, which it can't give to a child. */
export function sealedWarning(names: readonly string[]): Warning[] {
  if (names.length === 0) return []
  const shown = names.slice(0, 10).map(displayText).join(', ')
  const more = names.length > 10 ? ` and ${names.length - 10} more` : ''
  return [{ code: 'sealed', message: `sealed, left out: ${shown}${more}` }]
}

type Seal = NonNullable<Params<'secretSet'>['seal']>

/**
 * The runners that a secret is sealed to: those named, or those that are granted it, if this device has sealed the name to
 * all of them before, or to nobody yet.
 * @throws CofferError `refused` (reason `no-reader`, `new-reader`), `not-found`, `usage`
 */
export function chosenReaders(
  session: Session,
  replica: Replica,
  { name, reference }: Place,
  { to }: Seal,
): NamedRunner[] {
  if (to.length > 0) {
    const all = to.map((typed) => typedRunner(replica, typed))
    return [...new Map(all.map((one) => [one.record.id, one])).values()]
  }
  const role = ownRole(session, replica)
  if (role !== undefined && !RIGHTS[role].reads) throw unsaid()
  const now = session.world.now()
  const granted = namedRunners(replica).filter(({ record }) => {
    const grant = replica.grant(record.id)
    return grant !== undefined && grant.expires > now && grant.names.includes(name)
  })
  if (granted.length === 0) throw noReader(reference)
  const before = replica.sealedTo(name)
  const fresh = granted.filter(({ record }) => before?.includes(record.id) === false)
  if (fresh.length > 0) throw newReader(reference, granted, fresh)
  return granted
}

function unsaid(): CofferError {
  return new CofferError('usage', "this device can't read who is granted the secret", {
    reason: 'no-reader',
    next: 'name the runners by the fingerprints of coffer runner ls: --to FINGERPRINT',
  })
}

function noReader(reference: string): CofferError {
  return new CofferError('refused', `no runner is granted ${displayText(reference)}`, {
    reason: 'no-reader',
    next: 'have an admin grant it (coffer runner grant RUNNER NAME), or name one: --to RUNNER',
  })
}

function newReader(
  reference: string,
  granted: readonly NamedRunner[],
  fresh: readonly NamedRunner[],
): CofferError {
  const say = ({ shown: { name, fingerprint, deviceId } }: NamedRunner): string =>
    `${displayText(name)} (${fingerprint ?? deviceId.slice(0, 16)})`
  const all = granted.map(({ shown }) => `--to ${displayText(shown.name)}`).join(' ')
  return new CofferError(
    'refused',
    `${displayText(reference)} is granted to a runner that it wasn't sealed to last time: ${fresh.map(say).join(', ')}`,
    { reason: 'new-reader', next: `if that is meant, say so: ${all}` },
  )
}
