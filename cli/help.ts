import { GLOBAL_OPTIONS, GROUP_ALIASES, usageOf, type Command } from './command.js'
import { columns } from './format.js'
import { EXITS, VARIABLES } from './outcomes.js'
import type { TOPICS } from './table.js'

// Help, made from the table.

/** Emphasis, where colours are wanted. */
export type Paint = (text: string) => string

const INTRO = `coffer: a vault for secrets that lives on your machines, works without a network and
converges over a relay that can read nothing.`

const CROSSED = `Options may stand before or after a command.
${Object.keys(GROUP_ALIASES).join(', ')} mean the same as the singular.`

/** The whole command line on a page. */
export function topHelp(topics: typeof TOPICS, paint: Paint): string {
  const width = Math.max(
    ...topics.flatMap(({ commands }) => commands.map(({ name }) => name.length)),
  )
  return [
    `${INTRO}\n`,
    `${paint('Usage')}: coffer COMMAND [options]\n`,
    ...topics.map(({ title, commands }) => `${paint(title)}\n${commandList(commands, width)}`),
    `${paint('Options of every command')}\n${optionList(GLOBAL_OPTIONS)}`,
    `${paint('Variables')}\n${indent(columns(VARIABLES.map(({ name, text }) => [name, text])))}`,
    `${paint('Exit codes')}\n${indent(columns(EXITS.map(({ exit, code, text }) => [exit, code, text])))}`,
    `${CROSSED}\n${paint('More')}: coffer COMMAND --help, coffer --version\n`,
  ].join('\n')
}

/** The commands of one group. */
export function groupHelp(group: string, commands: readonly Command[], paint: Paint): string {
  const parts = [
    `${paint('Usage')}: coffer ${group} COMMAND [options]\n`,
    `${paint('Commands')}\n${commandList(commands)}`,
    `${paint('More')}: coffer ${group} COMMAND --help\n`,
  ]
  return parts.join('\n')
}

/** One command with its options and examples. */
export function commandHelp(command: Command, paint: Paint): string {
  const also = command.also ?? []
  const exits = EXITS.filter(({ code }) => (command.exits ?? []).some((one) => one === code))
  const parts = [
    `${command.summary}.${command.details === undefined ? '' : `\n\n${command.details}`}\n`,
    `${paint('Usage')}: ${usageOf(command)}\n`,
    ...(also.length > 0
      ? [`${paint('Also')}: ${also.map((name) => `coffer ${name}`).join(', ')}\n`]
      : []),
    `${paint('Options')}\n${optionList([...(command.options ?? []), ...GLOBAL_OPTIONS])}`,
    `${paint('Examples')}\n${indent(columns(command.examples.map(({ line, text }) => (text === '' ? [line] : [line, `# ${text}`]))))}`,
    ...(exits.length > 0
      ? [
          `${paint('Exit codes beside 0, 1, 2, 32 and 33')}\n${indent(columns(exits.map(({ exit, code, text }) => [exit, code, text])))}`,
        ]
      : []),
  ]
  return parts.join('\n')
}

/** @param width of the names, where several lists stand below each other */
function commandList(commands: readonly Command[], width = 0): string {
  return indent(
    columns(
      commands.map((command) => {
        const short = (command.also ?? []).find((name) => !name.includes(' '))
        return [
          command.name.padEnd(width),
          command.summary + (short === undefined ? '' : ` (also: ${short})`),
        ]
      }),
    ),
  )
}

function optionList(options: readonly { readonly flags: string; readonly text: string }[]): string {
  return indent(columns(options.map(({ flags, text }) => [flags, text])))
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
