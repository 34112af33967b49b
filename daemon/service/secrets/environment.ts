import type { Bytes } from '../../../shared/bytes.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { childVariables, isIdentifier, mergedVariables } from '../../core/plain/variables.js'
import type { Current } from '../../core/vault/names.js'
import type { Replica } from '../../core/vault/replica.js'
import { isOffline } from '../../core/vault/selection.js'
import { bothSelections, variablePlace, type Place, type Selections } from '../place.js'
import type { Session } from '../session.js'
import { byCodePoint } from '../text.js'
import { checkDemands, readFresh } from '../trust/fresh.js'
import { filesOf, mappingOf, type Mapping } from './mapping.js'
import { missing } from './missing.js'
import { openValue, sealedWarning } from './sealing.js'
import { awaitLoaded, base64, checkNoConflict, MAX_WARNINGS } from './secrets-read.js'
import { warningsOf } from './versions.js'

// The variables of a child.

const NOTHING = new Uint8Array(0)

type Request = Params<'secretEnvironment'>
type Chosen = { readonly place: Place; readonly current: Current; readonly value: Bytes }

/**
 * What `run` gives a child, all of it or a refusal by name.
 * @throws CofferError `not-found`, `refused` (`not-allowed`, `loader-variable`, `sealed`, a role), `stale`, `conflict`
 * (strict), `format` and `limit` (`not-a-variable`)
 */
export async function secretEnvironment(
  session: Session,
  params: Request,
  signal: AbortSignal,
): Promise<Result<'secretEnvironment'>> {
  const { context, strict, allow } = params
  await readFresh(session, params, signal)
  const selections = await bothSelections(session, context)
  const mapping = mappingOf(session, selections, params)
  const { base, mapped } = await placesFor(session, params, selections, mapping, signal)
  const places = [...base, ...mapped.map(({ place }) => place)]
  const demanded = await checkDemands(session, places, params)
  const whole = mapping.only === undefined
  const plain = whole ? base.flatMap(wholeVault) : base.map((place) => chosenSecret(session, place))
  const named = mapped.map(({ variable, place }) => ({
    variable,
    ...chosenSecret(session, place),
  }))
  const chosen = [...plain, ...named]
  if (strict === true) for (const { place, current } of chosen) checkNoConflict(place, current)
  const own = plain.map(({ current, value }) => ({ name: current.winner.name, value }))
  const { variables, skipped } = childVariables(own, !whole, allow)
  const renamed = named.map(({ variable, value }) => ({ name: variable, value }))
  const all = mergedVariables(variables, childVariables(renamed, true, allow).variables)
  const sealed = whole ? base.flatMap(sealedNames) : []
  const conflicts = chosen.flatMap(({ current }) => warningsOf(current.winner.name, current))
  return {
    vault: places[0]?.vault ?? { vaultId: session.vaults.userVault, kind: 'user' },
    variables: all.map(({ name, value }) => ({ name, value: base64(value) })),
    skipped,
    ...(await filesOf(session, params, selections, mapping)),
    warnings: [...demanded, ...sealedWarning(sealed), ...conflicts].slice(0, MAX_WARNINGS),
  }
}

function sealedNames({ shell }: Place): string[] {
  const live = [...shell.replica.live('secret')].filter(({ winner }) => winner.sealed !== undefined)
  return live.map(({ winner }) => winner.name).toSorted(byCodePoint)
}

type Places = {
  /** One for each name, or one for a whole vault. */
  readonly base: readonly Place[]
  readonly mapped: readonly { readonly variable: string; readonly place: Place }[]
}

/** Where what becomes variables stands, loaded. */
async function placesFor(
  session: Session,
  { context }: Request,
  selections: Selections,
  { only, map }: Mapping,
  signal: AbortSignal,
): Promise<Places> {
  const load = async (name: string | undefined): Promise<Place> => {
    const place = await variablePlace(session, context, name, selections)
    // A child that lacks half of its variables is worse than one that doesn't start.
    const there = (replica: Replica): boolean =>
      name !== undefined && replica.get('secret', place.name) !== undefined
    await awaitLoaded(session, place, isOffline(context), signal, there)
    return place
  }
  const base = await Promise.all((only ?? [undefined]).map(load))
  const mapped = await Promise.all(
    map.map(async ({ variable, name }) => ({ variable, place: await load(name) })),
  )
  return { base, mapped }
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
