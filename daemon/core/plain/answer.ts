import { fromBase64 } from '../../../shared/base64.js'
import { concat, fromUtf8, utf8, type Bytes } from '../../../shared/bytes.js'
import { complaint, skippedWarning, warningLine } from '../../../shared/complaint.js'
import { displayText, jsonText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { isoTime } from '../../../shared/iso-time.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { PlainAnswer } from '../../../shared/protocol/plain.js'
import { exitOf } from '../../../shared/protocol/plain-argv.js'
import type { PlainCommand } from './parse.js'
import { answerProvider } from './provider.js'

// What get, ls, run and earthly provider answer, in bytes for stdout and stderr. The methods behind are the caller's.

type PlainMethod = 'secretGet' | 'secretList' | 'secretEnvironment'
export type PlainMethods = {
  readonly [M in PlainMethod]: (params: Params<M>) => Promise<Result<M>>
}

const NOTHING = new Uint8Array(0)
const NEWLINE = utf8('\n')

/** Does the command and renders its answer. Errors of the methods pass through: plainFailure renders them. */
export async function answerPlain(
  command: PlainCommand,
  methods: PlainMethods,
): Promise<PlainAnswer> {
  switch (command.kind) {
    case 'get': {
      const result = await methods.secretGet(command.params)
      return answer(command.json ? getJson(result) : getBytes(result, command.raw), result.warnings)
    }
    case 'ls': {
      const result = await methods.secretList(command.params)
      return renderList(result, command)
    }
    case 'run':
      return renderRun(command, await methods.secretEnvironment(command.params))
    case 'provider':
      return answerProvider(command, methods.secretGet)
  }
}

/** The answer to a request (of that command line) that failed: its exit code, and its line on stderr. */
export function plainFailure(error: CofferError, argv: readonly string[] = []): PlainAnswer {
  return { status: exitOf(error, argv), stdout: NOTHING, stderr: utf8(complaint(error)) }
}

/** What `get --json` shows of a value: text when it is UTF-8, else base64. */
export function valueField(value: string): { value: string } | { valueBase64: string } {
  const content = fromUtf8(bytesOfValue(value))
  return content === undefined ? { valueBase64: value } : { value: content }
}

function bytesOfValue(value: string): Bytes {
  const bytes = fromBase64(value)
  if (bytes === undefined) throw new CofferError('internal', 'a value is not base64')
  return bytes
}

function answer(stdout: Bytes, warnings: Result<'secretGet'>['warnings'], more = ''): PlainAnswer {
  return { status: 0, stdout, stderr: utf8(warnings.map(warningLine).join('') + more) }
}

function getBytes(result: Result<'secretGet'>, raw: boolean): Bytes {
  const bytes = bytesOfValue(result.value)
  return raw ? bytes : concat(bytes, NEWLINE)
}

function getJson({ value, ...rest }: Result<'secretGet'>): Bytes {
  return utf8(`${jsonText({ ...valueField(value), ...rest })}\n`)
}

type Shown = Pick<Extract<PlainCommand, { kind: 'ls' }>, 'json' | 'long'>

function renderList(result: Result<'secretList'>, { json, long }: Shown): PlainAnswer {
  if (json) return answer(utf8(`${jsonText(result)}\n`), [])
  const { secrets } = result
  const names = long ? longLines(secrets) : secrets.map(({ name }) => `${displayText(name)}\n`)
  return answer(utf8(names.join('')), result.warnings, names.length > 0 ? '' : 'No secrets found\n')
}

/** Name, time of the last change, and what is special about it. */
function longLines(secrets: Result<'secretList'>['secrets']): string[] {
  const shown = secrets.map(({ name }) => displayText(name))
  const width = Math.max(0, ...shown.map((name) => name.length))
  return secrets.map(({ at, sealed, conflict, queued }, i) => {
    const time = isoTime(at)
    const marks = [
      sealed === true ? 'sealed' : '',
      conflict ? 'conflict' : '',
      queued ? 'queued' : '',
    ]
    return `${[(shown[i] ?? '').padEnd(width), time, ...marks.filter((mark) => mark !== '')].join('  ')}\n`
  })
}

function renderRun(
  command: Extract<PlainCommand, { kind: 'run' }>,
  { variables, skipped, files, warnings }: Result<'secretEnvironment'>,
): PlainAnswer {
  // A launcher makes no files: its user's full program does, and says the warnings.
  if (files !== undefined) {
    const exec = { policy: 'full', argv: [], environment: {} } as const
    return { status: 0, stdout: NOTHING, stderr: NOTHING, exec }
  }
  const environment = Object.fromEntries(
    variables.map(({ name, value }) => [name, variableText(name, value)] as const),
  )
  const word = skipped.length === 0 ? '' : warningLine(skippedWarning(skipped))
  return {
    ...answer(NOTHING, warnings, word),
    exec: {
      policy: command.preserve ? 'preserve' : 'override',
      argv: command.command,
      environment,
    },
  }
}

function variableText(name: string, value: string): string {
  const content = fromUtf8(bytesOfValue(value))
  if (content === undefined) throw new CofferError('internal', `the variable ${name} is not UTF-8`)
  return content
}
