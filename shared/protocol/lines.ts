import { concat, fromUtf8, utf8, type Bytes } from '../bytes.js'
import { CofferError, ERROR_CODES, isErrorCode } from '../errors.js'
import { integer, isObject, object, optional, text, type Schema } from './schema.js'

// JSON-RPC 2.0, one object a line (SPEC, local protocol). Pure: bytes in, checked messages out.

/** What JSON can hold. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const NEWLINE = 0x0a

/** Cuts a byte stream into lines. Holds at most `cap` bytes of an unfinished line. */
export class LineReader {
  readonly #cap: number
  #parts: Bytes[] = []
  #held = 0

  constructor(cap: number) {
    this.#cap = cap
  }

  /** Bytes of the unfinished line. */
  get held(): number {
    return this.#held
  }

  /**
   * The lines that `chunk` finishes, without their newline.
   * @throws CofferError `limit` (reason `line-too-long`) when a line exceeds the cap; the reader is then of no more use.
   */
  push(chunk: Bytes): Bytes[] {
    const lines: Bytes[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#hold(chunk.subarray(start, end))
      const [only] = this.#parts
      lines.push(this.#parts.length === 1 && only !== undefined ? only : concat(...this.#parts))
      this.#parts = []
      this.#held = 0
      start = end + 1
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
    return lines
  }

  #hold(part: Bytes): void {
    this.#held += part.length
    if (this.#held > this.#cap) {
      throw new CofferError('limit', `a line has more than ${this.#cap} bytes`, {
        reason: 'line-too-long',
      })
    }
    this.#parts.push(part)
  }
}

export type RequestId = number | string
export type Request = {
  readonly id: RequestId
  readonly method: string
  readonly params: unknown
}
export type Notification = { readonly method: string; readonly params: unknown }
export type Response =
  | { readonly id: RequestId | null; readonly result: unknown }
  | { readonly id: RequestId | null; readonly error: CofferError }

const requestId: Schema<RequestId> = {
  check: (value, at) =>
    typeof value === 'string' ? text(64).check(value, at) : integer(0).check(value, at),
}
const anything: Schema<unknown> = { check: (value) => value }
const version = text(3, /^2\.0$/, 'JSON-RPC 2.0')
const methodName = text(64, /^[a-z][A-Za-z0-9.-]*$/, 'a method name')

const requestSchema = object({
  jsonrpc: version,
  id: requestId,
  method: methodName,
  params: optional(anything),
})
const notificationSchema = object({
  jsonrpc: version,
  method: methodName,
  params: optional(anything),
})
const errorSchema = object({
  code: integer(-32768, 255),
  message: text(4096),
  data: object({
    code: text(32),
    exit: integer(1, 255),
    reason: optional(text(64)),
    next: optional(text(4096)),
  }),
})

function parseLine(line: Bytes): unknown {
  const json = fromUtf8(line)
  if (json === undefined) {
    throw new CofferError('format', 'a line is not UTF-8', { reason: 'not-utf8' })
  }
  try {
    return JSON.parse(json)
  } catch {
    throw new CofferError('format', 'a line is not JSON', { reason: 'not-json' })
  }
}

/** A checked request of one line; its params are for the method's own schema. @throws CofferError `format`. */
export function parseRequest(line: Bytes): Request {
  const { id, method, params } = requestSchema.check(parseLine(line), '')
  return { id, method, params: params ?? {} }
}

/** The id of a line that is no valid request, so that its refusal finds its sender; null when it shows none. */
export function requestIdOf(line: Bytes): RequestId | null {
  try {
    const value = parseLine(line)
    return isObject(value) ? requestId.check(value['id'], 'id') : null
  } catch {
    return null
  }
}

/** A checked answer or notification of one line from the daemon. @throws CofferError `format`. */
export function parseReply(line: Bytes): Response | Notification {
  const value = parseLine(line)
  if (isObject(value) && Object.hasOwn(value, 'method')) {
    const { method, params } = notificationSchema.check(value, '')
    return { method, params: params ?? {} }
  }
  const shape = isObject(value) && Object.hasOwn(value, 'error') ? failureSchema : successSchema
  const { id, ...rest } = shape.check(value, '')
  return 'error' in rest ? { id, error: fromWire(rest.error) } : { id, result: rest.result }
}

const replyId: Schema<RequestId | null> = {
  check: (value, at) => (value === null ? null : requestId.check(value, at)),
}
const failureSchema = object({ jsonrpc: version, id: replyId, error: errorSchema })
const successSchema = object({ jsonrpc: version, id: replyId, result: anything })

function fromWire(error: { message: string; data: WireData }): CofferError {
  const { code, reason, next } = error.data
  return new CofferError(isErrorCode(code) ? code : 'internal', error.message, {
    ...(reason === undefined ? {} : { reason }),
    ...(next === undefined ? {} : { next }),
  })
}

type WireData = {
  readonly code: string
  readonly exit: number
  readonly reason?: string
  readonly next?: string
}

function line(message: { readonly [key: string]: unknown }): Bytes {
  return utf8(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

export function requestLine(id: RequestId, method: string, params: Json): Bytes {
  return line({ id, method, params })
}

export function notificationLine(method: string, params: Json): Bytes {
  return line({ method, params })
}

export function resultLine(id: RequestId, result: Json): Bytes {
  return line({ id, result })
}

/** The error that crosses the socket: a foreign exception becomes `internal` without its text. */
export function asCofferError(error: unknown): CofferError {
  if (error instanceof CofferError) return error
  return new CofferError('internal', 'the daemon failed; its log says where', {
    next: 'coffer daemon logs',
    cause: error,
  })
}

/** `code` is the exit number, as JSON-RPC wants an integer; the stable name is `data.code`. */
export function errorLine(id: RequestId | null, failure: CofferError): Bytes {
  const { code, message, reason, next } = failure
  const exit = ERROR_CODES[code]
  const data = {
    code,
    exit,
    ...(reason === undefined ? {} : { reason }),
    ...(next === undefined ? {} : { next }),
  }
  return line({ id, error: { code: exit, message: message.slice(0, 4096), data } })
}
