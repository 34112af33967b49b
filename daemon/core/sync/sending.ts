import type { Bytes } from '../../../shared/bytes.js'
import type { EntryId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { FRAME_ENTRIES } from '../../../shared/protocol/relay.js'
import { asked, backoff, RETRY } from './backoff.js'
import type { LogPlace, OutboxEntry } from './port.js'
import { falseAcknowledgement, loseLog, reopen, restart } from './reading.js'
import type { Problem } from './effects.js'
import { alarm, cursorOf, type Event, type Work } from './state.js'

// The way of sealed entries from the outbox into the relay's log: verbatim, in order, many to a frame, a few
// frames ahead of their replies. An entry leaves the outbox when it is met in the log, not when the relay says so.

/** Appends whose replies are awaited. */
const WINDOW = 4
/** Acknowledged entries that aren't met yet: beyond these nothing more is sent. */
const MAX_CLAIMS = 4 * FRAME_ENTRIES
/** What an append's frame holds beside its entries, and each entry beside its bytes. */
const FRAME_ROOM = LIMITS.frame - 512
const ENTRY_OVERHEAD = 5
/** Sealed entries kept ready while others are on their way. */
const SEAL_AHEAD = 2 * FRAME_ENTRIES
export const SEAL_LIMITS = { entries: FRAME_ENTRIES, bytes: FRAME_ROOM }

type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>

/** The outbox without what is on its way or said to be in the log. */
export function unsent(w: Work): OutboxEntry[] {
  const { s } = w
  if (s.inFlight.length + s.claims.size + s.doubts.size === 0) return [...s.facts.outbox]
  const flying = new Set<EntryId>(s.inFlight.flatMap((append) => append.ids))
  return s.facts.outbox.filter(
    ({ id }) => !flying.has(id) && !s.claims.has(id) && !s.doubts.has(id),
  )
}

/** Whether more drafts may be sealed now. */
export function roomToSeal(w: Work): boolean {
  return w.s.facts.outbox.length < SEAL_AHEAD && mayAppend(w)
}

/** Whether entries may be sent: caught up, and with the chain and the log that they build on at the relay. */
function mayAppend({ s, at }: Work): boolean {
  const whole = s.facts.base === undefined && !s.restore
  return s.live && s.sendAt <= at.now && s.linksFrom === undefined && whole
}

/** Whether the relay is to be sent links now, which the replica must be asked for. */
export function linksDue({ s, at }: Work): boolean {
  const free = s.busy === undefined && s.inFlight.length === 0
  return s.linksFrom !== undefined && s.live && free && s.sendAt <= at.now
}

/** Sends the first links that fit one frame. */
export function sendLinks(w: Work, from: number, links: readonly Bytes[]): void {
  const count = frameful(links.map((body) => ({ body })))
  if (count > 0) append(w, links.slice(0, count), [], from + count)
}

function append(
  { s, fx }: Work,
  entries: readonly Bytes[],
  ids: readonly EntryId[],
  links?: number,
): void {
  const tag = s.nextTag++
  s.inFlight = [...s.inFlight, { tag, ids, links, asked: s.asked, spoiled: false }]
  fx.push({ kind: 'send', request: { kind: 'append', tag, base: cursorOf(s.facts), entries } })
}

/** Sends as much as the window allows. Only when caught up: then the chain that entries build on is known. */
export function sendUnsent(w: Work): void {
  const { s } = w
  if (!mayAppend(w) || s.facts.outbox.length === 0) return
  if (s.inFlight.length >= WINDOW || s.inFlight.some((append) => append.spoiled)) return
  let rest = unsent(w)
  while (rest.length > 0 && s.inFlight.length < WINDOW && s.claims.size < MAX_CLAIMS) {
    const batch = rest.slice(0, frameful(rest))
    rest = rest.slice(batch.length)
    append(
      w,
      batch.map(({ body }) => body),
      batch.map(({ id }) => id),
    )
  }
}

/** How many entries fit one frame: at least one. */
export function frameful(entries: readonly { readonly body: Bytes }[]): number {
  let size = 0
  let count = 0
  for (const { body } of entries) {
    size += body.length + ENTRY_OVERHEAD
    if (count > 0 && (size > FRAME_ROOM || count >= FRAME_ENTRIES)) break
    count += 1
  }
  return count
}

export function onAppended(w: Work, event: EventOf<'appended'>): void {
  const { s, fx, at } = w
  const append = s.inFlight.find(({ tag }) => tag === event.tag)
  if (append === undefined) return
  s.inFlight = s.inFlight.filter((other) => other !== append)
  if (append.links === undefined && event.positions.length !== append.ids.length) {
    return void fx.push({ kind: 'hangUp', reason: 'malformed' })
  }
  s.answered = Math.max(s.answered, append.asked)
  if (s.facts.cursor.pos >= (s.target ?? 0)) s.movedAt = at.now
  s.target = Math.max(s.target ?? 0, event.head.pos)
  s.sent += append.ids.length
  if (append.links !== undefined) {
    // Whether it has them is asked, not believed: opening names the length of its chain.
    s.linksSent = true
    s.linksFrom = append.links
    return append.links < s.facts.links ? undefined : reopen(w)
  }
  claim(w, append.ids, event.positions)
}

/** Notes where the relay says that entries stand, for those that weren't met meanwhile. */
function claim(w: Work, ids: readonly EntryId[], positions: readonly number[]): void {
  const { s } = w
  const waiting = new Set(s.facts.outbox.map(({ id }) => id))
  const claims = new Map(s.claims)
  const doubts = new Map(s.doubts)
  ids.forEach((id, i) => {
    const pos = positions[i] ?? 0
    if (!waiting.has(id)) return
    if (pos > s.facts.cursor.pos) claims.set(id, pos)
    else doubts.set(id, pos)
  })
  s.claims = claims
  s.doubts = doubts
  if (doubts.size > 0) return
  s.sendFailures = 0
  s.sendProblem = undefined
}

/** After the replica looked up what it had read where doubtful entries are said to stand. */
export function onConfirmed(w: Work, places: readonly LogPlace[]): void {
  const { s } = w
  const waiting = new Set(s.facts.outbox.map(({ id }) => id))
  const doubts = new Map(s.doubts)
  for (const { id } of places) doubts.delete(id)
  s.doubts = doubts
  const lies = places.filter(({ id }) => waiting.has(id)).length
  if (lies === 0) return
  falseAcknowledgement(w, lies)
  // Said again to be where another entry was read: then that reading is no longer what the relay stands by.
  if (s.sendFailures > 1) restart(w)
}

/** Refusals that say: the log or a device's sequence in it isn't what this device has read. */
const OTHER_LOG = new Set([
  'bad-seq',
  'bad-prev',
  'unknown-link',
  'member-head-back',
  'incomplete',
  'no-changeset',
  'bad-item',
  'duplicate',
  'two-hashes',
])
/** Refusals that pass by themselves. */
const PASSING = new Set(['busy', 'rate', 'in-flight', 'unavailable', 'draining', 'chain-moved'])

/** Whether waiting may help without anybody doing anything. */
export function passes(reason: string): boolean {
  return PASSING.has(reason)
}

/** Appends that follow the refused one are refused as well; each is sent again, verbatim and in order. */
export function onAppendRefused(w: Work, event: EventOf<'refused'>): void {
  const { s, at } = w
  const { request, code, reason, retryAfter = 0 } = event
  if (request.kind !== 'append') return
  const append = s.inFlight.find(({ tag }) => tag === request.tag)
  if (append === undefined) return
  const others = s.inFlight.filter((other) => other !== append)
  s.inFlight = others
  if (append.spoiled) return
  s.inFlight = others.map((other) => ({ ...other, spoiled: true }))
  s.sendFailures += 1
  s.sendAt = at.now + Math.max(asked(RETRY, retryAfter), backoff(RETRY, s.sendFailures, at.chance))
  const problem: Problem = { code, reason, lasting: !passes(reason) }
  s.sendProblem = problem
  if (reason === 'diverged' || reason === 'stale-base') return reopen(w)
  if (OTHER_LOG.has(reason)) return suspectLog(w, problem)
  if (reason === 'chain-moved' && s.sendFailures === FORK_TRIES) {
    s.sendProblem = { ...problem, lasting: true }
    alarm(w, 'fork', 'the relay orders other links than those of this device')
  }
}

const FORK_TRIES = 3

/**
 * The relay judges this device's sequence by another log than it showed. A look at its log comes first; when it
 * stays with that, the log is read from the start, to find and send what it lacks.
 */
function suspectLog(w: Work, problem: Problem): void {
  const { s } = w
  s.sendProblem = { ...problem, lasting: false }
  // Of what was read meanwhile, something may stand where an entry of the outbox should: such are sent no more.
  s.restore = true
  if (s.sendFailures < 2) return reopen(w)
  if (!s.rewound) loseLog(w, `the relay refuses what follows this device's log: ${problem.reason}`)
  else s.sendProblem = problem
}
