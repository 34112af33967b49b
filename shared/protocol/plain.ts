import { concat, fromUtf8, readU32be, u32be, utf8, type Bytes } from '../bytes.js'
import { CofferError } from '../errors.js'
import { LIMITS } from '../limits.js'

// The plain block (SPEC section 10): what a small launcher in any language needs and no more.
//   request   "coffer1" ‖ u32be n ‖ n bytes: NUL-terminated fields argc, argc arguments, cwd, NAME=value…
//   answer    status byte ‖ u32be ‖ stdout ‖ u32be ‖ stderr ‖ u32be ‖ exec
//   exec      empty, or NUL-terminated fields policy, argc, argc arguments, NAME=value…
//             policy: override (NAME=value wins over the launcher's own), preserve (the launcher's own wins), or full
//             (nothing follows but 0 arguments: only the full program can do it)

/** The first bytes of a plain request; JSON-RPC begins with `{`. */
export const PLAIN_MAGIC = utf8('coffer1')

/** The only variables a plain request may carry. */
export const PLAIN_VARIABLES = [
  'COFFER_ORG',
  'COFFER_PROJECT',
  'COFFER_OFFLINE',
  'EARTHLY_ORG',
  'EARTHLY_PROJECT',
] as const
export type PlainVariable = (typeof PLAIN_VARIABLES)[number]

export type PlainRequest = {
  /** Without the program's own name: `['get', 'NAME']`. */
  readonly argv: readonly string[]
  /** Absolute. */
  readonly cwd: string
  readonly variables: Readonly<Partial<Record<PlainVariable, string>>>
}

/**
 * What the launcher executes in its own process, adding `environment` to its variables. `full`: there is nothing here to
 * execute; the same command line is for the full program, which asks by JSON-RPC.
 */
export type PlainExec = {
  /** Which wins where both have a variable: `override` the answer's, `preserve` the launcher's. */
  readonly policy: 'override' | 'preserve' | 'full'
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export type PlainAnswer = {
  /** Exit status, 0–255; the launcher exits with it unless there is `exec`. */
  readonly status: number
  readonly stdout: Bytes
  readonly stderr: Bytes
  readonly exec?: PlainExec
}

function malformed(what: string): CofferError {
  return new CofferError('format', `the plain block is malformed (${what})`, {
    reason: 'plain-block',
  })
}

function fields(parts: readonly string[]): Bytes {
  for (const part of parts) if (part.includes('\0')) throw malformed('NUL within a field')
  return utf8(parts.map((part) => `${part}\0`).join(''))
}

function split(block: Bytes): string[] {
  const content = fromUtf8(block)
  if (content === undefined) throw malformed('not UTF-8')
  const parts = content.split('\0')
  if (parts.pop() !== '') throw malformed('the last field is not terminated')
  return parts
}

function takeArguments(parts: string[]): string[] {
  const count = parts.shift()
  if (count === undefined || !/^(0|[1-9][0-9]{0,5})$/.test(count)) throw malformed('no count')
  if (Number(count) > parts.length) throw malformed('too few arguments')
  return parts.splice(0, Number(count))
}

function takeVariables(parts: readonly string[]): Map<string, string> {
  const out = new Map<string, string>()
  for (const part of parts) {
    const at = part.indexOf('=')
    if (at < 1) throw malformed('no variable')
    const name = part.slice(0, at)
    if (out.has(name)) throw malformed('a variable twice')
    out.set(name, part.slice(at + 1))
  }
  return out
}

function listed(variables: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(variables).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  )
}

/** @throws CofferError `format` when a field holds NUL. */
export function encodePlainRequest({ argv, cwd, variables }: PlainRequest): Bytes {
  const body = fields([String(argv.length), ...argv, cwd, ...listed(variables)])
  return concat(PLAIN_MAGIC, u32be(body.length), body)
}

/**
 * Bytes that the whole request has, undefined while too few have come to tell.
 * @throws CofferError `format` for another magic, `limit` for a block over the cap.
 */
export function plainRequestLength(bytes: Bytes): number | undefined {
  const seen = Math.min(bytes.length, PLAIN_MAGIC.length)
  for (let i = 0; i < seen; i++) if (bytes[i] !== PLAIN_MAGIC[i]) throw malformed('another magic')
  const start = PLAIN_MAGIC.length + 4
  if (bytes.length < start) return undefined
  const length = readU32be(bytes, PLAIN_MAGIC.length)
  if (length > LIMITS.plainRequest) {
    throw new CofferError('limit', `a plain block may have ${LIMITS.plainRequest} bytes`, {
      reason: 'oversize',
    })
  }
  return start + length
}

/** @throws CofferError `format`, `limit`. `bytes` must be one whole request. */
export function decodePlainRequest(bytes: Bytes): PlainRequest {
  if (plainRequestLength(bytes) !== bytes.length) throw malformed('length')
  const parts = split(bytes.subarray(PLAIN_MAGIC.length + 4))
  const argv = takeArguments(parts)
  const cwd = parts.shift()
  if (cwd?.startsWith('/') !== true) throw malformed('no absolute cwd')
  const variables: Partial<Record<PlainVariable, string>> = {}
  for (const [name, value] of takeVariables(parts)) {
    const known = PLAIN_VARIABLES.find((one) => one === name)
    if (known === undefined) throw malformed('an unknown variable')
    variables[known] = value
  }
  return { argv, cwd, variables }
}

/** @throws CofferError `format` when an argument or variable holds NUL. */
export function encodePlainAnswer({ status, stdout, stderr, exec }: PlainAnswer): Bytes {
  const block =
    exec === undefined
      ? new Uint8Array(0)
      : fields([exec.policy, String(exec.argv.length), ...exec.argv, ...listed(exec.environment)])
  const framed = [stdout, stderr, block].flatMap((part) => [u32be(part.length), part])
  return concat(Uint8Array.of(status), ...framed)
}

/** The answer of one whole connection. @throws CofferError `format`. */
export function decodePlainAnswer(bytes: Bytes): PlainAnswer {
  const status = bytes[0]
  if (status === undefined) throw malformed('empty answer')
  let at = 1
  const part = (): Bytes => {
    if (at + 4 > bytes.length) throw malformed('truncated')
    const end = at + 4 + readU32be(bytes, at)
    if (end > bytes.length) throw malformed('truncated')
    const out = bytes.subarray(at + 4, end)
    at = end
    return out
  }
  const [stdout, stderr, block] = [part(), part(), part()]
  if (at !== bytes.length) throw malformed('trailing bytes')
  if (block.length === 0) return { status, stdout, stderr }
  const parts = split(block)
  const policy = parts.shift()
  if (policy !== 'override' && policy !== 'preserve' && policy !== 'full') {
    throw malformed('an unknown policy')
  }
  const argv = takeArguments(parts)
  return {
    status,
    stdout,
    stderr,
    exec: { policy, argv, environment: Object.fromEntries(takeVariables(parts)) },
  }
}
