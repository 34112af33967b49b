import { utf8 } from '../../../shared/bytes.js'
import { displayText, hasHidden } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import { isWellFormed } from '../../../shared/protocol/schema.js'

// Names and references (SPEC section 12). Pure. A name is a path: segments joined by `/`, in Unicode form NFC.

/** Where a secret is. `org` and `project` are names as typed (`NAME~2` included): the directory knows which. */
export type Target =
  | { readonly kind: 'user'; readonly name: string }
  | {
      readonly kind: 'project'
      readonly org: string
      readonly project: string
      readonly name: string
    }

/** Org and project that a relative path belongs to. */
export type Scope = { readonly org?: string | undefined; readonly project?: string | undefined }

const SCHEME = 'coffer://'

/** Why a name is no name; stable, the `reason` of the error. */
export type NameProblem =
  | 'empty'
  | 'not-unicode'
  | 'hidden-character'
  | 'equals-sign'
  | 'empty-segment'
  | 'dot-segment'
  | 'outer-blank'
  | 'mixed-script'
  | 'too-long'
  | 'reserved'

const WORDS: { readonly [P in NameProblem]: string } = {
  empty: 'is empty',
  'not-unicode': 'is not well-formed Unicode',
  'hidden-character': 'holds a control, invisible or direction-changing character',
  'equals-sign': "holds '='",
  'empty-segment': 'has an empty part between slashes',
  'dot-segment': "has a part '.' or '..'",
  'outer-blank': 'has a part that begins or ends with a blank',
  'mixed-script': 'mixes letters of scripts that look alike',
  'too-long': `is longer than ${LIMITS.name} bytes`,
  reserved: 'is reserved',
}

/**
 * What is wrong with a name (a path of segments) in NFC, if anything. Names that came from another device are never
 * refused for it, only shown with care: which characters are hidden may differ between Unicode versions.
 */
export function nameProblem(name: string): NameProblem | undefined {
  if (name === '') return 'empty'
  if (!isWellFormed(name)) return 'not-unicode'
  if (utf8(name).length > LIMITS.name) return 'too-long'
  if (name.includes('=')) return 'equals-sign'
  if (hasHidden(name)) return 'hidden-character'
  for (const segment of name.split('/')) {
    const problem = segmentProblem(segment)
    if (problem !== undefined) return problem
  }
  return undefined
}

function segmentProblem(segment: string): NameProblem | undefined {
  if (segment === '') return 'empty-segment'
  if (segment === '.' || segment === '..') return 'dot-segment'
  if (segment.startsWith(' ') || segment.endsWith(' ')) return 'outer-blank'
  return isMixed(segment) ? 'mixed-script' : undefined
}

// A Cyrillic or Greek letter within a Latin word passes for another name (a homograph); whole words of one script are
// somebody's language.
function isMixed(segment: string): boolean {
  const scripts = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u]
  return scripts.filter((script) => script.test(segment)).length > 1
}

function refuse(what: string, name: string, problem: NameProblem): CofferError {
  const shown = displayText(name.length > 80 ? `${name.slice(0, 80)}…` : name)
  return new CofferError(
    problem === 'too-long' ? 'limit' : 'format',
    `the ${what} '${shown}' ${WORDS[problem]}`,
    { reason: problem },
  )
}

/**
 * A secret's name as it is stored: NFC, checked.
 * @throws CofferError `format` or `limit`, the reason being the NameProblem.
 */
export function checkName(typed: string): string {
  const name = typed.normalize('NFC')
  const problem = nameProblem(name)
  if (problem !== undefined) throw refuse('name', name, problem)
  return name
}

/**
 * The name of an org or project to make: one segment, no `~N` at its end (that tells two of one name apart), and an
 * org isn't called `user`, a path's word for one's own secrets.
 * @throws CofferError `format` or `limit`, the reason being the NameProblem.
 */
export function checkScopeName(kind: 'org' | 'project', typed: string): string {
  const name = typed.normalize('NFC')
  const problem = scopeProblem(kind, name)
  if (problem !== undefined) throw refuse(kind, name, problem)
  if (/~[0-9]+$/.test(name)) throw refuse(kind, name, 'reserved')
  return name
}

/** The name of an org or project to find: `NAME` or `NAME~2`. @throws CofferError `format`, `limit`. */
export function checkScopeReference(kind: 'org' | 'project', typed: string): string {
  const name = typed.normalize('NFC')
  const problem = scopeProblem(kind, name.replace(/~[1-9][0-9]{0,5}$/, ''))
  if (problem !== undefined) throw refuse(kind, name, problem)
  return name
}

