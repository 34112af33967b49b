import { Command as Commander, CommanderError, Option } from 'commander'
import { CofferError } from '../shared/errors.js'
import type { Call } from './call.js'
import { GLOBAL_OPTIONS, optionShape, usageOf, type Command } from './command.js'

/**
 * Reads a command's own line (its words taken out).
 * @throws CofferError `usage`, with commander's own guess at a misspelt option.
 */
export function parseCall(command: Command, rest: readonly string[]): Call {
  const parser = new Commander(command.name)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
    .allowExcessArguments(false)
  if (command.verbatim === true) parser.passThroughOptions()
  for (const { name, required, many } of command.args ?? []) {
    const shown = many === true ? `${name}...` : name
    parser.argument(required ? `<${shown}>` : `[${shown}]`)
  }
  for (const { flags, many } of [...(command.options ?? []), ...GLOBAL_OPTIONS]) {
    const option = new Option(flags)
    if (many === true) option.argParser(collect)
    parser.addOption(option)
  }
  try {
    parser.parse([...rest], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw refusal(command, error)
    throw error
  }
  return callOf(parser)
}

function collect(value: string, before: unknown): string[] {
  return [...(Array.isArray(before) ? before.map(String) : []), value]
}

function refusal(command: Command, error: CommanderError): CofferError {
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
  return new CofferError('usage', message, {
    reason: error.code.replace(/^commander\./, '').toLowerCase(),
    next: `usage: ${usageOf(command)}`,
  })
}

function callOf(parser: Commander): Call {
  const values = new Map<string, unknown>()
  for (const option of parser.options) {
    const value: unknown = parser.getOptionValue(option.attributeName())
    // commander keeps `--no-wait` as `wait: false`.
    values.set(optionShape(option.flags).long, option.negate ? value === false : value)
  }
  return {
    args: parser.args,
    text: (option) => {
      const value = values.get(option)
      return typeof value === 'string' ? value : undefined
    },
    list: (option) => {
      const value = values.get(option)
      return Array.isArray(value) ? value.map(String) : []
    },
    flag: (option) => values.get(option) === true,
  }
}
