import { open } from './reading.js'
import { unsent } from './sending.js'
import { startPort, type Problem, type State, type Work } from './state.js'

// What is due beside the two ways of entries: barriers, signed heads of this device and of others.

/** A signed head is put after a sync: at most so often when something changed, else so rarely (ms). */
const HEAD_SETTLE = 30_000
const HEAD_PERIOD = 6 * 3600_000
/** A hostile relay's heads don't pile up. */
const MAX_HEADS = 1000

/** Whether everything known here is in the log and the log is read. */
export function synced({ s }: Work): boolean {
  const { drafts, outbox } = s.facts
  const read = s.live && s.queue.length === 0
  return read && !s.restore && s.linksFrom === undefined && drafts === 0 && outbox.length === 0
}

/** Reaches the barriers whose head was read with nothing queued; asks for a head where one is missing. */
export function advanceBarriers(w: Work): void {
  const { s, fx } = w
  if (!synced(w) || s.busy !== undefined) return
  s.syncedAt = w.at.now
  const open = []
  for (const barrier of s.barriers) {
    if (barrier.wanted > s.answered) open.push(barrier)
    else fx.push({ kind: 'barrier', id: barrier.id, problem: undefined })
  }
  if (open.length < s.barriers.length) s.barriers = open
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