function scopeProblem(kind: 'org' | 'project', name: string): NameProblem | undefined {
  const problem = nameProblem(name)
  if (problem !== undefined) return problem
  if (name.includes('/')) return 'empty-segment'
  return (kind === 'org' && name === 'user') || name === 'coffer:' ? 'reserved' : undefined
}

/**
 * The secret that a typed reference means:
 * `coffer://org/project/path/NAME` and `coffer://user/path/NAME` wherever one is;
 * `/user/…` and `user/…` the caller's own;
 * `/ORG/project/…` of the selected org (a leading slash and three parts);
 * all else a name within the selected project, or the caller's own when no org is selected.
 * @throws CofferError `format`, `limit` for a bad name, `usage` (reason `no-project`, `no-org`) for half a selection.
 */
export function parseReference(typed: string, scope: Scope): Target {
  const { target, rest } = place(typed, scope)
  if (rest === '') throw refuse('reference', typed, 'empty')
  return complete(target, checkName(rest))
}

/**
 * The vault and path that a typed prefix for a listing means; `name` is '' for the whole vault. `/user` names the
 * caller's own; a slash at the end doesn't count; undefined is the selection.
 * @throws like parseReference
 */
export function parsePrefix(typed: string | undefined, scope: Scope): Target {
  const { target, rest } = place(typed ?? '', scope)
  const path = rest.replace(/\/$/, '')
  return complete(target, path === '' ? '' : checkName(path))
}

/** True when `name` is at or below the path `prefix` ('' : everything). */
export function isBelow(name: string, prefix: string): boolean {
  return prefix === '' || name === prefix || name.startsWith(`${prefix}/`)
}

/** The one way to write a target that means the same under every selection: parseReference gives it back. */
export function formatReference(target: Target): string {
  if (target.kind === 'user') return `/user/${target.name}`
  return `${SCHEME}${target.org}/${target.project}/${target.name}`
}

type Vault = { readonly kind: 'user' } | { readonly org: string; readonly project: string }
type Placed = { readonly target: Vault; readonly rest: string }

// A name beginning `user/` could only be reached by its full reference: `get` would look among one's own.
function complete(target: Vault, name: string): Target {
  if ('kind' in target) return { kind: 'user', name }
  const first = name.split('/', 1)[0]
  if (first === 'user' || first === 'coffer:') throw refuse('name', name, 'reserved')
  return { kind: 'project', ...target, name }
}

function place(typed: string, scope: Scope): Placed {
  if (!isWellFormed(typed)) throw refuse('reference', '', 'not-unicode')
  const reference = typed.normalize('NFC')
  if (reference.startsWith(SCHEME)) return placeUri(reference)
  if (/^coffer:/i.test(reference)) throw refuse('reference', reference, 'reserved')
  const path = reference.startsWith('/') ? reference.slice(1) : reference
  const [first, second, third] = path.split('/')
  if (first === 'user') return { target: { kind: 'user' }, rest: after(path, 1) }
  const full = reference.startsWith('/') && first === scope.org && third !== undefined
  if (full && second !== undefined && scope.org !== undefined) {
    const project = checkScopeReference('project', second)
    return { target: { org: scope.org, project }, rest: after(path, 2) }
  }
  return { target: selectedVault(scope), rest: path }
}

function placeUri(reference: string): Placed {
  const path = reference.slice(SCHEME.length)
  const [org, project] = path.split('/')
  if (org === 'user') return { target: { kind: 'user' }, rest: after(path, 1) }
  if (org === undefined || project === undefined) throw refuse('reference', reference, 'empty')
  const target = {
    org: checkScopeReference('org', org),
    project: checkScopeReference('project', project),
  }
  return { target, rest: after(path, 2) }
}

function after(path: string, segments: number): string {
  return path.split('/').slice(segments).join('/')
}

function selectedVault({ org, project }: Scope): Vault {
  if (org === undefined && project === undefined) return { kind: 'user' }
  if (org === undefined) {
    throw new CofferError(
      'usage',
      `a project is selected ('${displayText(project ?? '')}') but no org`,
      {
        reason: 'no-org',
        next: 'give --org ORG, or write /user/NAME for your own secrets',
      },
    )
  }
  if (project === undefined) {
    throw new CofferError('usage', `the org '${displayText(org)}' is selected but no project`, {
      reason: 'no-project',
      next: 'give --project PROJECT, or write /user/NAME for your own secrets',
    })
  }
  return { org, project }
}
