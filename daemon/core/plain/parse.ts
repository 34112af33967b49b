import { durationOf } from '../../../shared/duration.js'
import { CofferError } from '../../../shared/errors.js'
import { typedVersion, type Context, type Demands } from '../../../shared/protocol/local-common.js'
import type { Params } from '../../../shared/protocol/local.js'
import type { PlainRequest } from '../../../shared/protocol/plain.js'
import { scanPlain, type PlainLine } from '../../../shared/protocol/plain-argv.js'
import { parseProvider, type ProviderCommand } from './provider.js'

// From a launcher's argv to a checked command of the method table.

export type PlainCommand =
  | {
      readonly kind: 'get'
      readonly params: Params<'secretGet'>
      readonly json: boolean
      readonly raw: boolean
    }
  | {
      readonly kind: 'ls'
      readonly params: Params<'secretList'>
      readonly json: boolean
      readonly long: boolean
    }
  | {
      readonly kind: 'run'
      readonly params: Params<'secretEnvironment'>
      readonly preserve: boolean
      readonly command: readonly string[]
    }
  | ProviderCommand

/**
 * Reads get, ls, run and earthly provider.
 * @throws CofferError `usage`: reason `not-plain` for a command line that only the full program understands,
 * `bad-version`, `empty-name` for a value that can't be meant.
 */
export function parsePlain(request: PlainRequest): PlainCommand {
  const line = scanPlain(request.argv)
  if (line === undefined) {
    throw new CofferError('usage', 'this is no command line of get, ls, run or earthly provider', {
      reason: 'not-plain',
      next: 'see coffer --help',
    })
  }
  const context = contextOf(line, request)
  switch (line.verb) {
    case 'get':
      return parseGet(line, context)
    case 'ls': {
      const [prefix] = line.names
      const demands = demandsOf(line)
      const params = { context, ...(prefix === undefined ? {} : { prefix }), ...demands }
      const { switches } = line
      return { kind: 'ls', params, json: switches.has('json'), long: switches.has('long') }
    }
    case 'run':
      return parseRun(line, context)
    case 'provider': {
      const { context: built, name, ...command } = parseProvider(line, request, context)
      return { ...command, params: { context: built, name, ...readingOf(line) } }
    }
  }
}

function contextOf(line: PlainLine, { cwd, variables }: PlainRequest): Context {
  const org = line.values.get('org')?.at(-1)
  const project = line.values.get('project')?.at(-1)
  return {
    cwd,
    env: variables,
    ...(org === undefined ? {} : { org }),
    ...(project === undefined ? {} : { project }),
    ...(line.switches.has('offline') ? { offline: true } : {}),
  }
}

function demandsOf({ values, switches }: PlainLine): Demands {
  const maxAge = values.get('max-age')?.at(-1)
  return {
    ...(maxAge === undefined ? {} : { maxAge: durationOf('--max-age', maxAge) }),
    ...(switches.has('fresh') ? { fresh: true } : {}),
    ...(switches.has('require-lock') ? { lock: switches.has('strict') ? 'refuse' : 'warn' } : {}),
  }
}

function readingOf(line: PlainLine): Demands & { strict?: true } {
  return { ...(line.switches.has('strict') ? { strict: true } : {}), ...demandsOf(line) }
}

function parseGet(line: PlainLine, context: Context): PlainCommand {
  const version = line.values.get('version')?.at(-1)
  const params = {
    context,
    name: line.names[0] ?? '',
    ...(version === undefined ? {} : { version: checkVersion(version) }),
    ...readingOf(line),
  }
  return { kind: 'get', params, json: line.switches.has('json'), raw: line.switches.has('raw') }
}

function checkVersion(version: string): string {
  try {
    return typedVersion.check(version, 'version')
  } catch {
    throw new CofferError(
      'usage',
      '--version takes a number of coffer history or 6 to 64 hex digits of an id',
      {
        reason: 'bad-version',
        next: 'see coffer history NAME',
      },
    )
  }
}

function parseRun(line: PlainLine, context: Context): PlainCommand {
  const only = line.values.get('only')
  const params = {
    context,
    allow: splitNames('--allow-env', line.values.get('allow-env') ?? []),
    ...(only === undefined ? {} : { only: splitNames('--only', only) }),
    ...(line.switches.has('strict') ? { strict: true } : {}),
    ...demandsOf(line),
  }
  return {
    kind: 'run',
    params,
    preserve: line.switches.has('preserve-env'),
    command: line.command,
  }
}

/** `A,B` given once or several times. */
function splitNames(option: string, values: readonly string[]): string[] {
  const names = values.flatMap((value) => value.split(','))
  if (names.includes('')) {
    throw new CofferError('usage', `${option} names nothing between two commas`, {
      reason: 'empty-name',
      next: `write ${option} A,B`,
    })
  }
  return names
}
