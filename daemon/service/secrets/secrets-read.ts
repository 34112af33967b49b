import { Buffer } from 'node:buffer'
import type { Bytes } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import type { Current } from '../../core/vault/names.js'
import { isBelow } from '../../core/vault/reference.js'
import { isOffline } from '../../core/vault/selection.js'
import type { Replica } from '../../core/vault/replica.js'
import { checkDemands, readFresh } from '../trust/fresh.js'
import { lookUp } from '../snapshots/lookups.js'
import { mayNotRead, missing, stillLoading } from './missing.js'
import { placeOf, prefixOf, type Place } from '../place.js'
import { openValue, shownReaders } from './sealing.js'
import type { VaultShell } from '../../vault/shell.js'
import type { Session } from '../session.js'
import { isQueued } from '../queue.js'
import { byCodePoint } from '../text.js'
import { forkWarningOnce } from '../trust/forks.js'
import { authors, findVersion, historyOf, versionRef, warningsOf } from './versions.js'

// Reads: of memory and the local store alone. Only a vault that is still loading is waited for, briefly.

export const MAX_WARNINGS = 100

export function base64(bytes: Bytes): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Waits for something in a vault that is still loading. @throws CofferError `stale` when it didn't come in time */
export async function awaitLoaded(
  session: Session,
  { shell, reference, name }: Place,
  offline: boolean,
  signal: AbortSignal,
  there: (replica: Replica) => boolean,
): Promise<void> {
  const { loading } = session
  const holds = (): boolean => there(shell.replica)
  if (holds() || !loading.has(shell.vaultId)) return
  if (!offline && (await found(session, shell, name, holds, signal))) return
  if (loading.has(shell.vaultId)) throw stillLoading(displayText(reference))
}

async function found(
  session: Session,
  shell: VaultShell,
  name: string,
  holds: () => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const stop = lookUp(session, shell, name)
  try {
    return await session.loading.wait(shell, holds, signal)
  } finally {
    stop()
  }
}

export async function getSecret(
  session: Session,
  params: Params<'secretGet'>,
  signal: AbortSignal,
): Promise<Result<'secretGet'>> {
  const { context, name, version, strict } = params
  await readFresh(session, params, signal)
  const place = await placeOf(session, context, name)
  const wanted = (replica: Replica): boolean =>
    version === undefined
      ? replica.get('secret', place.name) !== undefined
      : replica.current('secret', place.name) !== undefined
  await awaitLoaded(session, place, isOffline(context), signal, wanted)
  const demanded = await checkDemands(session, [place], params)
  const { replica } = place.shell
  const current = replica.current('secret', place.name)
  const history = historyOf(replica, place.name)
  if (current === undefined) throw missing(session, place)
  if (strict === true) checkNoConflict(place, current)
  const change = version === undefined ? current.winner : findVersion(history, version)
  if (change.kind !== 'put') throw missing(session, place)
  return {
    reference: place.reference,
    value: base64(openValue(place, change)),
    version: versionRef(history, change),
    at: change.wall,
    author: authors(session, replica)(change),
    ...(change.note === undefined ? {} : { note: change.note }),
    warnings: [...demanded, ...warningsOf(place.name, current), ...loadingWarning(session, place)],
  }
}

export function checkNoConflict({ reference }: Place, { conflict, siblings }: Current): void {
  if (!conflict) return
  throw new CofferError(
    'conflict',
    `${displayText(reference)} has ${siblings.length} values written apart`,
    { reason: 'siblings', next: 'see coffer conflicts' },
  )
}

function loadingWarning(session: Session, { shell }: Place): Warning[] {
  const { loading } = session
  if (mayNotRead(session, shell.replica)) {
    return [
      { code: 'role', message: 'this device sees that the project exists, and may not read it' },
    ]
  }
  const forked = forkWarningOnce(shell)
  if (!loading.has(shell.vaultId)) return forked
  return [
    ...forked,
    { code: 'loading', message: 'the vault is still loading: newer versions may follow' },
  ]
}

function isEmpty(many: Iterable<unknown>): boolean {
  for (const _ of many) return false
  return true
}

export async function listSecrets(
  session: Session,
  params: Params<'secretList'>,
  signal: AbortSignal,
): Promise<Result<'secretList'>> {
  const { context, prefix } = params
  await readFresh(session, params, signal)
  const place = await prefixOf(session, context, prefix)
  const { loading } = session
  // The first entries make a list: what isn't there yet is said by `loading`.
  const any = (replica: Replica): boolean => !isEmpty(replica.live('secret'))
  if (!isOffline(context)) await loading.wait(place.shell, () => any(place.shell.replica), signal)
  const demanded = await checkDemands(session, [place], params)
  const { replica } = place.shell
  const authorOf = authors(session, replica)
  const live = [...replica.live('secret')].filter(({ winner }) => isBelow(winner.name, place.name))
  const secrets = live
    .toSorted((a, b) => byCodePoint(a.winner.name, b.winner.name))
    .map(({ winner, conflict }) => ({
      name: winner.name,
      version: versionRef(historyOf(replica, winner.name), winner),
      at: winner.wall,
      author: authorOf(winner),
      conflict,
      queued: isQueued(replica, winner),
      ...(winner.sealed === undefined ? {} : { sealed: true }),
    }))
  return {
    vault: place.vault,
    loading: loading.has(place.shell.vaultId),
    secrets,
    warnings: [...demanded, ...loadingWarning(session, place)],
  }
}

export async function secretHistory(
  session: Session,
  { context, name }: Params<'secretHistory'>,
  signal: AbortSignal,
): Promise<Result<'secretHistory'>> {
  const place = await placeOf(session, context, name)
  const known = (replica: Replica): boolean => replica.current('secret', place.name) !== undefined
  await awaitLoaded(session, place, isOffline(context), signal, known)
  const { replica } = place.shell
  const current = replica.current('secret', place.name)
  if (current === undefined) throw missing(session, place)
  const history = historyOf(replica, place.name)
  const authorOf = authors(session, replica)
  const siblings = new Set(current.siblings.map(({ id }) => id))
  const readersOf = shownReaders(replica)
  const versions = history.map((change) => ({
    version: versionRef(history, change),
    kind: change.kind,
    at: change.wall,
    author: authorOf(change),
    ...(change.note === undefined ? {} : { note: change.note }),
    ...(change.kind === 'put' ? { size: change.size } : {}),
    current: change.id === current.winner.id,
    sibling: current.conflict && siblings.has(change.id),
    queued: isQueued(replica, change),
    ...(change.sealed === undefined ? {} : { sealed: true, sealedTo: readersOf(change) }),
    futureClock: change.ahead,
  }))
  return {
    reference: place.reference,
    versions,
    warnings: [...warningsOf(place.name, current), ...loadingWarning(session, place)],
  }
}
