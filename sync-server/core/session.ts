import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import type { DeviceId } from '../../shared/ids.js'
import {
  BYTES_PER_TOKEN,
  REQUEST_COSTS,
  type RelayRequest,
} from '../../shared/protocol/relay-cost.js'
import { decodeFrame } from '../../shared/protocol/relay-frame.js'
import {
  clientMessageCodec,
  CLOSE_CODES,
  type ClientMessage,
  type Registration,
  type RelayMessage,
} from '../../shared/protocol/relay.js'
import { authenticate, challenge, type Challenge, type RelayIdentity } from './authenticate.js'
import { fullBucket, take, type Bucket, type Rate } from './quota.js'
import { refusalOf } from './refusal.js'

/** What holds for every session of a relay. */
export type SessionConfig = {
  readonly relay: RelayIdentity
  readonly registration: Registration
  /** Vaults that one connection may hold open. */
  readonly vaults: number
  readonly inFlight: number
  readonly rate: Rate
}

/** A request of an authenticated device, for the shell to perform. */
export type Request = RelayRequest

type Ready = {
  readonly phase: 'ready'
  readonly device: DeviceId
  readonly bucket: Bucket
  readonly inFlight: ReadonlySet<number>
  readonly draining: boolean
}

/** One connection's state. Times are milliseconds by the relay's clock. */
export type Session =
  | {
      readonly phase: 'hello'
      readonly origins: readonly string[]
      readonly nonce: Bytes
      readonly deadline: number
    }
  | { readonly phase: 'auth'; readonly challenge: Challenge; readonly deadline: number }
  | Ready
  | { readonly phase: 'closed' }

export type SessionEvent =
  /** One binary frame arrived. */
  | { readonly kind: 'frame'; readonly bytes: Bytes; readonly now: number }
  /** A request is done. */
  | { readonly kind: 'replied'; readonly reply: RelayMessage }
  /** Time has passed. */
  | { readonly kind: 'tick'; readonly now: number }
  /** The relay is going down and wants the client back after this many milliseconds. */
  | { readonly kind: 'drain'; readonly retryAfter: number }

export type Effect =
  | { readonly kind: 'send'; readonly message: RelayMessage }
  | { readonly kind: 'authenticated'; readonly device: DeviceId }
  | { readonly kind: 'perform'; readonly device: DeviceId; readonly request: Request }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

export type Step = { readonly session: Session; readonly effects: readonly Effect[] }

/** WebSocket's own code for a server that goes down. */
const GOING_DOWN = 1012

/** A new connection's state; `nonce` is the relay's, never used before. */
export function newSession(origins: readonly string[], nonce: Bytes, deadline: number): Session {
  return { phase: 'hello', origins, nonce, deadline }
}

/** The pure heart of a connection: what an event makes of its state, and what is to be done. */
export function step(config: SessionConfig, session: Session, event: SessionEvent): Step {
  if (session.phase === 'closed') return { session, effects: [] }
  switch (event.kind) {
    case 'frame':
      return onFrame(config, session, event.bytes, event.now)
    case 'replied':
      return onReplied(session, event.reply)
    case 'tick':
      return onTick(session, event.now)
    case 'drain':
      return onDrain(session, event.retryAfter)
  }
}

function close(code: number, reason: string, before: readonly Effect[] = []): Step {
  return { session: { phase: 'closed' }, effects: [...before, { kind: 'close', code, reason }] }
}

function refused(id: number, error: unknown, retryAfter?: number): Effect {
  return { kind: 'send', message: { kind: 'refused', id, body: refusalOf(error, retryAfter) } }
}

function onFrame(config: SessionConfig, session: Session, bytes: Bytes, now: number): Step {
  let message: ClientMessage
  try {
    message = decodeFrame(clientMessageCodec, bytes)
  } catch (error) {
    return close(CLOSE_CODES.malformed, 'malformed', [refused(0, error)])
  }
  if (session.phase === 'closed') return { session, effects: [] }
  if (session.phase === 'ready') return onRequest(config, session, message, bytes.length, now)
  if (now > session.deadline) return close(CLOSE_CODES.unauthenticated, 'too-late')
  try {
    return onHandshake(config, session, message, now)
  } catch (error) {
    const { reason } = refusalOf(error)
    return close(CLOSE_CODES.unauthenticated, reason, [refused(0, error)])
  }
}

