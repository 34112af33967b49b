import { hasHidden } from '../../shared/display.js'
import { GLOBAL_OPTIONS, GROUP_ALIASES, optionShape, type Command } from '../command.js'
import { locate, plainWords, spellings } from '../locate.js'
import { SHELLS, type Shell } from './quote.js'

// What could stand where the cursor is. Pure: names of secrets are asked for by whoever calls.

export type Candidate = { readonly word: string; readonly text: string }
export type Completion = { readonly candidates: readonly Candidate[]; readonly names: boolean }

const NOTHING: Completion = { candidates: [], names: false }
/** Options whose value is a secret's name. */
const NAMED = new Set(['--only'])
/** Arguments that are a secret's name. */
const NAME_ARGUMENTS = new Set(['PATH', 'PATH…', 'NAME…', 'FROM', 'TO', 'NAME'])

/** @param words those after `coffer`, the last one being typed */
export function complete(words: readonly string[], commands: readonly Command[]): Completion {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ''
  // A child's command line is the shell's to complete.
  if (before.includes('--')) return NOTHING
  const located = locate(before, commands)
  const options = [...(located?.command.options ?? []), ...GLOBAL_OPTIONS]
  const last = before.at(-1) ?? ''
  if (takesValue(options, last)) return { ...NOTHING, names: NAMED.has(last) }
  if (current.startsWith('-')) {
    const all = options.map(({ flags, text }) => ({ word: `--${optionShape(flags).long}`, text }))
    return { candidates: matching(all, current), names: false }
  }
  const inner = nextWords(plainWords(before), commands)
  const [argument] = located === undefined ? [] : argumentsLeft(located)
  const shells = argument === 'SHELL' ? SHELLS.map((word) => ({ word, text: '' })) : []
  return {
    candidates: matching([...inner, ...shells], current),
    names: argument !== undefined && NAME_ARGUMENTS.has(argument) && takesNames(located?.command),
  }
}

function takesValue(options: readonly { readonly flags: string }[], word: string): boolean {
  return options.some(({ flags }) => {
    const { long, short, takes } = optionShape(flags)
    return takes && (word === `--${long}` || (short !== undefined && word === `-${short}`))
  })
}

function matching(all: readonly Candidate[], current: string): Candidate[] {
  return all.filter(({ word }) => word.startsWith(current))
}

/** Words that go on from those that stand there to a command. */
function nextWords(typed: readonly string[], commands: readonly Command[]): Candidate[] {
  const first = typed[0] ?? ''
  const known = Object.hasOwn(GROUP_ALIASES, first)
    ? [GROUP_ALIASES[first], ...typed.slice(1)]
    : typed
  const found = new Map<string, string>()
  for (const command of commands) {
    for (const words of spellings(command)) {
      const word = words[known.length]
      if (word === undefined || known.some((one, i) => one !== words[i])) continue
      const isLast = words.length === known.length + 1
      if (isLast || !found.has(word)) found.set(word, isLast ? command.summary : '')
    }
  }
  return [...found].map(([word, text]) => ({ word, text }))
}

/** The arguments that haven't been given; the last one again when it takes many. */
function argumentsLeft({ command, rest }: NonNullable<ReturnType<typeof locate>>): string[] {
  const given = plainWords(rest).length
  const specs = command.args ?? []
  const many = specs.at(-1)?.many === true ? specs.at(-1) : undefined
  return (given < specs.length ? specs.slice(given) : many === undefined ? [] : [many]).map(
    ({ name }) => name,
  )
}

/** `scan PATH…` and the like mean files. */
function takesNames(command: Command | undefined): boolean {
  const { name = '' } = command ?? {}
  return /^(secret |export$|conflicts|runner grant|lost restore|audit|coprocess)/.test(name)
}

/** Where the names are that `current` may begin, and what to write before each. */
export function nameScope(current: string): {
  readonly prefix: string | undefined
  readonly written: string
} {
  const [written] = /^(?:\/user\/|coffer:\/\/user\/|coffer:\/\/[^/]+\/[^/]+\/)/.exec(current) ?? [
    '',
  ]
  return { prefix: written === '' ? undefined : written.slice(0, -1), written }
}

/** A line for the shell's own function to read: ready to stand on a command line in bash, plain for zsh and fish. */
export function lineFor(shell: Shell, { word, text }: Candidate, typed: Typed): string | undefined {
  if (hasHidden(word)) return undefined
  if (shell === 'fish') return text === '' ? word : `${word}\t${text}`
  if (shell === 'zsh') return word
  // readline replaces what stands after the last of its own breaks only.
  const cut =
    typed.quote === ''
      ? Math.max(...[':', '=', '@'].map((one) => typed.word.lastIndexOf(one))) + 1
      : 0
  return quoteWithin(word.slice(cut), typed.quote)
}

function quoteWithin(word: string, quote: string): string | undefined {
  if (quote === "'") return word.includes("'") ? undefined : word
  if (quote === '"') return word.replace(/[\\"$`]/g, '\\$&')
  return word.replace(/[^\w./:=@%+,\u0080-\u{10ffff}-]/gu, '\\$&')
}

/** The word under the cursor as its text, and the quote that is open there. */
export type Typed = { readonly word: string; readonly quote: string }

/** The words of a line of bash up to the cursor, as far as quotes and backslashes go. */
export function splitLine(line: string): { words: string[]; typed: Typed } {
  const words: string[] = []
  let word = ''
  let quote = ''
  let isBegun = false
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at)
    if (quote === '' && /\s/.test(char)) {
      if (isBegun) words.push(word)
      word = ''
      isBegun = false
      continue
    }
    isBegun = true
    if (char === '\\' && quote !== "'") word += line.charAt(++at)
    else if (char === quote) quote = ''
    else if (quote === '' && (char === '"' || char === "'")) quote = char
    else word += char
  }
  words.push(word)
  return { words, typed: { word, quote } }
}
