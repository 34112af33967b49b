import { CofferError } from '../../../shared/errors.js'
import { displayText } from '../../../shared/display.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Change } from '../../core/vault/change.js'
import type { Replica } from '../../core/vault/replica.js'
import { placeOf, prefixOf, referenceIn } from '../place.js'
import { writeTo, written } from '../secrets/secrets-write.js'
import type { Session } from '../session.js'
import { byCodePoint } from '../text.js'
import { authors, findVersion, historyOf, versionRef } from '../secrets/versions.js'

// Writes that were cut off with their device (SPEC section 5): they show nowhere, and may be written anew by somebody who is
// in the vault. What is written above one isn't lost any more.

function lostSecrets(replica: Replica): Change[] {
  return replica.lost().filter(({ space }) => space === 'secret')
}

export async function listLost(
  session: Session,
  { context }: Params<'lostList'>,
): Promise<Result<'lostList'>> {
  const { shell, vault } = await prefixOf(session, context, undefined)
  const { replica } = shell
  const authorOf = authors(session, replica)
  const lost = lostSecrets(replica).map((change) => ({
    reference: referenceIn(vault, change.name),
    version: versionRef(historyOf(replica, change.name), change),
    kind: change.kind,
    at: change.wall,
    author: authorOf(change),
    ...(change.kind === 'put' ? { size: change.size } : {}),
  }))
  const sorted = lost.toSorted((a, b) => byCodePoint(a.reference, b.reference) || a.at - b.at)
  return { vault, lost: sorted.slice(0, LIMITS.listed) }
}

export async function restoreLost(
  session: Session,
  { context, name, version }: Params<'lostRestore'>,
): Promise<Result<'lostRestore'>> {
  const place = await placeOf(session, context, name)
  const { created } = await writeTo(session, place, (replica) => {
    const history = historyOf(replica, place.name)
    const ids = new Set(lostSecrets(replica).map(({ id }) => id))
    const lost = history.filter(({ id }) => ids.has(id))
    const wanted = version === undefined ? lost[0] : findVersion(history, version)
    if (wanted === undefined || !ids.has(wanted.id)) {
      throw new CofferError('not-found', `nothing of ${displayText(place.reference)} was cut off`, {
        reason: 'not-lost',
        next: 'see coffer lost',
      })
    }
    const live = replica.current('secret', place.name)?.siblings ?? []
    const parents = [wanted.id, ...live.map(({ id }) => id)].slice(0, LIMITS.parents)
    const value = wanted.kind === 'put' ? replica.value(wanted) : undefined
    const note = wanted.note === undefined ? {} : { note: wanted.note }
    return [{ space: 'secret', name: place.name, value, parents, ...note }]
  })
  return written(place, created)
}
