import type { Bytes } from '../../shared/bytes.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import type { Request } from '../../daemon/core/sync/effects.js'
import type { Event } from '../../daemon/core/sync/state.js'

// Requests that the sync machine knows nothing of: those about links, which somebody waits for.

export type LinkCall =
  | { readonly kind: 'link'; readonly base: Cursor; readonly entry: Bytes }
  /** Link entries from number `from` on. */
  | { readonly kind: 'fetch'; readonly from: number }

export type LinkAnswer =
  | { readonly kind: 'linked'; readonly pos: number }
  | { readonly kind: 'links'; readonly entries: readonly Bytes[] }
  | { readonly kind: 'linkRefused'; readonly reason: string }

export type AnyRequest = Request | LinkCall
export type AnyEvent = Event | LinkAnswer

export function isCall(request: AnyRequest): request is LinkCall {
  return request.kind === 'link' || request.kind === 'fetch'
}

export function isAnswer(event: AnyEvent): event is LinkAnswer {
  return event.kind === 'linked' || event.kind === 'links' || event.kind === 'linkRefused'
}

/** An event as one line of the trace. */
export function describe(event: AnyEvent): string {
  switch (event.kind) {
    case 'refused':
      return `refused ${event.request.kind} ${event.reason}`
    case 'linkRefused':
      return `refused link ${event.reason}`
    case 'linked':
      return `linked ${event.pos}`
    case 'links':
      return `links ${event.entries.length}`
    case 'entries':
      return `entries ${event.from}..${event.from + event.bodies.length - 1} of ${event.head}`
    case 'opened':
      return `opened ${event.head.pos} gen ${event.generation} links ${event.memberHead.length}`
    case 'appended':
      return `appended ${event.positions.join()}`
    case 'portDone':
    case 'portFailed':
      return `${event.kind} ${event.work.kind}`
    default:
      return event.kind
  }
}