function onHandshake(
  config: SessionConfig,
  session: Exclude<Session, Ready | { phase: 'closed' }>,
  message: ClientMessage,
  now: number,
): Step {
  if (message.id === 0 && session.phase === 'hello' && message.kind === 'hello') {
    const { relay } = config
    const made = challenge(message.body, relay, session.origins, session.nonce, now)
    const body = { relayKey: relay.key, nonce: session.nonce, signature: made.signature }
    return {
      session: { phase: 'auth', challenge: made, deadline: session.deadline },
      effects: [{ kind: 'send', message: { kind: 'challenge', id: 0, body } }],
    }
  }
  if (message.id === 0 && session.phase === 'auth' && message.kind === 'auth') {
    const device = authenticate(session.challenge, message.body.signature, now)
    return welcome(config, device, now)
  }
  throw new CofferError('relay-refused', 'nothing but the handshake is accepted before welcome', {
    reason: 'unauthenticated',
  })
}

function welcome(config: SessionConfig, device: DeviceId, now: number): Step {
  const { registration, vaults, inFlight, rate } = config
  const body = { registration, vaults, inFlight, rate: rate.perSecond, burst: rate.burst }
  const session: Ready = {
    phase: 'ready',
    device,
    bucket: fullBucket(rate, now),
    inFlight: new Set(),
    draining: false,
  }
  return {
    session,
    effects: [
      { kind: 'authenticated', device },
      { kind: 'send', message: { kind: 'welcome', id: 0, body } },
    ],
  }
}

function onRequest(
  config: SessionConfig,
  session: Ready,
  request: ClientMessage,
  size: number,
  now: number,
): Step {
  const { id } = request
  if (request.kind === 'hello' || request.kind === 'auth' || id === 0 || session.inFlight.has(id)) {
    const error = new CofferError('format', 'out of turn', { reason: 'out-of-turn' })
    return close(CLOSE_CODES.malformed, 'out-of-turn', [refused(id, error)])
  }
  const cost = REQUEST_COSTS[request.kind] + Math.floor(size / BYTES_PER_TOKEN)
  const taken = take(session.bucket, config.rate, now, cost)
  const next = { ...session, bucket: taken.bucket }
  const no = (error: CofferError, retryAfter?: number): Step => ({
    session: next,
    effects: [refused(id, error, retryAfter)],
  })
  if (taken.verdict === 'abuse') return close(CLOSE_CODES.limit, 'rate')
  if (taken.verdict === 'refused') {
    return no(new CofferError('limit', 'too many requests', { reason: 'rate' }), taken.wait)
  }
  if (session.draining) {
    return no(new CofferError('relay-refused', 'going down', { reason: 'draining' }), 1000)
  }
  if (session.inFlight.size >= config.inFlight) {
    return no(new CofferError('limit', 'too much in flight', { reason: 'in-flight' }), 100)
  }
  return {
    session: { ...next, inFlight: new Set(session.inFlight).add(id) },
    effects: [{ kind: 'perform', device: session.device, request }],
  }
}

function onReplied(session: Session, reply: RelayMessage): Step {
  if (session.phase !== 'ready' || !session.inFlight.has(reply.id)) return { session, effects: [] }
  const inFlight = new Set(session.inFlight)
  inFlight.delete(reply.id)
  const send: Effect = { kind: 'send', message: reply }
  if (session.draining && inFlight.size === 0) return close(GOING_DOWN, 'draining', [send])
  return { session: { ...session, inFlight }, effects: [send] }
}

function onTick(session: Session, now: number): Step {
  if (session.phase === 'hello' || session.phase === 'auth') {
    if (now > session.deadline) return close(CLOSE_CODES.unauthenticated, 'too-late')
  }
  return { session, effects: [] }
}

function onDrain(session: Session, retryAfter: number): Step {
  if (session.phase !== 'ready') return close(GOING_DOWN, 'draining')
  const tell: Effect = { kind: 'send', message: { kind: 'draining', id: 0, body: { retryAfter } } }
  if (session.inFlight.size === 0) return close(GOING_DOWN, 'draining', [tell])
  return { session: { ...session, draining: true }, effects: [tell] }
}
