import { Buffer } from 'node:buffer'
import type { Bytes } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { childVariables, isIdentifier } from '../../core/plain/variables.js'
import type { Current } from '../../core/vault/names.js'
import { isBelow } from '../../core/vault/reference.js'
import { isOffline } from '../../core/vault/selection.js'
import type { Replica } from '../../core/vault/replica.js'
import { checkDemands, readFresh } from '../trust/fresh.js'
import { lookUp } from '../snapshots/lookups.js'
import { mayNotRead, missing, stillLoading } from './missing.js'
import { placeOf, prefixOf, variablePlace, type Place } from '../place.js'
import { openValue, sealedWarning } from './sealing.js'
import type { VaultShell } from '../../vault/shell.js'
import type { Session } from '../session.js'
import { isQueued } from '../queue.js'
import { byCodePoint } from '../text.js'
import { authors, findVersion, historyOf, versionRef, warningsOf } from './versions.js'

// Reads: of memory and the local store alone. Only a vault that is still loading is waited for, briefly.

export const MAX_WARNINGS = 100
const NOTHING = new Uint8Array(0)

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
  if (!loading.has(shell.vaultId)) return []
  return [{ code: 'loading', message: 'the vault is still loading: newer versions may follow' }]
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
    ...(change.sealed === undefined ? {} : { sealed: true }),
    futureClock: change.ahead,
  }))
  return {
    reference: place.reference,
    versions,
    warnings: [...warningsOf(place.name, current), ...loadingWarning(session, place)],
  }
}

type Chosen = { readonly place: Place; readonly current: Current; readonly value: Bytes }

export async function secretEnvironment(
  session: Session,
  params: Params<'secretEnvironment'>,
  signal: AbortSignal,
): Promise<Result<'secretEnvironment'>> {
  const { only, allow, strict } = params
  await readFresh(session, params, signal)
  const places = await environmentPlaces(session, params, signal)
  const demanded = await checkDemands(session, places, params)
  const chosen =
    only === undefined
      ? places.flatMap(wholeVault)
      : places.map((one) => chosenSecret(session, one))
  if (strict === true) for (const { place, current } of chosen) checkNoConflict(place, current)
  const { variables, skipped } = childVariables(
    chosen.map(({ current, value }) => ({ name: current.winner.name, value })),
    only !== undefined,
    allow,
  )
  const sealed = only === undefined ? places.flatMap(sealedNames) : []
  const warnings = [
    ...sealedWarning(sealed),
    ...chosen.flatMap(({ current }) => warningsOf(current.winner.name, current)),
  ]
  return {
    vault: places[0]?.vault ?? { vaultId: session.vaults.userVault, kind: 'user' },
    variables: variables.map(({ name, value }) => ({ name, value: base64(value) })),
    skipped,
    warnings: [...demanded, ...warnings].slice(0, MAX_WARNINGS),
  }
}

function sealedNames({ shell }: Place): string[] {
  const live = [...shell.replica.live('secret')].filter(({ winner }) => winner.sealed !== undefined)
  return live.map(({ winner }) => winner.name).toSorted(byCodePoint)
}

/** Where what becomes variables stands, loaded: one place for each name, or one for a whole vault. */
async function environmentPlaces(
  session: Session,
  { context, only }: Params<'secretEnvironment'>,
  signal: AbortSignal,
): Promise<Place[]> {
  const load = async (name: string | undefined): Promise<Place> => {
    const place = await variablePlace(session, context, name)
    // A child that lacks half of its variables is worse than one that doesn't start.
    const there = (replica: Replica): boolean =>
      name !== undefined && replica.get('secret', place.name) !== undefined
    await awaitLoaded(session, place, isOffline(context), signal, there)
    return place
  }
  return Promise.all((only ?? [undefined]).map(load))
}

function wholeVault(place: Place): Chosen[] {
  const { replica } = place.shell
  return [...replica.live('secret')]
    .filter(({ winner }) => winner.sealed === undefined)
    .toSorted((a, b) => byCodePoint(a.winner.name, b.winner.name))
    .map((current) => {
      // What can't be a variable needn't be opened.
      const value = isIdentifier(current.winner.name) ? replica.value(current.winner) : NOTHING
      return { place, current, value }
    })
}

function chosenSecret(session: Session, place: Place): Chosen {
  const { replica } = place.shell
  const current = replica.get('secret', place.name)
  if (current === undefined) throw missing(session, place)
  return { place, current, value: openValue(place, current.winner) }
}
