import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Current } from '../../core/vault/names.js'
import { isBelow } from '../../core/vault/reference.js'
import { isOffline } from '../../core/vault/selection.js'
import type { Replica } from '../../core/vault/replica.js'
import { checkDemands, readFresh } from '../trust/fresh.js'
import { placesOf, prefixOf, referenceIn, variablePlace, type Place } from '../place.js'
import type { Session } from '../session.js'
import { byCodePoint } from '../text.js'
import { missing } from './missing.js'
import { askedKey, pageOf, type Readable } from './page.js'
import { awaitLoaded, base64, checkNoConflict, MAX_WARNINGS } from './secrets-read.js'
import { historyOf, versionRef, warningsOf } from './versions.js'

// Many values at once: for files that are made of them, and for programs that get some.

type Request = Params<'secretReadMany'>
type Answer = Result<'secretReadMany'>
type Found = {
  readonly key: string
  readonly asked: string
  readonly place: Place
  readonly current: Current
}

/**
 * The values of the names asked for, or of a whole vault.
 * @throws CofferError `not-found` (an org or project), `stale`, `conflict` (strict), `refused` (`forChild`; a role)
 */
export async function readMany(
  session: Session,
  params: Request,
  signal: AbortSignal,
): Promise<Answer> {
  await readFresh(session, params, signal)
  const { names } = params
  const { places, found, absent } =
    names === undefined
      ? await wholeVault(session, params, signal)
      : await named(session, params, names, signal)
  const demanded = await checkDemands(session, places, params)
  if (params.strict === true)
    for (const { place, current } of found) checkNoConflict(place, current)
  const open = found.filter(({ current }) => current.winner.sealed === undefined)
  const { read, next } = pageOf(open.map(readable), params.after)
  const conflicts = read.flatMap(({ about: { current } }) =>
    warningsOf(current.winner.name, current),
  )
  return {
    secrets: read.map(({ about, value }) => ({ ...shown(about), value: base64(value) })),
    missing: absent,
    sealed: found
      .filter(({ current }) => current.winner.sealed !== undefined)
      .map(({ place }) => place.reference),
    next,
    warnings: [...demanded, ...conflicts].slice(0, MAX_WARNINGS),
  }
}

function readable(one: Found): Readable<Found> {
  const { place, current } = one
  return { key: one.key, about: one, open: () => place.shell.replica.value(current.winner) }
}

function shown({
  asked,
  place,
  current: { winner },
}: Found): Omit<Answer['secrets'][number], 'value'> {
  return {
    asked,
    reference: place.reference,
    name: winner.name,
    version: versionRef(historyOf(place.shell.replica, winner.name), winner),
    at: winner.wall,
    ...(winner.note === undefined ? {} : { note: winner.note }),
  }
}

type Gathered = {
  readonly places: readonly Place[]
  readonly found: Found[]
  readonly absent: Answer['missing']
}

async function named(
  session: Session,
  { context, forChild }: Request,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Gathered> {
  const places =
    forChild === true
      ? await Promise.all(names.map((name) => variablePlace(session, context, name)))
      : await placesOf(session, context, names)
  const found: Found[] = []
  const absent: Answer['missing'][number][] = []
  for (const [i, place] of places.entries()) {
    const asked = names[i] ?? place.name
    const there = (replica: Replica): boolean => replica.get('secret', place.name) !== undefined
    await awaitLoaded(session, place, isOffline(context), signal, there)
    const current = place.shell.replica.get('secret', place.name)
    if (current === undefined) absent.push(absence(session, asked, place))
    else found.push({ key: askedKey(i), asked, place, current })
  }
  return { places, found, absent }
}

/** @throws CofferError where it may be there after all: a vault that isn't here as a whole, or may not be read */
function absence(session: Session, asked: string, place: Place): Answer['missing'][number] {
  const error = missing(session, place)
  if (error.reason !== 'no-secret') throw error
  return { asked, reference: place.reference, message: error.message }
}

async function wholeVault(
  session: Session,
  { context, prefix, forChild }: Request,
  signal: AbortSignal,
): Promise<Gathered> {
  const place = await prefixOf(session, context, prefix)
  // The same vault by another way: whoever gives it to a program must have chosen it.
  if (forChild === true) await variablePlace(session, context, undefined)
  // Half of a vault is no whole.
  await awaitLoaded(session, place, isOffline(context), signal, () => false)
  const live = [...place.shell.replica.live('secret')]
    .filter(({ winner }) => isBelow(winner.name, place.name))
    .toSorted((a, b) => byCodePoint(a.winner.name, b.winner.name))
  const found = live.map((current) => {
    const { name } = current.winner
    const reference = referenceIn(place.vault, name)
    return { key: name, asked: name, place: { ...place, name, reference }, current }
  })
  return { places: [place], found, absent: [] }
}
