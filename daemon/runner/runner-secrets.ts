import { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import type { Bytes } from '../../shared/bytes.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import type { Context, VaultRef, Warning } from '../../shared/protocol/local-common.js'
import type { PlainMethods } from '../core/plain/answer.js'
import { childVariables, isIdentifier, mergedVariables } from '../core/plain/variables.js'
import type { Change } from '../core/vault/change.js'
import type { Current } from '../core/vault/names.js'
import { formatReference, isBelow, parsePrefix, parseReference } from '../core/vault/reference.js'
import { askedKey, pageOf, type Readable } from '../service/secrets/page.js'
import { findVersion, versionRef, warningsOf } from '../service/secrets/versions.js'
import { byCodePoint } from '../service/text.js'
import type { RunnerVault } from './runner-vault.js'

// get, ls and run of a runner: what it was given, of its one project. Nothing selects anything else: a `.coffer.yaml` in
// the folder of a build has no say.

type Scope = { readonly org: string; readonly project: string }

/** The runner's project, as its grant calls it. A token that wasn't granted anything yet knows no names. */
function scopeOf({ grant }: RunnerVault): Scope {
  return { org: grant?.org ?? 'org', project: grant?.project ?? 'project' }
}

/** @throws CofferError `not-found` (reason `no-project`) where the caller means another project */
function checkMeant(scope: Scope, { org, project, env }: Context): void {
  const said = [
    org ?? env.COFFER_ORG ?? env.EARTHLY_ORG,
    project ?? env.COFFER_PROJECT ?? env.EARTHLY_PROJECT,
  ]
  const [meantOrg = '', meantProject = ''] = said
  if (meantOrg !== '' && meantOrg !== scope.org) throw elsewhere(scope)
  if (meantProject !== '' && meantProject !== scope.project) throw elsewhere(scope)
}

function elsewhere({ org, project }: Scope): CofferError {
  return new CofferError('not-found', `the token opens ${displayText(`${org}/${project}`)} only`, {
    reason: 'no-project',
    next: 'leave --org, --project and their variables out',
  })
}

/** What a runner may ask, by the plain form or as JSON-RPC. */
export type RunnerMethods = PlainMethods & {
  readonly secretReadMany: (params: Params<'secretReadMany'>) => Promise<Result<'secretReadMany'>>
}

export function runnerMethods(vault: RunnerVault, now: () => number): RunnerMethods {
  return {
    secretGet: async (params) => getSecret(vault, params),
    secretList: async (params) => listSecrets(vault, params),
    secretEnvironment: async (params) => secretEnvironment(vault, params, now),
    secretReadMany: async (params) => readMany(vault, params),
  }
}

function ref(scope: Scope, vault: RunnerVault): VaultRef {
  return { vaultId: vault.replica.vaultId, kind: 'project', ...scope }
}

/** The name that a reference means here. @throws CofferError `not-found`, `format` */
function nameOf(vault: RunnerVault, context: Context, typed: string): string {
  const scope = scopeOf(vault)
  checkMeant(scope, context)
  const target = parseReference(typed, scope)
  if (target.kind === 'user') throw elsewhere(scope)
  if (target.org !== scope.org || target.project !== scope.project) throw elsewhere(scope)
  return target.name
}

function noSecret(vault: RunnerVault, name: string): CofferError {
  const label = vault.grant?.label ?? ''
  const runner = label === '' ? 'RUNNER' : displayText(label)
  return new CofferError('not-found', `this runner was given no secret ${displayText(name)}`, {
    reason: 'no-secret',
    next: `have an admin grant it: coffer runner grant ${runner} ${displayText(name)}`,
  })
}

function find(vault: RunnerVault, name: string): Current {
  const current = vault.replica.get('secret', name)
  if (current === undefined) throw noSecret(vault, name)
  return current
}

/** A value that was given. @throws CofferError `not-found`, `tampering` */
function valueOf(vault: RunnerVault, change: Change): Bytes {
  try {
    return vault.replica.value(change)
  } catch (error) {
    if (hasCode(error, 'refused')) throw noSecret(vault, change.name)
    throw error
  }
}

const base64 = (bytes: Bytes): string => Buffer.from(bytes).toString('base64')

function checkNoConflict({ winner, conflict, siblings }: Current): void {
  if (!conflict) return
  throw new CofferError(
    'conflict',
    `${displayText(winner.name)} has ${siblings.length} values written apart`,
    { reason: 'siblings', next: 'have a member decide: coffer conflicts' },
  )
}

function getSecret(
  vault: RunnerVault,
  { context, name: typed, version, strict }: Params<'secretGet'>,
): Result<'secretGet'> {
  const name = nameOf(vault, context, typed)
  const current = find(vault, name)
  if (strict === true) checkNoConflict(current)
  const history = vault.replica.history('secret', name)
  const change = version === undefined ? current.winner : findVersion(history, version)
  if (change.kind !== 'put') throw noSecret(vault, name)
  return {
    reference: formatReference({ kind: 'project', ...scopeOf(vault), name }),
    value: base64(valueOf(vault, change)),
    version: versionRef(history, change),
    at: change.wall,
    author: { deviceId: change.device, self: false },
    ...(change.note === undefined ? {} : { note: change.note }),
    warnings: [...alarmed(vault), ...warningsOf(name, current)],
  }
}

/** What it was given and may still open, by name. */
function given(vault: RunnerVault): { readonly current: Current; readonly value: Bytes }[] {
  const out = [...vault.replica.live('secret')].flatMap((current) => {
    try {
      return [{ current, value: vault.replica.value(current.winner) }]
    } catch (error) {
      // It was told of the change, and not given the value.
      if (hasCode(error, 'refused', 'not-found')) return []
      throw error
    }
  })
  return out.toSorted((a, b) => byCodePoint(a.current.winner.name, b.current.winner.name))
}

function listSecrets(
  vault: RunnerVault,
  { context, prefix }: Params<'secretList'>,
): Result<'secretList'> {
  const scope = scopeOf(vault)
  checkMeant(scope, context)
  const target = parsePrefix(prefix, scope)
  if (target.kind === 'user') throw elsewhere(scope)
  const secrets = given(vault)
    .filter(({ current }) => isBelow(current.winner.name, target.name))
    .map(({ current: { winner, conflict } }) => ({
      name: winner.name,
      version: versionRef(vault.replica.history('secret', winner.name), winner),
      at: winner.wall,
      author: { deviceId: winner.device, self: false },
      conflict,
      queued: false,
      ...(winner.sealed === undefined ? {} : { sealed: true }),
    }))
  return { vault: ref(scope, vault), loading: false, secrets, warnings: [] }
}

function readMany(
  vault: RunnerVault,
  { context, names, prefix, after, strict }: Params<'secretReadMany'>,
): Result<'secretReadMany'> {
  const scope = scopeOf(vault)
  checkMeant(scope, context)
  const { found, absent } =
    names === undefined ? under(vault, prefix, scope) : named(vault, context, names)
  if (strict === true) for (const { current } of found) checkNoConflict(current)
  const referenceOf = (name: string): string => formatReference({ kind: 'project', ...scope, name })
  const { read, next } = pageOf(found.map(asReadable), after)
  const secrets = read.map(({ about: { asked, current }, value }) => ({
    asked,
    reference: referenceOf(current.winner.name),
    name: current.winner.name,
    value: base64(value),
    version: versionRef(vault.replica.history('secret', current.winner.name), current.winner),
    at: current.winner.wall,
    ...(current.winner.note === undefined ? {} : { note: current.winner.note }),
  }))
  const warnings = read.flatMap(({ about: { current } }) =>
    warningsOf(current.winner.name, current),
  )
  return {
    secrets,
    missing: absent.map(({ asked, name, message }) => ({
      asked,
      reference: referenceOf(name),
      message,
    })),
    sealed: [],
    next,
    warnings: [...alarmed(vault), ...warnings].slice(0, 100),
  }
}

type Asked = {
  readonly key: string
  readonly asked: string
  readonly current: Current
  readonly value: Bytes
}
type Absent = { readonly asked: string; readonly name: string; readonly message: string }
type Gathered = { readonly found: readonly Asked[]; readonly absent: readonly Absent[] }

function asReadable(about: Asked): Readable<Asked> {
  return { key: about.key, about, open: () => about.value }
}

function under(vault: RunnerVault, prefix: string | undefined, scope: Scope): Gathered {
  const target = parsePrefix(prefix, scope)
  if (target.kind === 'user') throw elsewhere(scope)
  const found = given(vault)
    .filter(({ current }) => isBelow(current.winner.name, target.name))
    .map((one) => {
      const { name } = one.current.winner
      return { key: name, asked: name, ...one }
    })
  return { found, absent: [] }
}

function named(vault: RunnerVault, context: Context, names: readonly string[]): Gathered {
  const found: Asked[] = []
  const absent: Absent[] = []
  for (const [i, asked] of names.entries()) {
    const name = nameOf(vault, context, asked)
    try {
      const current = find(vault, name)
      found.push({ key: askedKey(i), asked, current, value: valueOf(vault, current.winner) })
    } catch (error) {
      if (!hasCode(error, 'not-found')) throw error
      absent.push({ asked, name, message: error.message })
    }
  }
  return { found, absent }
}

function secretEnvironment(
  vault: RunnerVault,
  { context, only, map = [], bare, allow, strict }: Params<'secretEnvironment'>,
  now: () => number,
): Result<'secretEnvironment'> {
  const scope = scopeOf(vault)
  checkMeant(scope, context)
  const said = only ?? (bare === true ? [] : undefined)
  const named = (typed: string): { current: Current; value: Bytes } => {
    const current = find(vault, nameOf(vault, context, typed))
    return { current, value: valueOf(vault, current.winner) }
  }
  const plain =
    said === undefined
      ? given(vault).filter(({ current }) => isIdentifier(current.winner.name))
      : said.map(named)
  const mapped = map.map(({ variable, name }) => ({ variable, ...named(name) }))
  const chosen = [...plain, ...mapped]
  if (strict === true) for (const { current } of chosen) checkNoConflict(current)
  const own = plain.map(({ current, value }) => ({ name: current.winner.name, value }))
  const { variables, skipped } = childVariables(own, said !== undefined, allow)
  const renamed = mapped.map(({ variable, value }) => ({ name: variable, value }))
  const all = mergedVariables(variables, childVariables(renamed, true, allow).variables)
  const warnings = chosen.flatMap(({ current }) => warningsOf(current.winner.name, current))
  return {
    vault: ref(scope, vault),
    variables: all.map(({ name, value }) => ({ name, value: base64(value) })),
    skipped,
    warnings: [...alarmed(vault), ...endingSoon(vault, now()), ...warnings].slice(0, 100),
  }
}

/** A change that doesn't hold shows nothing: an older value may be served in its place, which is to be said. */
function alarmed({ alarms }: RunnerVault): Warning[] {
  return alarms.slice(0, 10).map(({ reason, detail }) => ({ code: reason, message: detail }))
}

/** A week before a token's end somebody should hear of it. */
const SOON = 7 * 24 * 3600 * 1000

function endingSoon({ grant }: RunnerVault, now: number): Warning[] {
  if (grant === undefined || grant.expires - now > SOON) return []
  const hours = Math.max(1, Math.floor((grant.expires - now) / 3600_000))
  return [{ code: 'ends-soon', message: `the runner's time is over in ${hours} h` }]
}
