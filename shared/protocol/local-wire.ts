import { CofferError, ERROR_CODES, isErrorCode } from '../errors.js'
import { integer, isObject, mismatch, object, optional, text } from './schema.js'

// JSON-RPC 2.0 as the local socket carries it: one object a line, UTF-8, `\n` at the end, no batches. Ids are
// integers the caller chooses. An error's `data.code` is the interface; the number is -32000 minus the exit code.

export type Request = { readonly id: number; readonly method: string; readonly params: unknown }
export type Incoming =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number | null; readonly error: CofferError }
  | { readonly kind: 'notification'; readonly method: string; readonly params: unknown }

const requestId = integer(0)
const methodName = text(64)
const failure = object({
  code: text(64),
  reason: optional(text(64)),
  next: optional(text(4096)),
})

function parseLine(line: string): { readonly [key: string]: unknown } {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    throw new CofferError('format', 'a line of the local protocol is not JSON', {
      reason: 'not-json',
    })
  }
  if (!isObject(message) || message['jsonrpc'] !== '2.0') throw mismatch('', 'JSON-RPC 2.0')
  return message
}

function onlyFields(message: { readonly [key: string]: unknown }, names: readonly string[]): void {
  const unknown = Object.keys(message).some((key) => key !== 'jsonrpc' && !names.includes(key))
  if (unknown) throw mismatch('', 'free of unknown fields')
}

/** A request as the daemon reads it; params are checked by the method's own schema. Throws `format`. */
export function parseRequest(line: string): Request {
  const message = parseLine(line)
  onlyFields(message, ['id', 'method', 'params'])
  return {
    id: requestId.check(message['id'], 'id'),
    method: methodName.check(message['method'], 'method'),
    params: message['params'] ?? {},
  }
}

/** A line as the caller reads it. Throws `format`. */
export function parseIncoming(line: string): Incoming {
  const message = parseLine(line)
  if ('method' in message) {
    onlyFields(message, ['method', 'params'])
    const method = methodName.check(message['method'], 'method')
    return { kind: 'notification', method, params: message['params'] }
  }
  if ('error' in message) {
    onlyFields(message, ['id', 'error'])
    const id = message['id'] === null ? null : requestId.check(message['id'], 'id')
    return { kind: 'error', id, error: parseError(message['error']) }
  }
  onlyFields(message, ['id', 'result'])
  if (!('result' in message)) throw mismatch('', 'a request, an answer or a notification')
  return { kind: 'result', id: requestId.check(message['id'], 'id'), result: message['result'] }
}

function parseError(value: unknown): CofferError {
  if (!isObject(value)) throw mismatch('error', 'an object')
  const message = text(4096).check(value['message'], 'error.message')
  const data = failure.check(value['data'], 'error.data')
  if (!isErrorCode(data.code)) throw mismatch('error.data.code', 'a known code')
  return new CofferError(data.code, message, {
    ...(data.reason === undefined ? {} : { reason: data.reason }),
    ...(data.next === undefined ? {} : { next: data.next }),
  })
}

/** One line, newline included. JSON escapes every newline within. */
export function requestLine(id: number, method: string, params: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`
}

export function resultLine(id: number, result: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`
}

export function notificationLine(method: string, params: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', method, params })}\n`
}

/** `id` is null when the request couldn't be read far enough to know it. */
export function errorLine(id: number | null, error: CofferError): string {
  const data = { code: error.code, reason: error.reason, next: error.next }
  const code = -32_000 - ERROR_CODES[error.code]
  return `${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message: error.message, data } })}\n`
}
