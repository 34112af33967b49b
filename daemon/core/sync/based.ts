import { delayOpen, open, reopen } from './reading.js'
import type { Problem } from './effects.js'
import type { BasePiece } from './port.js'
import { startPort, type Event, type Work } from './state.js'

// Going on from a snapshot instead of a log (SPEC section 9): a device that has nothing yet reads the chain first, which
// names the newest snapshot; one that comes back behind what the relay has pruned does, too. What the snapshot keeps is
// then fetched piece by piece, beside the log after it.

type BaseEvent = 'chain' | 'piece' | 'newest'
type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>

const NO_SNAPSHOT: Problem = { code: 'relay-refused', reason: 'no-snapshot', lasting: true }

/** Begins to read: the chain, a snapshot or the log, whichever is next. */
export function enter(w: Work): void {
  const { s } = w
  const { fresh = false, links } = s.facts
  if ((s.adopt || s.chaining || (fresh && links === 0)) && !s.chained) return askChain(w)
  if ((s.adopt || fresh) && !s.newestAsked) return askNewest(w)
  open(w)
}

function askNewest({ s, fx }: Work): void {
  s.phase = 'opening'
  fx.push({ kind: 'send', request: { kind: 'newest' } })
}

export function onNewest(w: Work, { snapshots }: EventOf<'newest'>): void {
  const { s } = w
  if (s.phase !== 'opening' || s.newestAsked) return
  s.phase = 'waiting'
  s.newestAsked = true
  if (snapshots.length > 0) return startPort(w, { kind: 'adopt', snapshots })
  if (!s.adopt) return
  if (s.facts.base === undefined) return onAdopted(w)
  // The one that was begun with is gone, and there is no other: the log, if it isn't pruned.
  s.adopt = false
  s.rewind = true
}

/** What the relay answered about chain or snapshot; other events only have the rest of a step run. */
export function onBaseEvent(
  w: Work,
  event: EventOf<BaseEvent | 'changed' | 'headPut' | 'tick'>,
): void {
  switch (event.kind) {
    case 'chain':
      return onChain(w, event)
    case 'piece':
      return onPiece(w, event)
    case 'newest':
      return onNewest(w, event)
    case 'changed':
    case 'headPut':
    case 'tick':
      return
  }
}

function askChain({ s, fx }: Work): void {
  s.phase = 'opening'
  fx.push({ kind: 'send', request: { kind: 'chain', from: s.facts.links } })
}

function onChain(w: Work, { from, links, length }: EventOf<'chain'>): void {
  const { s } = w
  if (s.phase !== 'opening') return
  s.phase = 'waiting'
  // Links came by another way meanwhile: it goes on from those.
  if (from !== s.facts.links) return
  s.chained = links.length === 0 || from + links.length >= length
  s.chaining = !s.chained
  if (links.length > 0) startPort(w, { kind: 'takeChain', links })
}

/** The relay has pruned what this device would go on from, or another log stands there. */
export function loseFloor(w: Work): void {
  const { s } = w
  s.adopt = true
  s.chained = false
  s.newestAsked = false
  if (s.adopted) delayOpen(w)
  else reopen(w)
}

/** Went on from a snapshot, or found none that counts: then there is nothing to read, or the log after all. */
export function onAdopted(w: Work): void {
  const { s } = w
  const wanted = s.adopt
  s.adopt = false
  s.adopted = true
  if (!wanted || s.facts.base !== undefined) return
  s.newestAsked = false
  delayOpen(w, NO_SNAPSHOT)
}

/** Asks for the next piece of the snapshot, one at a time. */
export function askPiece({ s, fx }: Work): void {
  const wanted = s.facts.base
  if (wanted === undefined || s.pieceAsked || s.phase !== 'open' || s.busy !== undefined) return
  s.pieceAsked = true
  fx.push({ kind: 'send', request: { kind: 'snapshotPart', wanted } })
}

function onPiece(w: Work, { piece }: EventOf<'piece'>): void {
  const { s } = w
  if (!s.pieceAsked || s.phase !== 'open') return
  s.piece = piece
}

/** The relay hasn't got that snapshot any more: it is asked for its newest. */
export function onNoPiece(w: Work, reason: string): void {
  const { s } = w
  delayOpen(w)
  if (reason !== 'no-snapshot') return
  s.adopt = true
  s.chained = false
  s.newestAsked = false
}

/** So many entries of a piece are one durable batch: what opening and writing them took is garbage before the next. */
const PART = 128

/** A piece's parts, each to be taken, and durable, before the next: each says where the one before it ended. */
export function* partsOf(piece: BasePiece): Generator<BasePiece> {
  const { entries } = piece
  let { wanted } = piece
  for (let from = 0; from === 0 || from < entries.length; from += PART) {
    const part = entries.slice(from, from + PART)
    yield { ...piece, wanted, entries: part, more: piece.more || from + PART < entries.length }
    wanted = { ...wanted, after: part.at(-1)?.pos ?? wanted.after }
  }
}
