import type { Context } from '../../../shared/protocol/local-common.js'

// Where secrets are: the person's own vault, or a project of an org.

export type Place =
  | { readonly kind: 'user' }
  | { readonly kind: 'project'; readonly org: string; readonly project: string }

export const USER: Place = { kind: 'user' }

/** How a place is shown: `/user/`, `acme/web`. */
export function placeName(place: Place): string {
  return place.kind === 'user' ? '/user/' : `${place.org}/${place.project}`
}

export function samePlace(one: Place, other: Place): boolean {
  return one.kind === other.kind && placeName(one) === placeName(other)
}

/** What a call about a place gives the daemon. Flags win: neither variables nor a `.coffer.yaml` choose here. */
export function contextOf(cwd: string, place?: Place): Context {
  if (place?.kind !== 'project') return { cwd, env: {} }
  return { cwd, env: {}, org: place.org, project: place.project }
}

/** What a call about an org gives the daemon. */
export function orgContext(cwd: string, org: string): Context {
  return { cwd, env: {}, org }
}

/** The reference of a name within a place. */
export function referenceIn(place: Place, name: string): string {
  return place.kind === 'user' ? `/user/${name}` : name
}

/** The reference of a name that means the same everywhere. */
export function canonicalReference(place: Place, name: string): string {
  return place.kind === 'user' ? referenceIn(place, name) : `coffer://${placeName(place)}/${name}`
}

/** Whether what changed in a vault is of this place. */
export function isOf(
  place: Place,
  vault: { readonly kind: string; readonly org?: string; readonly project?: string },
): boolean {
  if (place.kind === 'user') return vault.kind === 'user'
  return vault.kind === 'project' && vault.org === place.org && vault.project === place.project
}
