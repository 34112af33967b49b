import { displayText } from '../../shared/display.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import type { Context } from '../../shared/protocol/local-common.js'
import { folderOf, readEarthfiles, type EarthfileSet } from './earthfiles.js'
import { usesOf, type FoundUse, type Place } from '../interop/earthly/uses.js'
import { isRunner } from '../reach/runner-env.js'
import type { Session } from '../session.js'

// Whether what Earthfiles ask for is there, by the same rules by which `earthly provider` will be asked. No value is read.

export type Status = 'there' | 'missing' | 'unresolved' | 'wrong'

export type Row = {
  readonly status: Status
  /** What Earthly asks for, or what stands in the Earthfile. */
  readonly secret: string
  /** Where coffer looks. */
  readonly reference?: string
  readonly file: string
  readonly line: number
  /** '' for the base recipe. */
  readonly target: string
  readonly why?: string
}

/** Where one use leads: a secret to look for, or what there is to say instead. */
type Meant =
  | {
      readonly scope: string
      readonly context: Context
      readonly prefix?: string
      readonly name: string
    }
  | { readonly status: Status; readonly why: string }

/** The names of a vault, each with whether only runners open it; or why they can't be known. */
type Names =
  | { readonly names: ReadonlyMap<string, boolean>; readonly loading: boolean }
  | { readonly why: string }

/**
 * One row for each secret that the named Earthfiles ask for.
 * @param legacy the project in which `org/key` of older Earthfiles is
 * @throws CofferError what reading files and listing names throw
 */
export async function checkEarthfiles(
  session: Session,
  named: readonly string[],
  legacy: string | undefined,
): Promise<Row[]> {
  const set = readEarthfiles(named, session.io.cwd())
  const uses = usesOf(set.files, folderOf).filter(
    ({ wish }) =>
      wish.kind !== 'skipped' && !(wish.kind === 'secret' && wish.name.startsWith('aws:')),
  )
  const vaults = new Map<string, Promise<Names>>()
  const rows = await Promise.all(
    uses.map((use) => rowOf(session, set, use, meantBy(session, use, legacy), vaults)),
  )
  const seen = new Map([...problemsOf(set), ...rows].map((row) => [JSON.stringify(row), row]))
  return [...seen.values()].toSorted(
    (a, b) => a.file.localeCompare(b.file, 'en') || a.line - b.line,
  )
}

function problemsOf({ files, shown, missing }: EarthfileSet): Row[] {
  const wrong = [...files].flatMap(([folder, { problems }]) =>
    problems.map(({ line, why }) => ({
      status: 'wrong' as const,
      secret: 'PROJECT',
      file: shown.get(folder) ?? folder,
      line,
      target: '',
      why,
    })),
  )
  const gone = missing.map(({ from, folder, why }) => ({
    status: 'unresolved' as const,
    secret: folder,
    file: shown.get(from) ?? from,
    line: 0,
    target: '',
    why,
  }))
  return [...wrong, ...gone]
}

function meantBy(session: Session, { wish, place }: FoundUse, legacy: string | undefined): Meant {
  if (wish.kind === 'wrong' || wish.kind === 'unresolved') {
    return { status: wish.kind, why: wish.why }
  }
  const name = wish.kind === 'secret' ? wish.name : ''
  const { cwd } = session.context
  const own = /^\/?user\/(.+)$/s.exec(name)?.[1]
  if (own !== undefined) {
    return { scope: '/user', context: { cwd, env: {} }, prefix: '/user', name: own }
  }
  return place.kind === 'legacy'
    ? legacyMeaning(session, name, legacy)
    : placed(session, name, place)
}

function placed(session: Session, name: string, place: Exclude<Place, { kind: 'legacy' }>): Meant {
  if (place.kind === 'unknown') {
    return {
      status: 'unresolved',
      why: "a function takes its caller's PROJECT, and nothing here calls it",
    }
  }
  const relative = name.replace(/^\//, '')
  if (place.kind === 'selected') return { scope: '', context: session.context, name: relative }
  const { org, project } = place.project
  // `/org/project/name` names another project of the same org.
  const [, first, second, rest] = /^\/([^/]+)\/([^/]+)\/(.+)$/s.exec(name) ?? []
  return first === org && second !== undefined && rest !== undefined
    ? inProject(session, org, second, rest)
    : inProject(session, org, project, relative)
}

function inProject(session: Session, org: string, project: string, name: string): Meant {
  const context = { cwd: session.context.cwd, env: {}, org, project }
  return { scope: `coffer://${org}/${project}`, context, name }
}

function legacyMeaning(session: Session, name: string, legacy: string | undefined): Meant {
  const [, org, key] = /^\/?([^/]+)\/(.+)$/s.exec(name) ?? []
  if (org === undefined || key === undefined) {
    return { scope: '', context: session.context, name }
  }
  if (legacy !== undefined) return inProject(session, org, legacy, key)
  const why = `before VERSION 0.7 it is ORG/NAME: say in which project of ${org} with --legacy-project`
  return { status: 'unresolved', why }
}

async function rowOf(
  session: Session,
  set: EarthfileSet,
  { folder, line, recipe, wish }: FoundUse,
  meant: Meant,
  vaults: Map<string, Promise<Names>>,
): Promise<Row> {
  const secret = wish.kind === 'secret' ? wish.name : wish.kind === 'skipped' ? '' : wish.typed
  const at = { secret, file: set.shown.get(folder) ?? folder, line, target: recipe }
  if ('status' in meant) return { status: meant.status, ...at, why: meant.why }
  const { scope, name } = meant
  const reference = scope === '' ? name : `${scope}/${name}`
  const vault = vaults.get(scope) ?? namesIn(session, meant)
  vaults.set(scope, vault)
  const known = await vault
  if ('why' in known) return { status: 'missing', ...at, reference, why: known.why }
  const sealed = known.names.get(name.normalize('NFC'))
  if (sealed === true) {
    return {
      status: 'there',
      ...at,
      reference,
      why: "sealed: a build with a runner's token is given it",
    }
  }
  if (sealed === false) return { status: 'there', ...at, reference }
  if (known.loading) throw stillLoading(reference)
  return { status: 'missing', ...at, reference }
}

async function namesIn(
  session: Session,
  { context, prefix }: Exclude<Meant, { status: Status }>,
): Promise<Names> {
  try {
    const asked = prefix === undefined ? { context } : { context, prefix }
    const { secrets, loading } = await session.call('secretList', asked)
    const person = !isRunner(session.io.env)
    const names = secrets.map(({ name, sealed }) => [name, person && sealed === true] as const)
    return { names: new Map(names), loading }
  } catch (error) {
    // An org or project that isn't there, or half a selection, has no names; everything else is no answer.
    if (hasCode(error, 'not-found')) return { why: error.message }
    if (hasCode(error, 'usage') && error.reason === 'no-project') return { why: error.message }
    throw error
  }
}

function stillLoading(reference: string): CofferError {
  return new CofferError('stale', `${displayText(reference)} is still loading on this device`, {
    reason: 'loading',
    next: 'try again when coffer status says ready',
  })
}
