import type { Bytes } from '../../../shared/bytes.js'
import { asked, backoff, RETRY } from './backoff.js'
import type { LogHeight } from './port.js'
import type { Problem } from './effects.js'
import { alarm, cursorOf, startPort, type Event, type Work } from './state.js'

// The way of entries from the relay's log into the replica: open at the cursor, take contiguous pushes, ingest
// them in batches, and start again whenever the relay's account doesn't fit.

/**
 * One ingest, and so one durable batch, takes about so much: enough to drown the cost of an fsync, and so little that a
 * new device reads its first secrets soon and a `get` meanwhile doesn't wait for long.
 */
const INGEST_ENTRIES = 128
const INGEST_BYTES = 512 * 1024
/** Pushes that had to be started again so often in a row wait longer each time. */
const QUICK_REOPENS = 2

type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>

/** Entries that the relay said it has, and that don't come for so long (ms), make the pushes start again. */
export const STALL = 15_000

export function stalled({ s, at }: Work): boolean {
  return (
    s.facts.cursor.pos < (s.target ?? 0) &&
    s.queue.length === 0 &&
    s.busy === undefined &&
    at.now >= s.movedAt + STALL
  )
}

/** Drops what was pushed and asks for the log again from the cursor. */
export function reopen(w: Work): void {
  w.s.phase = 'waiting'
  w.s.queue = []
  w.s.queued = 0
  w.s.live = false
  w.s.pieceAsked = false
  w.s.piece = undefined
}

/** Asks the relay to start pushing after the cursor. */
export function open(w: Work): void {
  const { s, fx, at } = w
  s.phase = 'opening'
  s.queue = []
  s.queued = 0
  s.pieceAsked = false
  s.piece = undefined
  s.openAsked = s.asked
  s.askedFor = s.facts.ahead
  s.movedAt = at.now
  fx.push({ kind: 'send', request: { kind: 'open', after: cursorOf(s.facts) } })
}

export function onOpened(w: Work, event: EventOf<'opened'>): void {
  const { s } = w
  if (s.phase !== 'opening') return
  const { cursor } = s.facts
  const { head, generation } = event
  // Entries may have come to stand where they stood although others before them are gone: read it all again.
  if (!sameGeneration(w, generation)) return restart(w)
  if (head.pos < cursor.pos) {
    // An honest relay refuses a cursor that its log doesn't reach.
    return loseLog(w, `the relay's log ends at ${head.pos}, this device has read ${cursor.pos}`)
  }
  noteWithheld(w, { generation, pos: head.pos })
  dropClaimsPast(w, head.pos, generation)
  s.phase = 'open'
  s.adopted = false
  s.openFailures = 0
  s.openProblem = undefined
  s.target = head.pos
  s.movedAt = w.at.now
  s.generation = generation
  s.next = cursor.pos + 1
  s.live = false
  s.answered = Math.max(s.answered, s.openAsked)
  noteLinks(w, event.memberHead.length)
}

/** Whether another device has signed to have read more than the relay, asked since, says that there is. */
function noteWithheld({ s, fx }: Work, shown: LogHeight): void {
  const { askedFor } = s
  if (askedFor === undefined || !isPast(askedFor, shown)) return
  const detail = `another device has read the log up to ${said(askedFor)}, the relay shows it up to ${said(shown)}`
  fx.push({ kind: 'alarm', alarm: { reason: 'log-withheld', detail } })
}

const said = ({ generation, pos }: LogHeight): string => `${pos} of generation ${generation}`

/** Whether the relay must be asked whether it has what another device has signed to have read. */
export function mustAsk({ s }: Work): boolean {
  const { ahead, cursor } = s.facts
  if (!s.live || ahead === undefined || s.busy !== undefined || s.inFlight.length > 0) return false
  if (!isPast(ahead, { generation: s.generation, pos: cursor.pos })) return false
  return s.askedFor === undefined || isPast(ahead, s.askedFor)
}

function isPast(a: LogHeight, b: LogHeight): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.pos > b.pos)
}

/** Links that this device holds and the relay lacks: it never had them, or lost them. */
function noteLinks(w: Work, theirs: number): void {
  const { s } = w
  const missing = theirs < s.facts.links
  s.linksFrom = missing ? theirs : undefined
  if (missing && s.linksSent) falseAcknowledgement(w, s.facts.links - theirs)
  s.linksSent = false
}

