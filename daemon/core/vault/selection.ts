import { CofferError } from '../../../shared/errors.js'
import { saysOffline } from '../../../shared/offline.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import { isObject, list, mismatch, text } from '../../../shared/protocol/schema.js'
import { checkScopeReference } from './reference.js'
import { LIMITS } from '../../../shared/limits.js'

// Which org and project a call means (SPEC section 12): flags, then the environment, then `.coffer.yaml`, then what
// `select` remembered. Pure: the caller reads the file and the memory.

export type Source = 'flag' | 'environment' | 'file' | 'select' | 'nothing'
type Named = { readonly org?: string | undefined; readonly project?: string | undefined }
type Layer = Named & { readonly from: Source }

export type Selection = Named & { readonly orgFrom: Source; readonly projectFrom: Source }

/** A checked `.coffer.yaml`. Org and project have a meaning by themselves; the rest maps nothing until it is allowed. */
export type SelectionFile = Named & {
  readonly env?: { readonly [variable: string]: string }
  readonly files?: { readonly [path: string]: string }
  readonly only?: readonly string[]
}

export const SELECTION_FILE = '.coffer.yaml'

/** The paths at which a selection file counts for `cwd` (absolute, canonical), nearest first: the first that exists. */
export function selectionFiles(cwd: string): string[] {
  const segments = cwd.split('/').filter((segment) => segment !== '')
  const paths: string[] = []
  for (let depth = segments.length; depth >= 0; depth--) {
    paths.push(`/${[...segments.slice(0, depth), SELECTION_FILE].join('/')}`)
  }
  return paths
}

/**
 * Checks the parsed YAML of a selection file. An empty file selects nothing.
 * @throws CofferError `format`: an unknown key; reason `not-selectable` for a relay or key, which a cloned
 * repository must not choose.
 */
export function checkSelectionFile(parsed: unknown): SelectionFile {
  if (parsed === null || parsed === undefined) return {}
  if (!isObject(parsed)) throw mismatch(SELECTION_FILE, 'a map')
  const allowed = ['org', 'project', 'env', 'files', 'only']
  for (const key of Object.keys(parsed)) if (!allowed.includes(key)) throw unknownKey(key)
  return {
    ...scopeField('org', parsed['org']),
    ...scopeField('project', parsed['project']),
    ...mapField('env', parsed['env'], checkVariable),
    ...mapField('files', parsed['files'], checkFilePath),
    ...(parsed['only'] === undefined
      ? {}
      : {
          only: list(text(LIMITS.reference), LIMITS.items).check(
            parsed['only'],
            `${SELECTION_FILE} only`,
          ),
        }),
  }
}

function unknownKey(key: string): CofferError {
  if (key === 'relay' || key === 'key' || key === 'relay-key') {
    return new CofferError('format', `${SELECTION_FILE} can't set the relay or a key`, {
      reason: 'not-selectable',
      next: 'take the line out, and use coffer relay set',
    })
  }
  return mismatch(SELECTION_FILE, 'free of unknown keys (known: org, project, env, files, only)')
}

function scopeField<K extends 'org' | 'project'>(key: K, value: unknown): { [P in K]?: string } {
  if (value === undefined) return {}
  const name = text(1024).check(value, `${SELECTION_FILE} ${key}`)
  const out: { [P in K]?: string } = {}
  out[key] = checkScopeReference(key, name)
  return out
}

function mapField<K extends 'env' | 'files'>(
  key: K,
  value: unknown,
  checkKey: (name: string) => void,
): { [P in K]?: { [name: string]: string } } {
  if (value === undefined) return {}
  if (!isObject(value)) throw mismatch(`${SELECTION_FILE} ${key}`, 'a map')
  const given = Object.entries(value)
  if (given.length > LIMITS.items) throw mismatch(`${SELECTION_FILE} ${key}`, 'that long')
  const entries = given.map(([name, to]) => {
    checkKey(name)
    return [name, text(LIMITS.reference).check(to, `${SELECTION_FILE} ${key}`)] as const
  })
  const out: { [P in K]?: { [name: string]: string } } = {}
  out[key] = Object.fromEntries(entries)
  return out
}

function checkVariable(name: string): void {
  if (name.length <= LIMITS.name && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return
  throw mismatch(`${SELECTION_FILE} env`, 'a map from names of variables')
}

/** A file may lie in the folder of the selection file and below, written in its plainest form. */
function checkFilePath(path: string): void {
  const segments = path.split('/')
  const plain = segments.every((one) => one !== '' && one !== '.' && one !== '..')
  if (plain && !path.includes('\0') && path.length < LIMITS.path / 4 && segments[0] !== '.git')
    return
  throw mismatch(
    `${SELECTION_FILE} files`,
    'a map from paths below its folder (no .., no leading /)',
  )
}

/**
 * The selection. Org and project are chosen one by one from the highest source that has one, but a project said
 * together with another org than the chosen one doesn't count: `--org other` must not meet the project that
 * `.coffer.yaml` selects in its own org.
 * @throws CofferError `usage` (reason `empty-flag`) for `--org ''`, which a script with an unset variable types;
 * `format`, `limit` for names that are none.
 */
export function selectScope(
  { org, project, env }: Pick<Context, 'org' | 'project' | 'env'>,
  file: Named,
  remembered: Named,
): Selection {
  if (org === '' || project === '') {
    throw new CofferError('usage', `${org === '' ? '--org' : '--project'} is empty`, {
      reason: 'empty-flag',
      next: 'give a name, or leave the flag out',
    })
  }
  return choose([
    { from: 'flag', org, project },
    { from: 'environment', org: set(env.COFFER_ORG), project: set(env.COFFER_PROJECT) },
    { from: 'environment', org: set(env.EARTHLY_ORG), project: set(env.EARTHLY_PROJECT) },
    { from: 'file', org: file.org, project: file.project },
    { from: 'select', org: remembered.org, project: remembered.project },
  ])
}

/** A variable's value; an empty one counts as unset. */
function set(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function choose(layers: readonly Layer[]): Selection {
  const orgLayer = layers.find((layer) => layer.org !== undefined)
  const org = orgLayer?.org === undefined ? undefined : checkScopeReference('org', orgLayer.org)
  const projectLayer = layers.find(
    (layer) =>
      layer.project !== undefined &&
      (layer.org === undefined || layer.org.normalize('NFC') === org),
  )
  const project =
    projectLayer?.project === undefined
      ? undefined
      : checkScopeReference('project', projectLayer.project)
  return {
    org,
    project,
    orgFrom: orgLayer?.from ?? 'nothing',
    projectFrom: projectLayer?.from ?? 'nothing',
  }
}

/**
 * Whether the call asked to leave the network alone: `--offline`, or COFFER_OFFLINE as 1, true or yes.
 * @throws CofferError `usage` (reason `bad-variable`) for another word.
 */
export function isOffline({ offline, env }: Pick<Context, 'offline' | 'env'>): boolean {
  if (offline === true) return true
  const said = saysOffline(env.COFFER_OFFLINE)
  if (said !== undefined) return said
  throw new CofferError('usage', 'COFFER_OFFLINE is neither 1 nor 0', {
    reason: 'bad-variable',
    next: 'set it to 1 or 0, or unset it',
  })
}
