import type { VaultId } from '../../shared/ids.js'
import type { Request } from '../core/sync/effects.js'
import type { Event } from '../core/sync/state.js'
import type { RelayAddress } from './api.js'
import type { Connection, Outcome } from './connection.js'
import { RelayRefusal } from './messages.js'

/** Where a vault's requests go, and who hears what became of them. */
export type Asking = {
  readonly connection: Connection
  readonly vaultId: VaultId
  readonly address: RelayAddress
  readonly tell: (event: Event) => void
}

/** Sends what a vault's machine asks of the relay. */
export function sendRequest(
  { connection, vaultId, address, tell }: Asking,
  request: Request,
): void {
  switch (request.kind) {
    case 'open':
      return connection.send('open', { vaultId, after: request.after }, (outcome) =>
        replied(tell, request, outcome, (reply) => ({ kind: 'opened', ...reply })),
      )
    case 'create': {
      const { registrationToken: token } = address
      const body = { links: [...request.links], ...(token === undefined ? {} : { token }) }
      return connection.send('create', body, (outcome) =>
        replied(tell, request, outcome, ({ existed }) => ({ kind: 'created', existed })),
      )
    }
    case 'append': {
      const { tag, base } = request
      const body = { vaultId, base, entries: [...request.entries] }
      return connection.send('append', body, (outcome) =>
        replied(tell, request, outcome, (reply) => ({ kind: 'appended', tag, ...reply })),
      )
    }
    case 'putHead':
      return connection.send('putHead', { vaultId, head: request.head }, (outcome) =>
        replied(tell, request, outcome, () => ({ kind: 'headPut' })),
      )
    case 'heads':
      return connection.send('heads', { vaultId }, (outcome) =>
        replied(tell, request, outcome, ({ heads }) => ({ kind: 'heads', heads })),
      )
    default:
      return sendBaseRequest({ connection, vaultId, address, tell }, request)
  }
}

/** Those about chain and snapshot. */
function sendBaseRequest(
  { connection, vaultId, tell }: Asking,
  request: Extract<Request, { kind: 'chain' | 'snapshotPart' | 'newest' }>,
): void {
  switch (request.kind) {
    case 'chain':
      return connection.send('chain', { vaultId, from: request.from }, (outcome) =>
        replied(tell, request, outcome, ({ from, entries: links, head: { length } }) => {
          return { kind: 'chain', from, links, length }
        }),
      )
    case 'snapshotPart': {
      const { wanted } = request
      return connection.send('snapshotPart', { vaultId, ...wanted }, (outcome) =>
        replied(tell, request, outcome, ({ rows, entries, more }) => {
          return { kind: 'piece', piece: { wanted, rows, entries, more: more === 1 } }
        }),
      )
    }
    case 'newest': {
      const body = { vaultId, upto: 0, part: 'newest', after: 0 } as const
      return connection.send('snapshotPart', body, (outcome) =>
        replied(tell, request, outcome, ({ snapshots }) => ({ kind: 'newest', snapshots })),
      )
    }
  }
}

/** The connection's end has an event of its own: only answers and refusals are handed on. */
function replied<T>(
  tell: (event: Event) => void,
  request: Request,
  outcome: Outcome<T>,
  event: (reply: T) => Event,
): void {
  if ('reply' in outcome) return tell(event(outcome.reply))
  const { error } = outcome
  const { code, reason = code } = error
  if (error instanceof RelayRefusal) {
    const { retryAfter } = error
    const wait = retryAfter === undefined ? {} : { retryAfter }
    tell({ kind: 'refused', request, code, reason, ...wait })
  } else if (code === 'limit') {
    // It didn't fit a frame: this side's fault, and waiting won't mend it.
    tell({ kind: 'refused', request, code, reason })
  }
}
