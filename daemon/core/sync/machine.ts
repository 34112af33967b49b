import type { Bytes } from '../../../shared/bytes.js'
import { backoff, RETRY } from './backoff.js'
import { askPiece, enter, onAdopted, onBaseEvent } from './based.js'
import {
  delayOpen,
  ingestQueued,
  loseLog,
  mustAsk,
  onEntries,
  onOpened,
  open,
  reopen,
  restart,
  settleClaims,
  STALL,
  stalled,
} from './reading.js'
import { onRefused, problemOf } from './refusing.js'
import {
  frameful,
  linksDue,
  onAppended,
  onConfirmed,
  roomToSeal,
  SEAL_LIMITS,
  sendLinks,
  sendUnsent,
} from './sending.js'
import type { Effect } from './effects.js'
import { startPort, type At, type Event, type State, type Work } from './state.js'
import {
  addHeads,
  advanceBarriers,
  askHead,
  barrierOf,
  collectAnew,
  failBarriers,
  headDueAt,
  tendHeads,
} from './upkeep.js'

type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>

/**
 * One step of a vault's syncing: what happened, and what is to be done about it. Pure: clock, randomness and the
 * vault's durable facts come in `at`. Effects are performed in order; port work ends with an event of its own.
 */
export function step(
  state: State,
  event: Event,
  at: At,
): { readonly state: State; readonly effects: readonly Effect[] } {
  const w: Work = { s: { ...state, facts: at.facts }, fx: [], at }
  handle(w, event)
  pump(w)
  for (const problem of [w.s.openProblem, w.s.sendProblem]) {
    if (problem?.lasting === true) failBarriers(w, problem)
  }
  return { state: w.s, effects: w.fx }
}

function handle(w: Work, event: Event): void {
  const { s } = w
  switch (event.kind) {
    case 'connected':
      return connect(w)
    case 'disconnected':
      return disconnect(w)
    case 'opened':
      return onOpened(w, event)
    case 'created':
      return onCreated(w, event)
    case 'appended':
      return onAppended(w, event)
    case 'refused':
      return onRefused(w, event)
    case 'entries':
      return onEntries(w, event)
    case 'closed':
      return delayOpen(w, problemOf(event))
    case 'head':
      return addHeads(w, [event.head])
    case 'heads':
      return addHeads(w, event.heads)
    case 'portDone':
      return onPortDone(w, event)
    case 'portFailed':
      return onPortFailed(w, event)
    case 'retry':
      return retry(w)
    case 'barrier':
      s.asked += 1
      s.barriers = [...s.barriers, barrierOf(s, event.id)]
      return retry(w)
    case 'forget':
      s.barriers = s.barriers.filter(({ id }) => id !== event.id)
      return
    default:
      return onBaseEvent(w, event)
  }
}

/** Does what can be done now: the replica's one piece of work, and what may be sent. */
function pump(w: Work): void {
  const { s, at } = w
  if (s.rewind && s.busy === undefined) return startPort(w, { kind: 'rewind' })
  if (!s.connected) return
  if (s.phase === 'waiting' && s.busy === undefined && s.openAt <= at.now) enter(w)
  if (s.phase === 'creating' && s.busy === undefined && !s.createSent) {
    return startPort(w, { kind: 'links', from: 0 })
  }
  if (s.phase !== 'open') return
  if (stalled(w)) return open(w)
  if (!s.live && s.busy === undefined && s.facts.cursor.pos >= (s.target ?? 0)) {
    s.live = true
    s.rewound = false
  }
  if (mustAsk(w)) return open(w)
  askPiece(w)
  sendUnsent(w)
  advanceBarriers(w)
  askHead(w)
  if (s.busy === undefined) nextPortWork(w)
}

/** One ingest, then one seal, in turn: neither own writes nor those of others starve. */
function nextPortWork(w: Work): void {
  const { s } = w
  if (s.phase !== 'open') return
  if (s.linksFrom !== undefined && linksDue(w)) {
    return startPort(w, { kind: 'links', from: s.linksFrom })
  }
  if (s.piece !== undefined) return startPort(w, { kind: 'takePiece', piece: s.piece })
  if (s.doubts.size > 0) {
    const places = [...s.doubts].map(([id, pos]) => ({ id, pos }))
    return startPort(w, { kind: 'confirm', places })
  }
  const lacking = s.restore && s.facts.base === undefined && s.linksFrom === undefined
  if (lacking && s.live && s.queue.length === 0) {
    return startPort(w, { kind: 'restore' })
  }
  const sealable = s.facts.drafts > 0 && roomToSeal(w)
  if (sealable && (s.queue.length === 0 || s.sealNext)) {
    s.sealNext = false
    return startPort(w, { kind: 'seal', limits: SEAL_LIMITS })
  }
  if (s.queue.length > 0) {
    s.sealNext = true
    return ingestQueued(w)
  }
  tendHeads(w)
}

