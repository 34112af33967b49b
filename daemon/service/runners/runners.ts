import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import type { DeviceId } from '../../../shared/ids.js'
import { runnersOf, type DeviceRecord } from '../../../shared/log/membership.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import { encodeGrant, grantName, type Grant } from '../../core/vault/grants.js'
import type { NewChange } from '../../core/vault/change.js'
import type { Replica } from '../../core/vault/replica.js'
import { admitFingerprint, linkOf } from '../devices/own-devices.js'
import { placesInOneVault, put } from '../secrets/changes.js'
import { prefixOf, referenceIn, type Place } from '../place.js'
import { ownRole, type Session } from '../session.js'

// Runners of a project: which there are, and what they are granted (SPEC section 6).

/** A runner as callers see it. */
export type ShownRunner = Result<'runnerGrant'>['runner']

/** The selected project. @throws CofferError `usage` (reason `no-project`): a person's own vault has no runners */
export async function projectOf(session: Session, context: Context): Promise<Place> {
  const place = await prefixOf(session, context, undefined)
  checkProject(place)
  return place
}

export function checkProject({ vault }: Place): void {
  if (vault.kind === 'project') return
  throw new CofferError('usage', 'no project is selected, and your own secrets have no runners', {
    reason: 'no-project',
    next: 'give --org ORG --project PROJECT, or choose one: coffer project select PROJECT',
  })
}

/** @throws CofferError `refused` unless this device is an owner's or admin's of the vault */
export function checkManages(session: Session, replica: Replica): void {
  const role = ownRole(session, replica)
  if (role !== undefined && RIGHTS[role].manages) return
  throw new CofferError('refused', 'only an owner or admin of the project decides on runners', {
    reason: 'role',
    next: 'ask one of them',
  })
}

export function shownRunner(replica: Replica, record: DeviceRecord): ShownRunner {
  const name = replica.grant(record.id)?.label ?? ''
  return { deviceId: record.id, name, fingerprint: admitFingerprint(replica, record) ?? null }
}

export type NamedRunner = { readonly record: DeviceRecord; readonly shown: ShownRunner }

/** Active runners by what they are called. */
export function namedRunners(replica: Replica): NamedRunner[] {
  const { membership } = replica
  const all = membership === undefined ? [] : runnersOf(membership)
  return all.map((record) => ({ record, shown: shownRunner(replica, record) }))
}

/**
 * The runner that was typed: by its name, its fingerprint or the beginning of its id.
 * @throws CofferError `not-found` (reason `no-runner`), `usage` (reason `ambiguous-runner`)
 */
export function typedRunner(replica: Replica, typed: string): NamedRunner {
  const all = namedRunners(replica)
  const named = all.filter(({ shown }) => shown.name === typed || shown.fingerprint === typed)
  const isPrefix = /^[0-9a-f]{8,64}$/.test(typed)
  const found = named.length > 0 ? named : all.filter(({ record }) => record.id.startsWith(typed))
  const [one, ...more] = named.length > 0 || isPrefix ? found : []
  if (more.length > 0) {
    throw new CofferError('usage', `several runners are called ${displayText(typed)}`, {
      reason: 'ambiguous-runner',
      next: 'give the fingerprint that coffer runner ls shows',
    })
  }
  if (one !== undefined) return one
  throw new CofferError('not-found', `there is no runner ${displayText(typed)}`, {
    reason: 'no-runner',
    next: 'see coffer runner ls',
  })
}

/** The setting that says what a runner is granted. */
export function grantChange(runner: DeviceId, grant: Grant): NewChange {
  return { space: 'setting', name: grantName(runner), value: encodeGrant(grant) }
}

/** What `shell`'s project is called, for the runner to know. */
export function projectTitles({ vault }: Place): Pick<Grant, 'org' | 'project'> {
  const { org, project } = vault
  const fits = (text: string | undefined): text is string =>
    text !== undefined && Buffer.byteLength(text) <= LIMITS.name
  return { ...(fits(org) ? { org } : {}), ...(fits(project) ? { project } : {}) }
}

/** Granted names of which the runner has no value though there is one. */
function missingOf(replica: Replica, runner: DeviceId, names: readonly string[]): string[] {
  return names.filter((name) => {
    const current = replica.get('secret', name)
    return (
      current !== undefined &&
      current.winner.readers?.includes(runner) !== true &&
      !isDraft(current.winner)
    )
  })
}

