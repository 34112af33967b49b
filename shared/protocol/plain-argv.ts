import { ERROR_CODES, type CofferError } from '../errors.js'

// The command lines that a launcher may pass on unread: get, ls, run and earthly provider, with the options they have
// here. Everything else (help, --watch, mistakes) is for the full program. Pure: launcher and daemon scan alike.

export type PlainVerb = 'get' | 'ls' | 'run' | 'provider'

export type PlainLine = {
  readonly verb: PlainVerb
  /** Switches that were given, by their long names. */
  readonly switches: ReadonlySet<string>
  /** Values of each option that takes one, in order. */
  readonly values: ReadonlyMap<string, readonly string[]>
  /** `get`, `provider`: one name; `ls`: at most one prefix; `run`: none. */
  readonly names: readonly string[]
  /** `run`: the child's command line, verbatim and not empty; else empty. */
  readonly command: readonly string[]
}

type Verbs = { readonly [word: string]: PlainVerb }
const SECRET_VERBS: Verbs = { get: 'get', ls: 'ls', list: 'ls' }

/** What the words mean after each word that begins a group; '' stands for none. */
const GROUPS: { readonly [group: string]: Verbs } = {
  '': { ...SECRET_VERBS, run: 'run' },
  secret: SECRET_VERBS,
  secrets: SECRET_VERBS,
  earthly: { provider: 'provider' },
}

const ALL = ['get', 'ls', 'run', 'provider'] as const

/** Which option belongs to which verbs, and whether it takes a value. */
const OPTIONS: { readonly [option: string]: { takes: boolean; verbs: readonly PlainVerb[] } } = {
  org: { takes: true, verbs: ALL },
  project: { takes: true, verbs: ALL },
  offline: { takes: false, verbs: ALL },
  json: { takes: false, verbs: ['get', 'ls'] },
  raw: { takes: false, verbs: ['get'] },
  long: { takes: false, verbs: ['ls'] },
  version: { takes: true, verbs: ['get'] },
  strict: { takes: false, verbs: ALL },
  fresh: { takes: false, verbs: ALL },
  'max-age': { takes: true, verbs: ALL },
  'require-lock': { takes: false, verbs: ALL },
  only: { takes: true, verbs: ['run'] },
  'allow-env': { takes: true, verbs: ['run'] },
  'preserve-env': { takes: false, verbs: ['run'] },
  override: { takes: false, verbs: ['provider'] },
  optional: { takes: true, verbs: ['provider'] },
  allow: { takes: true, verbs: ['provider'] },
  'legacy-project': { takes: true, verbs: ['provider'] },
}

type State = {
  group: string
  verb: PlainVerb | undefined
  switches: Set<string>
  values: Map<string, string[]>
  names: string[]
}

/** The plain command in `argv` (program name left out), or undefined when the full program must look at it. */
export function scanPlain(argv: readonly string[]): PlainLine | undefined {
  const state: State = {
    group: '',
    verb: undefined,
    switches: new Set(),
    values: new Map(),
    names: [],
  }
  let at = 0
  while (at < argv.length) {
    const word = argv[at] ?? ''
    // Earthly puts the name last, whatever it looks like.
    const isLast = state.verb === 'provider' && at === argv.length - 1 && !isKnownOption(word)
    const isOption = word.startsWith('-') && word !== '-' && !isLast
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

function isKnownOption(word: string): boolean {
  return word === '--help' || word === '-h' || Object.hasOwn(OPTIONS, word.replace(/^--/, ''))
}

function takeWord(state: State, word: string): number {
  if (state.verb !== undefined) {
    state.names.push(word)
    return 1
  }
  const verbs = GROUPS[state.group] ?? {}
  if (Object.hasOwn(verbs, word)) state.verb = verbs[word]
  else if (state.group === '' && word !== '' && Object.hasOwn(GROUPS, word)) state.group = word
  else return 0
  return 1
}

function finish(state: State, command: readonly string[]): PlainLine | undefined {
  const { verb, switches, values, names } = state
  if (verb === undefined) return undefined
  const used = [...switches, ...values.keys()]
  if (used.some((name) => OPTIONS[name]?.verbs.includes(verb) !== true)) return undefined
  const counts = {
    get: names.length === 1,
    provider: names.length === 1,
    ls: names.length <= 1,
    run: command.length > 0,
  }
  return counts[verb] ? { verb, switches, values, names, command } : undefined
}

/** Whether a command line, even one that is wrong, is meant for `earthly provider`. */
export function meansProvider(argv: readonly string[]): boolean {
  const words: string[] = []
  for (let at = 0; at < argv.length && words.length < 2; at++) {
    const word = argv[at] ?? ''
    if (word === '--') break
    if (!word.startsWith('-')) words.push(word)
    else if (OPTIONS[word.slice(2)]?.takes === true) at++
  }
  return words[0] === 'earthly' && words[1] === 'provider'
}

/**
 * The exit code of a command line that failed. A provider's 2 means that there is no such secret, and Earthly looks
 * elsewhere: there, a wrong command line is 32.
 */
export function exitOf({ code }: CofferError, argv: readonly string[]): number {
  return code === 'usage' && meansProvider(argv) ? ERROR_CODES.format : ERROR_CODES[code]
}
