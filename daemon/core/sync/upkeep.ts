import type { VaultFacts } from './port.js'
import { open } from './reading.js'
import { unsent } from './sending.js'
import type { Problem } from './effects.js'
import { startPort, type Barrier, type State, type Work } from './state.js'

// What is due beside the two ways of entries: barriers, signed heads of this device and of others.

/** A signed head is put after a sync: at most so often when something changed, else so rarely (ms). */
const HEAD_SETTLE = 30_000
const HEAD_PERIOD = 6 * 3600_000
/** A hostile relay's heads don't pile up. */
const MAX_HEADS = 1000

/** Whether the log is read, and with it all that was lost from it or is to be linked. */
function caughtUp({ s }: Work): boolean {
  const whole = s.facts.base === undefined && !s.restore
  return s.live && s.queue.length === 0 && whole && s.linksFrom === undefined
}

/** Whether everything known here is in the log and the log is read. */
export function synced(w: Work): boolean {
  const { drafts, outbox } = w.s.facts
  return caughtUp(w) && drafts === 0 && outbox.length === 0
}

/** A barrier behind all that is written by now. */
export function barrierOf({ asked, facts }: State, id: number): Barrier {
  return { id, wanted: asked, drafts: facts.draftSpan.last, entries: undefined }
}

/** The barrier with its entries, once its drafts are sealed; writes that go on can't hold it up. */
function advance(barrier: Barrier, { draftSpan, outbox }: VaultFacts): Barrier {
  if (barrier.entries !== undefined) return barrier
  if (draftSpan.first !== undefined && draftSpan.first <= barrier.drafts) return barrier
  return { ...barrier, entries: new Set(outbox.map(({ id }) => id)) }
}

/** What was lost from the log is in the outbox again, and was written before any barrier. */
export function collectAnew({ s }: Work): void {
  s.barriers = s.barriers.map((barrier) => ({ ...barrier, entries: undefined }))
}

/** Whether all that was written before the barrier is in the log. */
function isMet({ entries }: Barrier, { outbox }: VaultFacts): boolean {
  return entries !== undefined && !outbox.some(({ id }) => entries.has(id))
}

/** Reaches the barriers whose writes are met and whose head was read. */
export function advanceBarriers(w: Work): void {
  const { s, fx } = w
  if (s.busy !== undefined) return
  if (synced(w)) s.syncedAt = w.at.now
  if (s.barriers.length === 0) return
  const open = []
  for (const before of s.barriers) {
    const barrier = advance(before, s.facts)
    const reached = caughtUp(w) && isMet(barrier, s.facts) && barrier.wanted <= s.answered
    if (reached) fx.push({ kind: 'barrier', id: barrier.id, problem: undefined })
    else open.push(barrier)
  }
  s.barriers = open
}

/** A barrier that nothing else will answer: read the head by opening again at the cursor. */
export function askHead(w: Work): void {
  const { s } = w
  const wanted = s.barriers.some((barrier) => barrier.wanted > s.answered)
  if (!wanted || s.phase !== 'open' || s.busy !== undefined || s.inFlight.length > 0) return
  if (synced(w) && unsent(w).length === 0) open(w)
}

/** Ends every barrier with a problem that waiting won't solve. */
export function failBarriers(w: Work, problem: Problem): void {
  const { s, fx } = w
  for (const { id } of s.barriers) fx.push({ kind: 'barrier', id, problem })
  s.barriers = []
}

export function addHeads(w: Work, heads: Work['s']['heads']): void {
  w.s.heads = [...w.s.heads, ...heads].slice(-MAX_HEADS)
}

/** When (ms) this device's signed head is due, if it is synced by then. */
export function headDueAt(s: State): number {
  const { ownHead, facts } = s
  if (ownHead === undefined) return 0
  const same = ownHead.logHash === facts.cursor.logHash && ownHead.links === facts.links
  return ownHead.at + (same ? HEAD_PERIOD : HEAD_SETTLE)
}

/** Heads, when nothing more urgent is to be done with the replica. */
export function tendHeads(w: Work): void {
  const { s, fx, at } = w
  if (s.phase !== 'open' || !s.live) return
  if (!s.headsAsked) {
    s.headsAsked = true
    fx.push({ kind: 'send', request: { kind: 'heads' } })
  }
  const [head, ...rest] = s.heads
  if (head !== undefined) {
    s.heads = rest
    return startPort(w, { kind: 'checkHead', head })
  }
  const due = headDueAt(s)
  if (due > at.now || !synced(w) || s.facts.cursor.pos === 0) return
  s.ownHead = { logHash: s.facts.cursor.logHash, links: s.facts.links, at: at.now }
  startPort(w, { kind: 'signHead' })
}
