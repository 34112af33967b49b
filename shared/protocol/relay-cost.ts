import type { ClientMessage } from './relay.js'

// What requests cost of a connection's rate (SPEC section 9): the relay charges it, a device stays below it.

/** What an authenticated device asks for. */
export type RelayRequest = Exclude<ClientMessage, { readonly kind: 'hello' | 'auth' }>

/** Tokens that each kind of request costs; its bytes come on top. */
export const REQUEST_COSTS: Readonly<Record<RelayRequest['kind'], number>> = {
  create: 10,
  open: 2,
  close: 1,
  append: 1,
  putHead: 1,
  heads: 2,
  chain: 2,
  join: 5,
  joinRequests: 2,
  putSnapshot: 10,
  lookup: 2,
  snapshotPart: 2,
}

/** Bytes that cost one token more. */
export const BYTES_PER_TOKEN = 64 * 1024
