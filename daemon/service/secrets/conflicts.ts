import { Buffer } from 'node:buffer'
import { CofferError } from '../../../shared/errors.js'
import { displayText } from '../../../shared/display.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Change } from '../../core/vault/change.js'
import { mergeBase } from '../../core/vault/merge-base.js'
import type { Current } from '../../core/vault/names.js'
import type { Replica } from '../../core/vault/replica.js'
import { placeOf, prefixOf, refOf, referenceIn } from '../place.js'
import { openValue } from './sealing.js'
import { writeTo, written } from './secrets-write.js'
import type { Session } from '../session.js'
import { byCodePoint } from '../text.js'
import { authors, findVersion, historyOf, versionRef } from './versions.js'

type Conflict = Result<'conflictsList'>['conflicts'][number]

/** The secrets of a vault that hold several values written apart. */
export function* secretConflicts(replica: Replica): Generator<Current> {
  for (const current of replica.conflicts()) if (current.winner.space === 'secret') yield current
}

function describe(
  session: Session,
  replica: Replica,
  reference: string,
  { siblings, winner }: Current,
): Conflict {
  const history = historyOf(replica, winner.name)
  const authorOf = authors(session, replica)
  const described = (change: Change) => ({
    version: versionRef(history, change),
    kind: change.kind,
    at: change.wall,
    author: authorOf(change),
    ...(change.kind === 'put' ? { size: change.size } : {}),
  })
  const base = mergeBase(history, siblings)
  return {
    reference,
    ...(base === undefined ? {} : { base: described(base) }),
    siblings: siblings.slice(0, 64).map((change) => ({
      ...described(change),
      winner: change.id === winner.id,
    })),
  }
}

export async function listConflicts(
  session: Session,
  { context, name, all }: Params<'conflictsList'>,
): Promise<Result<'conflictsList'>> {
  if (all === true) return { conflicts: everyConflict(session) }
  if (name !== undefined) {
    const { shell, name: found, reference } = await placeOf(session, context, name)
    const current = shell.replica.current('secret', found)
    if (current?.conflict !== true) return { conflicts: [] }
    return { conflicts: [describe(session, shell.replica, reference, current)] }
  }
  const { shell, vault } = await prefixOf(session, context, undefined)
  const conflicts = [...secretConflicts(shell.replica)].map((current) =>
    describe(session, shell.replica, referenceIn(vault, current.winner.name), current),
  )
  return { conflicts: sorted(conflicts) }
}

function everyConflict(session: Session): Conflict[] {
  const conflicts: Conflict[] = []
  for (const { vaultId, shell } of session.vaults.all()) {
    const vault = refOf(session, vaultId)
    if (shell === undefined || vault === undefined || vault.kind === 'org') continue
    for (const current of secretConflicts(shell.replica)) {
      const reference = referenceIn(vault, current.winner.name)
      conflicts.push(describe(session, shell.replica, reference, current))
    }
  }
  return sorted(conflicts)
}

function sorted(conflicts: Conflict[]): Conflict[] {
  return conflicts.toSorted((a, b) => byCodePoint(a.reference, b.reference))
}

/** Writes one content above all siblings. @throws CofferError `not-found` (reason `no-conflict`) */
export async function resolveConflict(
  session: Session,
  { context, name, choice }: Params<'conflictsResolve'>,
): Promise<Result<'conflictsResolve'>> {
  const place = await placeOf(session, context, name)
  const { created } = await writeTo(session, place, (replica) => {
    const current = replica.current('secret', place.name)
    if (current?.conflict !== true) {
      throw new CofferError('not-found', `${displayText(place.reference)} has no conflict`, {
        reason: 'no-conflict',
        next: 'see coffer conflicts',
      })
    }
    if (choice.kind === 'value') {
      const value = new Uint8Array(Buffer.from(choice.value, 'base64'))
      return [{ space: 'secret', name: place.name, value }]
    }
    const change = findVersion(historyOf(replica, place.name), choice.version)
    const value = change.kind === 'put' ? openValue(place, change) : undefined
    return [{ space: 'secret', name: place.name, value }]
  })
  return written(place, created)
}
