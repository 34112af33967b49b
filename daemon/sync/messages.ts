import { CofferError } from '../../shared/errors.js'
import type { RelayRequest } from '../../shared/protocol/relay-cost.js'
import type { RelayMessage } from '../../shared/protocol/relay.js'
import { systemCode } from '../../shared/system-error.js'

export type RequestKind = RelayRequest['kind']
export type RequestBody<K extends RequestKind> = Extract<RelayRequest, { readonly kind: K }>['body']
export type Request = {
  [K in RequestKind]: { readonly kind: K; readonly body: RequestBody<K> }
}[RequestKind]

/** The kind of reply to each kind of request. */
export const REPLIES = {
  create: 'created',
  open: 'opened',
  close: 'done',
  append: 'appended',
  putHead: 'done',
  heads: 'heads',
  chain: 'chain',
  join: 'joined',
  joinRequests: 'joinRequests',
  putSnapshot: 'done',
  lookup: 'found',
  snapshotPart: 'snapshotPart',
} as const satisfies Record<RequestKind, RelayMessage['kind']>
type Bodies = { [M in RelayMessage as M['kind']]: M['body'] }
export type ReplyBody<K extends RequestKind> = Bodies[(typeof REPLIES)[K]]

export type Push = Extract<
  RelayMessage,
  { readonly kind: 'entries' | 'head' | 'joinRequest' | 'chainMoved' | 'closed' | 'snapshot' }
>

/** The relay's refusal of one request. */
export class RelayRefusal extends CofferError {
  /** Milliseconds. */
  readonly retryAfter: number | undefined

  constructor({ code, reason, retryAfter }: Extract<RelayMessage, { kind: 'refused' }>['body']) {
    // `storage` is said of this device's disk; the relay's own is the relay's matter.
    const ours = code === 'storage' ? 'relay-refused' : code
    super(ours, `the relay refused: ${printable(reason)}`, { reason: printable(reason) })
    this.retryAfter = retryAfter
  }
}

/** A relay's words are untrusted: names of reasons are short and plain. */
export function printable(reason: string): string {
  return /^[a-z0-9-]{1,64}$/.test(reason) ? reason : 'unknown'
}

/** The relay can't be reached, or went away before it answered. */
export function unreachable(why: string, reason: string): CofferError {
  return new CofferError('unreachable', why, {
    reason,
    next: 'everything written is kept and goes out when the relay answers',
  })
}

/** Bytes that a request carries, its envelope apart. */
export function sizeOf({ kind, body }: Request): number {
  if (kind === 'append') return body.entries.reduce((sum, entry) => sum + entry.length, 0)
  if (kind === 'putSnapshot') return body.rows.length + body.snapshot.length
  if (kind === 'create') return body.links.reduce((sum, link) => sum + link.length, 0)
  return 0
}

/** The relay broke the protocol. */
export function malformed(cause?: unknown): CofferError {
  return new CofferError('relay-refused', "the relay doesn't follow the protocol", {
    reason: 'malformed',
    cause,
  })
}

/** Why a connection failed, by Node's error code (`econnrefused`, a certificate's problem). */
export function notConnected(error: Error): CofferError {
  const code = systemCode(error) ?? 'network'
  const reason = code.toLowerCase().replaceAll('_', '-')
  if (!/cert|issuer|signature/.test(reason)) {
    return unreachable(`the relay can't be reached (${reason})`, reason)
  }
  return new CofferError('unreachable', `the relay's certificate isn't trusted (${reason})`, {
    reason,
    next: 'if it is meant to have one of its own: coffer relay set URL --relay-key KEY --ca FILE',
  })
}
