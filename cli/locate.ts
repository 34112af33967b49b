import { closest } from '../shared/closest.js'
import { displayText } from '../shared/display.js'
import { CofferError } from '../shared/errors.js'
import { GLOBAL_OPTIONS, GROUP_ALIASES, optionShape, type Command } from './command.js'

// Which command a command line means. Options may stand before, between and after the command's words, so each
// command reads the line with its own options; the one whose words come first and most is meant.

export type Located = {
  readonly command: Command
  /** The line without the command's words. */
  readonly rest: readonly string[]
}

/** The words of each way to name a command. */
export function spellings(command: Command): string[][] {
  return [command.name, ...(command.also ?? [])].map((name) => name.split(' '))
}

/** @returns undefined when no command's words stand there. */
export function locate(argv: readonly string[], commands: readonly Command[]): Located | undefined {
  let best: { command: Command; positions: readonly number[] } | undefined
  for (const command of commands) {
    for (const words of spellings(command)) {
      const positions = wordPositions(command, words, argv)
      if (positions === undefined || positions.length <= (best?.positions.length ?? 0)) continue
      best = { command, positions }
    }
  }
  if (best === undefined) return undefined
  const { command, positions } = best
  return { command, rest: argv.filter((_, i) => !positions.includes(i)) }
}

/** Where the words stand as the first ones of the line that are no options or their values. */
function wordPositions(
  command: Command,
  words: readonly string[],
  argv: readonly string[],
): readonly number[] | undefined {
  const takes = optionsWithValue(command)
  const positions: number[] = []
  for (let at = 0; at < argv.length && positions.length < words.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') return undefined
    if (word.startsWith('-') && word !== '-') {
      if (takes.has(word)) at++
      continue
    }
    if (canonical(word, positions.length) !== words[positions.length]) return undefined
    positions.push(at)
  }
  return positions.length === words.length ? positions : undefined
}

function canonical(word: string, place: number): string {
  if (place > 0) return word
  return Object.hasOwn(GROUP_ALIASES, word) ? (GROUP_ALIASES[word] ?? word) : word
}

function optionsWithValue(command: Command): ReadonlySet<string> {
  const takes = new Set<string>()
  for (const { flags } of [...GLOBAL_OPTIONS, ...(command.options ?? [])]) {
    const shape = optionShape(flags)
    if (!shape.takes) continue
    takes.add(`--${shape.long}`)
    if (shape.short !== undefined) takes.add(`-${shape.short}`)
  }
  return takes
}

/** The words of a line as far as they can be told from options without knowing the command. */
export function plainWords(argv: readonly string[]): string[] {
  const takes = optionsWithValue({
    name: '',
    summary: '',
    examples: [],
    run: () => Promise.resolve(),
  })
  const words: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    if (word === '--') break
    if (!word.startsWith('-')) words.push(canonical(word, words.length))
    else if (takes.has(word)) at++
  }
  return words
}

/** The commands of a group (`secret`), if `words` begin with one. */
export function groupOf(
  words: readonly string[],
  commands: readonly Command[],
): readonly Command[] {
  const [first] = words
  return commands.filter(({ name }) => first !== undefined && name.startsWith(`${first} `))
}

/** The refusal of a line that names no command, with what was probably meant. */
export function unknownCommand(
  words: readonly string[],
  commands: readonly Command[],
): CofferError {
  const group = groupOf(words, commands)
  const first = words[0] ?? ''
  const typed = group.length > 0 ? `${first} ${words[1] ?? ''}`.trim() : first
  const known = (group.length > 0 ? group : commands).flatMap((command) =>
    spellings(command).map((each) => each.join(' ')),
  )
  const groups = group.length > 0 ? [] : known.map((name) => name.split(' ')[0] ?? '')
  const meant = closest(typed, [...known, ...groups])
  const help = group.length > 0 ? `coffer ${first} --help` : 'coffer --help'
  return new CofferError(
    'usage',
    group.length > 0 && words.length === 1
      ? `${first} needs a word after it`
      : `there is no command '${displayText(typed)}'`,
    {
      reason: 'unknown-command',
      next: meant === undefined ? `see ${help}` : `did you mean coffer ${meant}? see ${help}`,
    },
  )
}
