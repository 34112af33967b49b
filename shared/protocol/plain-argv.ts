// The command lines that a launcher may pass on unread: get, ls and run, with the options they have here. Everything
// else (help, --watch, mistakes) is for the full program. Pure: launcher and daemon scan alike.

export type PlainVerb = 'get' | 'ls' | 'run'

export type PlainLine = {
  readonly verb: PlainVerb
  /** Switches that were given, by their long names. */
  readonly switches: ReadonlySet<string>
  /** Values of each option that takes one, in order. */
  readonly values: ReadonlyMap<string, readonly string[]>
  /** `get`: one name; `ls`: at most one prefix; `run`: none. */
  readonly names: readonly string[]
  /** `run`: the child's command line, verbatim and not empty; else empty. */
  readonly command: readonly string[]
}

const VERBS: { readonly [word: string]: PlainVerb } = { get: 'get', ls: 'ls', list: 'ls' }

/** Which option belongs to which verbs, and whether it takes a value. */
const OPTIONS: { readonly [option: string]: { takes: boolean; verbs: readonly PlainVerb[] } } = {
  org: { takes: true, verbs: ['get', 'ls', 'run'] },
  project: { takes: true, verbs: ['get', 'ls', 'run'] },
  offline: { takes: false, verbs: ['get', 'ls', 'run'] },
  json: { takes: false, verbs: ['get', 'ls'] },
  raw: { takes: false, verbs: ['get'] },
  long: { takes: false, verbs: ['ls'] },
  version: { takes: true, verbs: ['get'] },
  strict: { takes: false, verbs: ['get', 'ls', 'run'] },
  fresh: { takes: false, verbs: ['get', 'ls', 'run'] },
  'max-age': { takes: true, verbs: ['get', 'ls', 'run'] },
  'require-lock': { takes: false, verbs: ['get', 'ls', 'run'] },
  only: { takes: true, verbs: ['run'] },
  'allow-env': { takes: true, verbs: ['run'] },
  'preserve-env': { takes: false, verbs: ['run'] },
}

type State = {
  group: boolean
  verb: PlainVerb | undefined
  switches: Set<string>
  values: Map<string, string[]>
  names: string[]
}

/** The plain command in `argv` (program name left out), or undefined when the full program must look at it. */
export function scanPlain(argv: readonly string[]): PlainLine | undefined {
  const state: State = {
    group: false,
    verb: undefined,
    switches: new Set(),
    values: new Map(),
    names: [],
  }
  let at = 0
  while (at < argv.length) {
    const word = argv[at] ?? ''
    const isOption = word.startsWith('-') && word !== '-'
    if (state.verb === 'run' && (word === '--' || !isOption)) {
      return finish(state, argv.slice(word === '--' ? at + 1 : at))
    }
    if (word === '--') {
      state.names.push(...argv.slice(at + 1))
      return finish(state, [])
    }
    const step = isOption ? takeOption(state, word, argv[at + 1]) : takeWord(state, word)
    if (step === 0) return undefined
    at += step
  }
  return finish(state, [])
}

/** Words consumed; 0 when it isn't plain. */
function takeOption(state: State, word: string, following: string | undefined): number {
  if (word === '-n' || word === '-l') {
    state.switches.add(word === '-n' ? 'raw' : 'long')
    return 1
  }
  const equals = word.indexOf('=')
  const name = word.slice(2, equals < 0 ? undefined : equals)
  const option = word.startsWith('--') && Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
  if (option === undefined) return 0
  if (!option.takes) {
    state.switches.add(name)
    return equals < 0 ? 1 : 0
  }
  const value = equals < 0 ? following : word.slice(equals + 1)
  if (value === undefined) return 0
  state.values.set(name, [...(state.values.get(name) ?? []), value])
  return equals < 0 ? 2 : 1
}

function takeWord(state: State, word: string): number {
  if (state.verb !== undefined) {
    state.names.push(word)
    return 1
  }
  if (!state.group && (word === 'secret' || word === 'secrets')) {
    state.group = true
    return 1
  }
  state.verb =
    word === 'run' && !state.group ? 'run' : Object.hasOwn(VERBS, word) ? VERBS[word] : undefined
  return state.verb === undefined ? 0 : 1
}

function finish(state: State, command: readonly string[]): PlainLine | undefined {
  const { verb, switches, values, names } = state
  if (verb === undefined) return undefined
  const used = [...switches, ...values.keys()]
  if (used.some((name) => OPTIONS[name]?.verbs.includes(verb) !== true)) return undefined
  const counts = { get: names.length === 1, ls: names.length <= 1, run: command.length > 0 }
  return counts[verb] ? { verb, switches, values, names, command } : undefined
}