/** What isn't sent yet is boxed when it is. */
const isDraft = ({ place, sealed }: { place: unknown; sealed?: string }): boolean =>
  place === undefined && sealed === undefined

export async function listRunners(
  session: Session,
  { context }: Params<'runnerList'>,
): Promise<Result<'runnerList'>> {
  const place = await projectOf(session, context)
  const { replica } = place.shell
  const now = session.world.now()
  const runners = namedRunners(replica).map(({ record, shown }) => {
    const grant = replica.grant(record.id)
    const names = grant?.names ?? []
    return {
      ...shown,
      addedAt: linkOf(replica, record)?.time ?? 0,
      expiresAt: grant?.expires ?? null,
      expired: grant !== undefined && grant.expires <= now,
      names: [...names],
      missing: missingOf(replica, record.id, names),
    }
  })
  return { vault: place.vault, runners, warnings: [] }
}

type Granting = {
  readonly changes: NewChange[]
  readonly rewritten: string[]
  readonly sealed: string[]
}

/** Writes anew what stands under these names, so that it is boxed to the runner; what is sealed can't be. */
function rewrite(replica: Replica, runner: DeviceId, places: readonly Place[]): Granting {
  const out: Granting = { changes: [], rewritten: [], sealed: [] }
  let total = 0
  for (const { name, reference } of places) {
    const current = replica.get('secret', name)
    const winner = current?.winner
    if (current === undefined || winner === undefined) continue
    if (winner.readers?.includes(runner) === true || isDraft(winner)) continue
    if (winner.sealed !== undefined) {
      out.sealed.push(name)
      continue
    }
    if (current.conflict) {
      throw new CofferError('conflict', `${displayText(reference)} has values written apart`, {
        reason: 'siblings',
        next: 'decide first: coffer conflicts',
      })
    }
    total += winner.size
    out.changes.push(put(name, replica.value(winner), winner.note))
    out.rewritten.push(name)
  }
  if (total <= LIMITS.transaction && out.changes.length < LIMITS.items) return out
  throw new CofferError('limit', 'these secrets are more than one transaction holds', {
    reason: 'transaction',
    next: 'grant them in parts',
  })
}

export async function grantRunner(
  session: Session,
  { context, runner: typed, names }: Params<'runnerGrant'>,
): Promise<Result<'runnerGrant'>> {
  const places = await placesInOneVault(session, context, names)
  const [place] = places
  if (place === undefined) throw new TypeError('nothing to grant')
  checkProject(place)
  let done: (Granting & { readonly shown: ShownRunner }) | undefined
  await place.shell.write((replica) => {
    checkManages(session, replica)
    const { record, shown } = typedRunner(replica, typed)
    const grant = replica.grant(record.id)
    if (grant === undefined) throw noGrant()
    const all = [...new Set([...grant.names, ...places.map(({ name }) => name)])].toSorted()
    if (all.length > LIMITS.items) throw tooMany()
    done = { ...rewrite(replica, record.id, places), shown }
    const next = { ...grant, names: all, ...projectTitles(place) }
    return [grantChange(record.id, next), ...done.changes]
  })
  if (done === undefined) throw new TypeError('a write was not planned')
  const { shown: runner, rewritten, sealed } = done
  return { runner, granted: places.map(({ name }) => name), rewritten, sealed, warnings: [] }
}

function noGrant(): CofferError {
  return new CofferError('stale', "the runner's grant has not arrived here yet", {
    reason: 'no-grant',
    next: 'run coffer sync, then grant again',
  })
}

function tooMany(): CofferError {
  return new CofferError('limit', `a runner is granted at most ${LIMITS.items} names`, {
    reason: 'grant',
    next: 'make another runner',
  })
}

/** Canonical references of what a runner was given. */
export function givenTo(replica: Replica, runner: DeviceId, { vault }: Place): string[] {
  const names = new Set<string>()
  for (const { winner } of replica.live('secret')) {
    const given = replica
      .history('secret', winner.name)
      .some(({ kind, readers }) => kind === 'put' && readers?.includes(runner) === true)
    if (given) names.add(winner.name)
  }
  return [...names]
    .toSorted()
    .map((name) => referenceIn(vault, name))
    .slice(0, LIMITS.items)
}
