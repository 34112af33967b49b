import { call } from './effect.js'
import type { Answered } from './event.js'
import type { Request } from './effect.js'
import {
  canonicalReference,
  contextOf,
  orgContext,
  placeName,
  referenceIn,
  USER,
  type Place,
} from './place.js'
import { without, type Deleted, type Staged } from './staging.js'
import type { PlaceInfo, World } from './world.js'

// What belongs to no screen: the reading of status, places and alarms, and the saving of what is staged.

/** Owner of the requests that are made here. */
export const ROOT = 0

export function mine(effect: Request['effect']): Request {
  return { owner: ROOT, effect }
}

/** Asks for everything that the frame shows. */
export function refreshing({ cwd, start, status }: World): readonly Request[] {
  const context = contextOf(cwd)
  const first = mine(call('status', { context: start }))
  if (status?.state !== 'unlocked') return [first]
  return [first, mine(call('orgList', { context })), mine(call('alarmsList', { context }))]
}

/** A place that a project is listed as. */
function projectPlace(
  org: string,
  { name, vaultId, role }: { name: string; vaultId: string; role: string },
): PlaceInfo {
  return { place: { kind: 'project', org, project: name }, vaultId, role }
}

function userPlace({ status }: World): PlaceInfo {
  const vault = status?.vaults.find((one) => one.vault.kind === 'user')
  return { place: USER, vaultId: vault?.vault.vaultId ?? '', role: vault?.role ?? 'owner' }
}

function byName(one: PlaceInfo, other: PlaceInfo): number {
  const [a, b] = [placeName(one.place), placeName(other.place)]
  return a < b ? -1 : a > b ? 1 : 0
}

/** The world after an answer, and what is to be asked next. */
export function learned(
  world: World,
  event: Answered,
): { world: World; requests: readonly Request[] } {
  const told = (next: World, ...requests: readonly Request[]) => ({ world: next, requests })
  switch (event.method) {
    case 'status':
      return told({ ...world, status: event.result })
    case 'alarmsList':
      return told({ ...world, alarms: event.result.alarms })
    case 'orgList': {
      const orgs = event.result.orgs.map(({ name }) => name)
      const places = world.places.filter(
        ({ place }) => place.kind === 'project' && orgs.includes(place.org),
      )
      const asked = orgs.map((org) =>
        mine(call('projectList', { context: orgContext(world.cwd, org) }, org)),
      )
      const placesRead = world.placesRead || orgs.length === 0
      return told({ ...world, orgs, places: [userPlace(world), ...places], placesRead }, ...asked)
    }
    case 'projectList': {
      const { org, projects } = event.result
      const others = world.places.filter(
        ({ place }) => place.kind === 'project' && place.org !== org,
      )
      const places = [...others, ...projects.map((one) => projectPlace(org, one))].toSorted(byName)
      return told({ ...world, places: [userPlace(world), ...places], placesRead: true })
    }
    default:
      return told(world)
  }
}

/** The calls that save staged changes: of each place a transaction of values, one of deletes, and one for each to be sealed. */
export function saving(staged: readonly Staged[], { cwd }: World): readonly Request[] {
  const places = new Map(staged.map(({ place }) => [placeName(place), place]))
  return [...places.values()].flatMap((place) => {
    const changes = staged.filter((one) => placeName(one.place) === placeName(place))
    return [
      ...savingValues(place, changes, cwd),
      ...savingDeletes(place, changes, cwd),
      ...changes.flatMap((one) => sealing(one, cwd)),
    ]
  })
}

function savingValues(place: Place, changes: readonly Staged[], cwd: string): readonly Request[] {
  const items = changes.flatMap(({ name, value, seal }) =>
    value === undefined || seal !== undefined ? [] : [{ name: referenceIn(place, name), value }],
  )
  if (items.length === 0) return []
  const params = { context: contextOf(cwd, place), items, dryRun: false }
  return [mine(call('secretSetMany', params, placeName(place)))]
}

function sealing(change: Staged, cwd: string): readonly Request[] {
  const { place, name, value, seal } = change
  if (value === undefined || seal === undefined) return []
  const params = {
    context: contextOf(cwd, place),
    name: referenceIn(place, name),
    value,
    seal: { to: [...seal.to] },
  }
  return [mine(call('secretSet', params, sealingTag(change)))]
}

function sealingTag({ place, name }: Staged): string {
  return canonicalReference(place, name)
}

function savingDeletes(place: Place, changes: readonly Staged[], cwd: string): readonly Request[] {
  const names = changes.flatMap(({ name, value }) =>
    value === undefined ? [referenceIn(place, name)] : [],
  )
  if (names.length === 0) return []
  return [mine(call('secretRemove', { context: contextOf(cwd, place), names }, placeName(place)))]
}

/** Of what was sent, what an answer or a failure is about: one place's values, or its deletes, or one that is sealed. */
export function settled(
  sent: readonly Staged[],
  { method, tag }: { readonly method: string; readonly tag: string },
): readonly Staged[] {
  if (method === 'secretSet') {
    return sent.filter((one) => one.seal !== undefined && sealingTag(one) === tag)
  }
  const isDelete = method === 'secretRemove'
  if (!isDelete && method !== 'secretSetMany') return []
  return sent.filter(
    ({ place, value, seal }) =>
      placeName(place) === tag && seal === undefined && (value === undefined) === isDelete,
  )
}

/** What a saving leaves staged. */
export function saved(world: World, event: Answered, sent: readonly Staged[]): World {
  const done = settled(sent, event)
  const staged = without(world.staged, done)
  if (event.method !== 'secretRemove') return { ...world, staged }
  const deleted = done.flatMap(({ place, name, over }): Deleted[] =>
    over === undefined ? [] : [{ place, name, version: over }],
  )
  return { ...world, staged, deleted }
}

/** The calls that bring saved deletes back. */
export function restoring({ deleted, cwd }: World): readonly Request[] {
  return deleted.map(({ place, name, version }) =>
    mine(
      call(
        'secretRollback',
        {
          context: contextOf(cwd, place),
          name: referenceIn(place, name),
          version,
        },
        'undo',
      ),
    ),
  )
}
