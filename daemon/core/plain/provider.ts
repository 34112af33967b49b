import { fromBase64 } from '../../../shared/base64.js'
import { utf8 } from '../../../shared/bytes.js'
import { complaint, warningLine } from '../../../shared/complaint.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import type { PlainAnswer, PlainRequest } from '../../../shared/protocol/plain.js'
import type { PlainLine } from '../../../shared/protocol/plain-argv.js'

// Earthly's secret provider (SPEC section 10): the value's bytes and 0, or 2 where a vault that is open and loaded as a
// whole has no such secret: Earthly looks elsewhere then. Everything else ends the build, with the truth on stderr.

export type ProviderCommand = {
  readonly kind: 'provider'
  readonly params: Params<'secretGet'>
  /** A reference of one's own that stands in for the name, where it is one's own secret. */
  readonly override: string | undefined
  /** What `org/key` means to an Earthfile older than projects, and whether it is tried before the name as it is. */
  readonly legacy: { readonly reference: string; readonly first: boolean } | undefined
  /** A missing one is an empty value. */
  readonly optional: boolean
  /** Nothing else is given: `ORG/PROJECT`, `ORG/*`, `/user`; undefined for all that can be read. */
  readonly allow: readonly string[] | undefined
}

type Get = (params: Params<'secretGet'>) => Promise<Result<'secretGet'>>
type Scope = { readonly org: string; readonly project: string }

const NOTHING = new Uint8Array(0)
/** What Earthly takes for 'not found, look elsewhere'. */
const NOT_FOUND = 2

/**
 * What the line asks for. The build's own org and project (EARTHLY_ORG, EARTHLY_PROJECT) win over flags and all other
 * variables: a build must not be given another project's secret.
 * @param context as for `get`
 */
export function parseProvider(
  line: PlainLine,
  { variables }: PlainRequest,
  context: Context,
): Omit<ProviderCommand, 'params'> & { readonly context: Context; readonly name: string } {
  const built = {
    org: unquoted(variables.EARTHLY_ORG),
    project: unquoted(variables.EARTHLY_PROJECT),
  }
  const named = built.org !== '' || built.project !== ''
  const { COFFER_ORG: org = '', COFFER_PROJECT: project = '', COFFER_OFFLINE } = variables
  const scope = named ? built : { org: context.org ?? org, project: context.project ?? project }
  const offline = COFFER_OFFLINE === undefined ? {} : { COFFER_OFFLINE }
  const plain = { cwd: context.cwd, ...(context.offline === true ? { offline: true } : {}) }
  const name = line.names[0] ?? ''
  return {
    kind: 'provider',
    context: {
      ...(named ? plain : context),
      env: {
        ...offline,
        COFFER_ORG: named ? built.org : org,
        COFFER_PROJECT: named ? built.project : project,
      },
    },
    name,
    override: line.switches.has('override') ? overrideOf(scope, name) : undefined,
    legacy: legacyOf(line.values.get('legacy-project')?.at(-1), name, !named),
    optional: listed(line, 'optional').some((one) => one === '*' || one === name),
    allow: line.values.has('allow') ? listed(line, 'allow') : undefined,
  }
}

/** `A,B` given once or several times. */
function listed({ values }: PlainLine, option: string): string[] {
  return (values.get(option) ?? []).flatMap((value) => value.split(','))
}

/** A variable as Earthly's shell quoting wrote it: `''` is nothing, `'my proj'` is my proj. */
export function unquoted(quoted: string | undefined): string {
  const text = quoted ?? ''
  const parts = text.match(/'[^']*'|"[^"]*"|[^'"]+/g) ?? []
  if (parts.join('') !== text) return text
  return parts.map((part) => (/^['"]/.test(part) ? part.slice(1, -1) : part)).join('')
}

/** `/user/override/ORG/PROJECT/NAME`; undefined for one's own secrets, and where no project is named. */
function overrideOf({ org, project }: Scope, name: string): string | undefined {
  if (org === '' || project === '' || /^(\/?user\/|coffer:)/i.test(name)) return undefined
  const full = `/${org}/${project}/`
  const within = name.startsWith(full) ? name.slice(full.length) : name.replace(/^\//, '')
  return `/user/override/${org}/${project}/${within}`
}

function legacyOf(
  project: string | undefined,
  name: string,
  first: boolean,
): ProviderCommand['legacy'] {
  const [, org = '', key = ''] = /^\/?([^/]+)\/(.+)$/.exec(name) ?? []
  if (project === undefined || key === '' || org === 'user' || org === 'coffer:') return undefined
  return { reference: `coffer://${org}/${project}/${key}`, first }
}

/**
 * The value, or that there is none.
 * @throws CofferError what a reading throws, except that there is no such secret
 */
export async function answerProvider(command: ProviderCommand, ask: Get): Promise<PlainAnswer> {
  const { params, override, legacy, optional, allow } = command
  const get: Get = async (asked) => {
    const result = await ask(asked)
    // Where a value comes from is known for certain only now, and nobody has seen it yet.
    if (asked.name !== override) checkAllowed(allow, result.reference)
    return result
  }
  const { context } = params
  const own = override === undefined ? undefined : await found(get, { context, name: override })
  if (own !== undefined) {
    const message = `${override} stands in for ${params.name}`
    return served(own, warningLine({ code: 'override', message }))
  }
  const older = (): ReturnType<typeof found> =>
    legacy === undefined
      ? Promise.resolve(undefined)
      : found(get, { ...params, name: legacy.reference })
  const early = legacy?.first === true ? await older() : undefined
  if (early !== undefined) return served(early)
  try {
    return served(await get(params))
  } catch (error) {
    if (!(error instanceof CofferError) || error.code !== 'not-found') throw error
    const late = legacy?.first === false ? await older() : undefined
    if (late !== undefined) return served(late)
    // An org or project that isn't there is no vault that lacks a name.
    if (error.reason !== 'no-secret') throw error
    if (!optional) return { status: NOT_FOUND, stdout: NOTHING, stderr: utf8(complaint(error)) }
    const message = `there is no secret ${displayText(params.name)}: an empty value is given for it`
    return { status: 0, stdout: NOTHING, stderr: utf8(warningLine({ code: 'optional', message })) }
  }
}

/** @throws CofferError `refused` (reason `not-allowed`) for a secret of a project that isn't allowed */
function checkAllowed(allow: readonly string[] | undefined, reference: string): void {
  const [, org = '', project = ''] = /^coffer:\/\/([^/]+)\/([^/]+)\//.exec(reference) ?? []
  const places = org === '' ? ['/user'] : [`${org}/${project}`, `${org}/*`]
  if (allow === undefined || allow.some((one) => places.includes(one))) return
  throw new CofferError('refused', `a build asks for ${displayText(reference)}`, {
    reason: 'not-allowed',
    next: `if it may have that, add ${displayText(places[0] ?? '')} to --allow of the secret provider`,
  })
}

/** The secret, or undefined where neither it nor its org or project is there. */
async function found(
  get: Get,
  params: Params<'secretGet'>,
): Promise<Result<'secretGet'> | undefined> {
  try {
    return await get(params)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'not-found') return undefined
    throw error
  }
}

function served({ value, warnings }: Result<'secretGet'>, more = ''): PlainAnswer {
  const stdout = fromBase64(value)
  if (stdout === undefined) throw new CofferError('internal', 'a value is not base64')
  return { status: 0, stdout, stderr: utf8(more + warnings.map(warningLine).join('')) }
}
