import { complaint } from '../shared/complaint.js'
import { CofferError, ERROR_CODES } from '../shared/errors.js'
import { exitOf } from '../shared/protocol/plain-argv.js'
import { VERSION } from '../shared/version.js'
import { checkArguments } from './arguments.js'
import { GLOBAL_OPTIONS, optionShape, type Command } from './command.js'
import { known } from './fail.js'
import { commandHelp, groupHelp, topHelp, type Paint } from './help.js'
import { workingFolder } from './hot.js'
import { processIo, type Io } from './io.js'
import { groupOf, locate, plainWords, unknownCommand } from './locate.js'
import { parseCall } from './parse.js'
import { reachDaemon, Session, type Reach } from './session.js'
import { COMMANDS, TOPICS } from './table.js'

// The full program: every command, help and the daemon's start.

/** Runs one command line in this process: output, exit code, errors. Never rejects. */
export async function main(
  argv: readonly string[],
  io: Io = processIo(workingFolder),
  reach: Reach = reachDaemon,
): Promise<void> {
  try {
    await dispatch(argv, io, reach)
  } catch (error) {
    const failure = known(error)
    const red: Paint = colours(io.env, io.errIsTerminal)
      ? (text) => `\x1b[31m${text}\x1b[39m`
      : plain
    io.err(red(complaint(failure).trimEnd()) + '\n')
    io.exit(exitOf(failure, argv))
  }
}

const plain: Paint = (text) => text

async function dispatch(argv: readonly string[], io: Io, reach: Reach): Promise<void> {
  if (argv.length === 0 && io.outIsTerminal && io.inputKind() === 'terminal') {
    return dispatch(['ui'], io, reach)
  }
  const bold: Paint = colours(io.env, io.outIsTerminal) ? (text) => `\x1b[1m${text}\x1b[22m` : plain
  checkArguments(argv)
  const located = locate(argv, COMMANDS)
  const words = plainWords(argv)
  if (located === undefined) return withoutCommand(argv, words, io, bold)
  const { command, rest } = located
  if (asksHelp(command, rest)) return io.out(commandHelp(command, bold))
  const call = parseCall(command, command.lastIsName === true ? withName(command, rest) : rest)
  const session = new Session(io, call, reach, command.runner)
  try {
    await command.run(call, session)
    await session.announce()
  } finally {
    await session.close()
  }
}

/** Help, version, or the refusal of a line that names no command. */
function withoutCommand(
  argv: readonly string[],
  words: readonly string[],
  io: Io,
  bold: Paint,
): void {
  const [first, ...others] = words
  if (first === 'help') return help(others, io, bold)
  if (first === 'version' || (first === undefined && argv.includes('--version'))) {
    return io.out(`coffer ${VERSION}\n`)
  }
  if (argv.includes('--help') || argv.includes('-h')) return help(words, io, bold)
  if (first !== undefined) throw unknownCommand(words, COMMANDS)
  const unknown = argv.find((word) => word.startsWith('-') && !isGlobal(word))
  if (unknown !== undefined) {
    throw new CofferError('usage', `there is no option '${unknown}' without a command`, {
      reason: 'unknown-option',
      next: 'see coffer --help',
    })
  }
  io.err(topHelp(TOPICS, bold))
  io.exit(ERROR_CODES.usage)
}

/** A name at the end that looks like an option and is none of the command's. */
function withName(command: Command, rest: readonly string[]): readonly string[] {
  const [last = '', before] = [rest.at(-1), rest.at(-2)]
  const known = [...GLOBAL_OPTIONS, ...(command.options ?? [])].map(({ flags }) => flags)
  const isName = last.startsWith('-') && before !== '--'
  if (!isName || known.some((flags) => last === `--${optionShape(flags).long}`)) return rest
  return [...rest.slice(0, -1), '--', last]
}

function help(words: readonly string[], io: Io, bold: Paint): void {
  if (words.length === 0) return io.out(topHelp(TOPICS, bold))
  const located = locate(words, COMMANDS)
  if (located !== undefined) return io.out(commandHelp(located.command, bold))
  const group = groupOf(words, COMMANDS)
  if (group.length === 0 || words.length > 1) throw unknownCommand(words, COMMANDS)
  io.out(groupHelp(words[0] ?? '', group, bold))
}

function isGlobal(word: string): boolean {
  return GLOBAL_OPTIONS.some(({ flags }) => word.split('=')[0] === `--${optionShape(flags).long}`)
}

/** Whether help is asked for before anything that belongs to a child or stands after `--`. */
function asksHelp(command: Command, rest: readonly string[]): boolean {
  const takes = new Set(
    [...GLOBAL_OPTIONS, ...(command.options ?? [])].flatMap(({ flags }) => {
      const { long, short, takes } = optionShape(flags)
      return takes ? [`--${long}`, `-${short ?? long}`] : []
    }),
  )
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? ''
    if (word === '--help' || word === '-h') return true
    if (word === '--' || (command.verbatim === true && !word.startsWith('-'))) return false
    if (takes.has(word)) at++
  }
  return false
}

/** NO_COLOR wins over CLICOLOR_FORCE, which wins over the terminal. */
function colours(env: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const force = env['CLICOLOR_FORCE'] ?? ''
  return (force !== '' && force !== '0') || terminal
}
