import { Buffer } from 'node:buffer'
import { isatty } from 'node:tty'
import { skippedWarning } from '../../shared/complaint.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import type { Call } from '../call.js'
import { demandsOf } from '../demands.js'
import type { Order } from './launch.js'
import type { FileOrder } from './placed-files.js'
import { isTelling, SHORTEST } from '../redact/forms.js'
import { readMany } from '../files/read-many.js'
import type { Session } from '../session.js'

// What `run` is told, from its flags and the daemon.

type Request = Params<'secretEnvironment'>
type Wanted = { readonly path: string; readonly name: string; readonly below?: string }

/** Whether only the full program can do what these flags say. */
export function needsOrder(call: Call): boolean {
  return (
    ['only-mapped', 'clean-env', 'mask', 'allow-disk'].some((flag) => call.flag(flag)) ||
    ['env-map', 'file'].some((option) => call.list(option).length > 0)
  )
}

/** What the daemon is asked. @throws CofferError `usage` */
export function requestOf(call: Call, session: Session): Request {
  const names = (option: string): string[] => call.list(option).flatMap((one) => one.split(','))
  const only = names('only')
  const map = call.list('env-map').map((typed) => {
    const at = typed.indexOf('=')
    return { variable: typed.slice(0, at), name: halves('env-map', 'ENV=NAME', typed, at) }
  })
  if (call.flag('only-mapped') && only.length > 0) {
    throw new CofferError('usage', '--only and --only-mapped exclude each other', {
      reason: 'two-selections',
    })
  }
  return {
    context: session.context,
    allow: names('allow-env'),
    ...(only.length === 0 ? {} : { only }),
    ...(map.length === 0 ? {} : { map }),
    ...(call.flag('only-mapped') ? { bare: true } : {}),
    ...(call.flag('strict') ? { strict: true } : {}),
    ...demandsOf(call),
  }
}

/** The second half. @throws CofferError `usage` (reason `no-pair`) */
function halves(option: string, form: string, typed: string, at: number): string {
  if (at > 0 && at < typed.length - 1) return typed.slice(at + 1)
  throw new CofferError('usage', `--${option} takes ${form}, not '${typed}'`, { reason: 'no-pair' })
}

/** Names hold no `=`, paths may. */
function filesOf(call: Call, session: Session): Wanted[] {
  return call.list('file').map((typed) => {
    const at = typed.lastIndexOf('=')
    const name = halves('file', 'PATH=NAME', typed, at)
    return { path: session.path(typed.slice(0, at)), name }
  })
}

/**
 * The command with its variables and the bytes of its files; the daemon's warnings go to stderr.
 * @throws CofferError `usage`, or what the daemon answers
 */
export async function orderOf(call: Call, session: Session): Promise<Order> {
  const wanted = filesOf(call, session)
  const answer = await session.call('secretEnvironment', requestOf(call, session))
  if (answer.skipped.length > 0) session.warn([skippedWarning(answer.skipped)])
  const [environment, mask] = [environmentOf(answer), call.flag('mask')]
  const files = await readFiles(call, session, [...selected(answer), ...wanted])
  if (mask) warnOfShort(session, environment, files)
  return {
    exec: {
      policy: call.flag('preserve-env') ? 'preserve' : 'override',
      argv: call.args,
      environment,
    },
    files,
    mask,
    cleanEnv: call.flag('clean-env'),
    allowDisk: call.flag('allow-disk'),
  }
}

/** Values that would be met by chance everywhere are not masked: that is said, where a pipe or a file could show them. */
function warnOfShort(
  session: Session,
  environment: Readonly<Record<string, string>>,
  files: readonly FileOrder[],
): void {
  if (isatty(1) && isatty(2)) return
  const values: (readonly [string, Uint8Array])[] = [
    ...Object.entries(environment).map(([name, text]) => [name, Buffer.from(text)] as const),
    ...files.map(({ path, bytes }) => [path, bytes] as const),
  ]
  const short = values.filter(([, bytes]) => bytes.length > 0 && !isTelling(bytes))
  if (short.length === 0) return
  const names = short.map(([name]) => displayText(name)).join(', ')
  const message = `not masked, being shorter than ${SHORTEST} bytes or mere blanks: ${names}`
  session.warn([{ code: 'not-masked', message }])
}

function environmentOf({ variables }: Result<'secretEnvironment'>): Record<string, string> {
  const entries = variables.map(
    ({ name, value }) => [name, Buffer.from(value, 'base64').toString()] as const,
  )
  return Object.fromEntries(entries)
}

function selected({ files = [] }: Result<'secretEnvironment'>): Wanted[] {
  return files.map(({ path, below, reference }) => ({ path, below, name: reference }))
}

async function readFiles(
  call: Call,
  session: Session,
  wanted: readonly Wanted[],
): Promise<FileOrder[]> {
  if (wanted.length === 0) return []
  const { secrets, missing, sealed } = await readMany(session, {
    names: wanted.map(({ name }) => name),
    forChild: true,
    ...(call.flag('strict') ? { strict: true } : {}),
    ...demandsOf(call),
  })
  const [absent] = missing
  if (absent !== undefined) {
    throw new CofferError('not-found', absent.message, {
      reason: 'no-secret',
      next: 'see coffer ls',
    })
  }
  if (sealed[0] !== undefined) {
    throw new CofferError(
      'refused',
      `${displayText(sealed[0])} is sealed: only its runners read it`,
      {
        reason: 'sealed',
      },
    )
  }
  // Each name has its row, in this order.
  return wanted.map(({ path, below }, i) => ({
    path,
    bytes: secrets[i]?.bytes ?? Buffer.alloc(0),
    ...(below === undefined ? {} : { below }),
  }))
}
