import { logicalLines, type LogicalLine } from './logical.js'
import { wishesOf, type Dialect, type SecretWish } from './secret-use.js'
import { splitFlags, wordsOf } from './words.js'

// What an Earthfile says of secrets: its version, its PROJECT, what each recipe asks for and calls. Pure; any text is
// read as far as it can be.

export type Project = { readonly org: string; readonly project: string }

export type Use = { readonly line: number; readonly wish: SecretWish }

/** A reference to a recipe elsewhere: `folder` is '' for the same file. */
export type Call = { readonly line: number; readonly folder: string; readonly recipe: string }

export type Recipe = {
  /** '' for the base recipe. */
  readonly name: string
  readonly isFunction: boolean
  readonly uses: readonly Use[]
  readonly calls: readonly Call[]
}

export type Earthfile = {
  readonly dialect: Dialect
  readonly project: Project | undefined
  readonly recipes: readonly Recipe[]
  /** Local folders whose Earthfiles are named, as they stand there. */
  readonly folders: readonly string[]
  readonly problems: readonly { readonly line: number; readonly why: string }[]
}

type Draft = {
  dialect: Dialect
  project: Project | undefined
  imports: Map<string, string>
  recipes: {
    name: string
    isFunction: boolean
    uses: Use[]
    calls: Call[]
  }[]
  folders: Set<string>
  problems: { line: number; why: string }[]
}

const TAKES = new Set(['secret', 'mount', 'network', 'oidc', 'sep'])
const TAKES_LOAD = new Set(
  'load pull compose service build-arg platform cache-id chown chmod branch'.split(' '),
)
const TARGET = /^([A-Za-z0-9][A-Za-z0-9._-]*):\s*(?:#.*)?$/

/** Reads an Earthfile. Never throws. */
export function parseEarthfile(text: string): Earthfile {
  const draft: Draft = {
    dialect: 'legacy',
    project: undefined,
    imports: new Map(),
    recipes: [{ name: '', isFunction: false, uses: [], calls: [] }],
    folders: new Set(),
    problems: [],
  }
  const lines = logicalLines(text)
  const [first] = lines
  if (first !== undefined && /^VERSION\b/.test(first.text)) draft.dialect = dialectOf(first.text)
  for (const line of lines) take(draft, line)
  const { dialect, project, recipes, folders, problems } = draft
  return { dialect, project, recipes, folders: [...folders], problems }
}

/** VERSION 0.7 and later name secrets by project, and earlier ones with the flag that 0.7 made the rule. */
function dialectOf(text: string): Dialect {
  const { flags, rest } = splitFlags(wordsOf(text).slice(1), new Set())
  const flag = flags.findLast(({ name }) => name === 'use-project-secrets')
  if (flag !== undefined) return flag.value === 'false' ? 'legacy' : 'project'
  const [, major = '0', minor = '0'] = /^(\d{1,6})\.(\d{1,6})/.exec(rest[0] ?? '') ?? []
  return Number(major) > 0 || Number(minor) >= 7 ? 'project' : 'legacy'
}

function take(draft: Draft, line: LogicalLine): void {
  const [, target] = line.indented ? [] : (TARGET.exec(line.text) ?? [])
  if (target !== undefined) {
    draft.recipes.push({ name: target, isFunction: false, uses: [], calls: [] })
    return
  }
  const [command = '', ...words] = wordsOf(line.text)
  if (Object.hasOwn(COMMANDS, command)) COMMANDS[command]?.(draft, line, words)
}

type Take = (draft: Draft, line: LogicalLine, words: readonly string[]) => void

/** `ELSE IF` and `WITH DOCKER`: what stands behind the second word. */
function behind(second: string, then: Take): Take {
  return (draft, line, [first, ...words]) => {
    if (first === second) then(draft, line, words)
  }
}

const COMMANDS: { readonly [command: string]: Take } = {
  PROJECT: takeProject,
  IMPORT: takeImport,
  COMMAND: takeFunction,
  FUNCTION: takeFunction,
  RUN: takeUses,
  IF: takeUses,
  FOR: takeUses,
  ELSE: behind('IF', takeUses),
  FROM: takeCalls,
  BUILD: takeCalls,
  DO: takeCalls,
  COPY: takeCalls,
  WITH: behind('DOCKER', takeCalls),
}

function takeFunction(draft: Draft): void {
  const recipe = draft.recipes.at(-1)
  if (recipe !== undefined && recipe.name !== '') recipe.isFunction = true
}

function takeUses(draft: Draft, { line }: LogicalLine, words: readonly string[]): void {
  const { flags } = splitFlags(words, TAKES)
  const uses = wishesOf(flags, draft.dialect).map((wish) => ({ line, wish }))
  draft.recipes.at(-1)?.uses.push(...uses)
}

function takeProject(draft: Draft, { line }: LogicalLine, words: readonly string[]): void {
  const [, org, project] = /^([^/]+)\/([^/]+)$/.exec(words[0] ?? '') ?? []
  const refuse = (why: string): void => void draft.problems.push({ line, why })
  if (draft.recipes.length > 1) return refuse('PROJECT stands above all targets')
  if (draft.dialect === 'legacy') return refuse('PROJECT needs VERSION 0.7')
  if (org === undefined || project === undefined || words.length !== 1) {
    return refuse('PROJECT takes one ORG/PROJECT')
  }
  if (/\$/.test(org + project)) return refuse('PROJECT takes no ARG')
  draft.project = { org, project }
}

function takeImport(draft: Draft, _line: LogicalLine, words: readonly string[]): void {
  const { rest } = splitFlags(words, new Set())
  const [folder = '', as, alias] = rest
  if (folder === '') return
  const name =
    as === 'AS' && alias !== undefined
      ? alias
      : (folder.replace(/\/+$/, '').split('/').at(-1) ?? '')
  draft.imports.set(name.replace(/:.*$/, ''), folder)
  if (isLocal(folder)) draft.folders.add(folder)
}

/** References among a command's words: `./folder+target`, `+target/file`, `alias+FUNCTION`, `--load=image=+target`. */
function takeCalls(draft: Draft, { line }: LogicalLine, words: readonly string[]): void {
  const { flags, rest } = splitFlags(words, TAKES_LOAD)
  const loads = flags.filter(({ name }) => name === 'load').map(({ value = '' }) => value)
  for (const word of [...loads, ...rest.filter((one) => !one.startsWith('--'))]) {
    const [, before, recipe] = /^\(?(?:[^+=]*=)?([^+=]*)\+([A-Za-z0-9][\w.-]*)/.exec(word) ?? []
    if (before === undefined || recipe === undefined || /\$/.test(before)) continue
    const folder = draft.imports.get(before) ?? before
    if (folder !== '' && !isLocal(folder)) continue
    if (folder !== '') draft.folders.add(folder)
    draft.recipes.at(-1)?.calls.push({ line, folder, recipe })
  }
}

function isLocal(folder: string): boolean {
  return /^(\.{1,2}(\/|$)|\/)/.test(folder) && !folder.includes('$')
}