function connect(w: Work): void {
  const { s } = w
  disconnect(w)
  s.connected = true
  s.openAt = 0
  s.sendAt = 0
  s.headsAsked = false
  s.suspected = false
}

/** What was in flight may or may not have arrived: all of it is sent again, verbatim, and the relay keeps one. */
function disconnect(w: Work): void {
  const { s } = w
  s.connected = false
  s.inFlight = []
  reopen(w)
}

/** A person asks: what the relay refused is tried at once. */
function retry(w: Work): void {
  const { s } = w
  s.openAt = 0
  s.sendAt = 0
  if (s.openProblem?.lasting === true) s.openProblem = { ...s.openProblem, lasting: false }
  if (s.sendProblem?.lasting === true) s.sendProblem = { ...s.sendProblem, lasting: false }
}

function onCreated(w: Work, event: EventOf<'created'>): void {
  const { s } = w
  if (s.phase !== 'creating') return
  if (event.existed) {
    // Another device brought it just now.
    return delayOpen(w)
  }
  if (s.facts.cursor.pos > 0) return loseLog(w, 'the relay has forgotten the vault')
  // One that takes it and then says again that it hasn't it is asked ever more rarely.
  if (s.openFailures > 0) return delayOpen(w)
  s.openFailures = 1
  reopen(w)
}

function onPortDone(w: Work, event: EventOf<'portDone'>): void {
  const { s, fx } = w
  const { work, answer = [], alarms = [] } = event
  const [head] = answer
  s.busy = undefined
  s.portFailures = 0
  if (alarms.some(({ reason }) => reason === 'two-logs') && !s.suspected) {
    // Another device saw another log. Which one the relay stands by shows when it is read from the start.
    s.suspected = true
    restart(w)
  }
  // This device went over to another branch of the chain, and passed over what was written on it.
  if (alarms.some(({ reason }) => reason === 'branch-left')) restart(w)
  switch (work.kind) {
    case 'ingest':
      return settleClaims(w, work.bodies.length)
    case 'rewind':
      s.rewind = false
      s.rewound = true
      s.restore = true
      return
    case 'adopt':
      return onAdopted(w)
    case 'takePiece':
      s.piece = undefined
      s.pieceAsked = false
      return
    case 'restore':
      s.restore = false
      return collectAnew(w)
    case 'confirm':
      return onConfirmed(w, work.places)
    case 'links':
      return onLinks(w, work.from, answer)
    case 'signHead':
      if (head === undefined || s.phase !== 'open') return
      return void fx.push({ kind: 'send', request: { kind: 'putHead', head } })
    case 'seal':
    case 'checkHead':
    case 'takeChain':
      return
  }
}

function onLinks(w: Work, from: number, links: readonly Bytes[]): void {
  const { s, fx } = w
  if (s.phase === 'open') return from === s.linksFrom ? sendLinks(w, from, links) : undefined
  if (s.phase !== 'creating') return
  s.createSent = true
  const first = links.slice(0, frameful(links.map((body) => ({ body }))))
  fx.push({ kind: 'send', request: { kind: 'create', links: first } })
}

/** The disk refused (or the replica was thrown away): nothing queued can be trusted to follow its cursor. */
function onPortFailed(w: Work, event: EventOf<'portFailed'>): void {
  const { s, at } = w
  s.busy = undefined
  s.portFailures += 1
  delayOpen(w, { code: event.code, reason: event.reason, lasting: true })
  s.openAt = at.now + backoff(RETRY, s.portFailures, at.chance)
}

/** When (ms, after `now`, the last step's time) it wants a `tick`; undefined when only events move it on. */
export function nextWake(s: State, now: number): number | undefined {
  if (!s.connected) return undefined
  const times: number[] = []
  if (s.phase === 'waiting') times.push(s.openAt)
  if (s.phase === 'open') {
    times.push(s.sendAt)
    if (s.facts.cursor.pos < (s.target ?? 0)) times.push(s.movedAt + STALL)
    if (s.live) times.push(headDueAt(s))
  }
  const ahead = times.filter((time) => time > now)
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}
