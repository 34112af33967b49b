import type { ErrorCode } from '../shared/errors.js'
import type { Call } from './call.js'
import type { Session } from './session.js'

// What a command is: data from which parsing, help and the README's table come, and one function that does it.

export type ArgumentSpec = {
  /** As help shows it: `PATH`, `NAME…`. */
  readonly name: string
  readonly required: boolean
  /** Takes all that is left. */
  readonly many?: boolean
}

export type OptionSpec = {
  /** As commander reads it: `-f, --file <FILE>`. */
  readonly flags: string
  readonly text: string
  /** Given several times, it adds up. */
  readonly many?: boolean
}

export type Example = {
  readonly line: string
  readonly text: string
}

export type Command = {
  /** The words that name it: `secret set`. */
  readonly name: string
  /** Other words for it: `set`. */
  readonly also?: readonly string[]
  readonly summary: string
  /** Whole sentences for its own help. */
  readonly details?: string
  readonly args?: readonly ArgumentSpec[]
  readonly options?: readonly OptionSpec[]
  readonly examples: readonly Example[]
  /** What goes to stdout, in a few words; nothing when absent. */
  readonly stdout?: string
  /** Exit codes beyond those that every command may have. */
  readonly exits?: readonly ErrorCode[]
  /** Works with a runner's token, too: it only reads secrets. */
  readonly runner?: boolean
  /** Everything after the first argument is a child's. */
  readonly verbatim?: boolean
  /** The last word is its argument, even one that looks like an option. */
  readonly lastIsName?: boolean
  readonly run: (call: Call, session: Session) => Promise<void>
}

/** Options of every command. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { flags: '--org <ORG>', text: 'the org, instead of the selected one' },
  { flags: '--project <PROJECT>', text: 'the project, instead of the selected one' },
  { flags: '--json', text: 'one JSON value on stdout' },
  { flags: '--offline', text: 'neither wait for the network nor start traffic' },
  { flags: '-h, --help', text: 'this help' },
]

/** Words that mean a group of commands under another name. */
export const GROUP_ALIASES: { readonly [word: string]: string } = {
  secrets: 'secret',
  orgs: 'org',
  projects: 'project',
  devices: 'device',
  registries: 'registry',
}

/** The long name and arity of `-f, --file <FILE>`. */
export function optionShape(flags: string): {
  readonly long: string
  readonly short: string | undefined
  readonly takes: boolean
} {
  const long = /--([a-z][a-z-]*)/.exec(flags)?.[1] ?? ''
  const short = /(?:^|\s)-([A-Za-z])\b/.exec(flags)?.[1]
  return { long, short, takes: /[<[]/.test(flags) }
}

/** How a command is called: `coffer secret set PATH [VALUE] [options]`. */
export function usageOf(command: Command): string {
  const args = (command.args ?? []).map(({ name, required }) => (required ? name : `[${name}]`))
  const options = (command.options ?? []).length > 0 ? ['[options]'] : []
  const words = command.verbatim === true ? [...options, '--', ...args] : [...args, ...options]
  return ['coffer', command.name, ...words].join(' ')
}