function sameGeneration(w: Work, generation: number): boolean {
  const { cursor } = w.s.facts
  // Of a snapshot no generation is known yet.
  if (cursor.pos === 0 || cursor.generation === 0 || generation === cursor.generation) return true
  const said = `the relay's generation went from ${cursor.generation} to ${generation}`
  if (generation > cursor.generation) alarm(w, 'generation-raised', `${said}: it was restored`)
  else alarm(w, 'log-regression', said)
  return false
}

/** Acknowledged entries that the log, as it stands now, can't hold. */
function dropClaimsPast(w: Work, head: number, generation: number): void {
  const { s } = w
  const lost = [...s.claims].filter(([, pos]) => pos > head)
  if (lost.length === 0) return
  const claims = new Map(s.claims)
  for (const [id] of lost) claims.delete(id)
  s.claims = claims
  if (generation === s.generation) {
    alarm(w, 'false-acknowledgement', `${lost.length} acknowledged entries are gone from the log`)
  }
}

/** The log isn't the one that was read. */
export function loseLog(w: Work, detail: string): void {
  alarm(w, 'log-regression', detail)
  restart(w)
}

/** Reads the log from its start, and sends again what it lacks. */
export function restart(w: Work): void {
  const { s } = w
  s.rewind = true
  s.claims = new Map()
  s.doubts = new Map()
  if (s.rewound) delayOpen(w)
  else reopen(w)
}

export function delayOpen(w: Work, problem?: Problem, retryAfter = 0): void {
  const { s, at } = w
  s.openFailures += 1
  s.openAt = at.now + Math.max(asked(RETRY, retryAfter), backoff(RETRY, s.openFailures, at.chance))
  if (problem !== undefined) s.openProblem = problem
  reopen(w)
}

/** Memory that a queued entry takes, about: many small ones take more than their bytes. */
const ENTRY_COST = 256
const costOf = (body: Bytes): number => body.length + ENTRY_COST

/** A push: contiguous entries are queued, known ones skipped, a gap starts the pushes again. */
export function onEntries(w: Work, event: EventOf<'entries'>): void {
  const { s, at } = w
  if (s.phase !== 'open') return
  const { from, bodies } = event
  if (from > s.next) {
    s.gaps += 1
    reopen(w)
    if (s.gaps > QUICK_REOPENS)
      s.openAt = at.now + backoff(RETRY, s.gaps - QUICK_REOPENS, at.chance)
    return
  }
  const fresh = bodies.slice(s.next - from)
  if (fresh.length > 0) {
    s.queue = [...s.queue, { from: s.next, bodies: fresh }]
    s.queued += fresh.reduce((sum, body) => sum + costOf(body), 0)
    s.next += fresh.length
  }
  s.target = Math.max(s.target ?? 0, event.head, s.next - 1)
}

/** Starts one ingest of what is queued: at least one entry. */
export function ingestQueued(w: Work): void {
  const { s } = w
  const bodies: Bytes[] = []
  const from = s.queue[0]?.from ?? s.next
  let size = 0
  let cost = 0
  const fits = (body: Bytes): boolean =>
    bodies.length === 0 || (bodies.length < INGEST_ENTRIES && size + body.length <= INGEST_BYTES)
  const left = [...s.queue]
  for (const push of s.queue) {
    let taken = 0
    for (const body of push.bodies) {
      if (!fits(body)) break
      bodies.push(body)
      size += body.length
      cost += costOf(body)
      taken += 1
    }
    left.shift()
    if (taken === push.bodies.length) continue
    left.unshift({ from: push.from + taken, bodies: push.bodies.slice(taken) })
    break
  }
  s.queue = left
  s.queued -= cost
  startPort(w, { kind: 'ingest', from, bodies, generation: s.generation })
}

/** After an ingest: a claim whose position was read while its entry is still in the outbox was a lie. */
export function settleClaims(w: Work, ingested: number): void {
  const { s, at } = w
  const { outbox, cursor } = s.facts
  s.gaps = 0
  s.movedAt = at.now
  const claims = new Map<(typeof outbox)[number]['id'], number>()
  let lies = 0
  for (const { id } of outbox) {
    const pos = s.claims.get(id)
    if (pos === undefined) continue
    if (pos > cursor.pos) claims.set(id, pos)
    else lies += 1
  }
  const met = s.claims.size - claims.size - lies
  s.claims = claims
  s.received += Math.max(0, ingested - met)
  if (lies > 0) falseAcknowledgement(w, lies)
}

export function falseAcknowledgement(w: Work, count: number): void {
  const { s, at } = w
  alarm(w, 'false-acknowledgement', `${count} acknowledged entries aren't where the relay said`)
  s.sendFailures += 1
  s.sendAt = at.now + backoff(RETRY, s.sendFailures, at.chance)
}
