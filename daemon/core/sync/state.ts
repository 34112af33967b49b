import type { Bytes } from '../../../shared/bytes.js'
import type { ErrorCode } from '../../../shared/errors.js'
import type { EntryId, LogHash } from '../../../shared/ids.js'
import type { ChainHead, Cursor } from '../../../shared/protocol/relay.js'
import type { Effect, PortWork, Problem, Request } from './effects.js'
import type { Alarm, BasePiece, LogHeight, VaultFacts } from './port.js'

// The vocabulary of one vault's syncing (SPEC section 9): what the machine knows, what happens to it, what it wants.

export type Event =
  /** The connection is authenticated. */
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected' }
  | {
      readonly kind: 'opened'
      readonly head: Cursor
      readonly generation: number
      readonly floor: number
      readonly memberHead: ChainHead
    }
  | { readonly kind: 'created'; readonly existed: boolean }
  | {
      readonly kind: 'appended'
      readonly tag: number
      readonly positions: readonly number[]
      readonly head: Cursor
    }
  | { readonly kind: 'headPut' }
  | { readonly kind: 'heads'; readonly heads: readonly Bytes[] }
  | {
      readonly kind: 'chain'
      readonly from: number
      readonly links: readonly Bytes[]
      readonly length: number
    }
  | { readonly kind: 'piece'; readonly piece: BasePiece }
  | { readonly kind: 'newest'; readonly snapshots: readonly Bytes[] }
  | {
      readonly kind: 'refused'
      readonly request: Request
      readonly code: ErrorCode
      readonly reason: string
      readonly retryAfter?: number
    }
  /** Pushes. */
  | {
      readonly kind: 'entries'
      readonly from: number
      readonly bodies: readonly Bytes[]
      readonly head: number
    }
  | { readonly kind: 'head'; readonly head: Bytes }
  | { readonly kind: 'closed'; readonly code: ErrorCode; readonly reason: string }
  /** The facts are new: a draft was written, a link applied. */
  | { readonly kind: 'changed' }
  /** `answer`: the link entries that were read, or the one signed head. `alarms`: what the work raised. */
  | {
      readonly kind: 'portDone'
      readonly work: PortWork
      readonly answer?: readonly Bytes[]
      readonly alarms?: readonly Alarm[]
    }
  | {
      readonly kind: 'portFailed'
      readonly work: PortWork
      readonly code: ErrorCode
      readonly reason: string
    }
  | { readonly kind: 'tick' }
  /** The person asks for an attempt now, whatever was refused before. */
  | { readonly kind: 'retry' }
  | { readonly kind: 'barrier'; readonly id: number }
  /** Nobody waits for this barrier any more. */
  | { readonly kind: 'forget'; readonly id: number }

/** What every step is given besides its event: the clock (ms), one random number in [0, 1), the durable facts. */
export type At = { readonly now: number; readonly chance: number; readonly facts: VaultFacts }

/** Entries that were pushed and wait to be ingested; `from` is the first one's position. */
export type Pushed = { readonly from: number; readonly bodies: readonly Bytes[] }

/** An append whose reply is awaited: entries of the outbox, or links (`ids` is empty then). */
export type InFlight = {
  readonly tag: number
  readonly ids: readonly EntryId[]
  /** How many links the relay has when it accepts. */
  readonly links: number | undefined
  /** The newest barrier when it was sent. */
  readonly asked: number
  /** One before it was refused: it will be, too, and that says nothing. */
  readonly spoiled: boolean
}

/** Somebody waits until what was written before is in the log, and the log is read. */
export type Barrier = {
  readonly id: number
  /** The number of the question whose answer names the head. */
  readonly wanted: number
  /** The newest draft when it was asked: later ones hold it up no more. */
  readonly drafts: number
  /** Once all those are sealed: the entries that must be met. */
  readonly entries: ReadonlySet<EntryId> | undefined
}

export type State = {
  readonly facts: VaultFacts
  readonly connected: boolean
  /** `waiting`: not asked yet · `opening`, `creating`: a reply is awaited · `open`: pushes come. */
  readonly phase: 'waiting' | 'opening' | 'creating' | 'open'
  /** Nothing is opened, nothing is sent before these times (ms); failures in a row, which set them. */
  readonly openAt: number
  readonly openFailures: number
  readonly sendAt: number
  readonly sendFailures: number
  readonly portFailures: number
  /** Why opening (or the disk), and why sending, failed last; gone when it works again. */
  readonly openProblem: Problem | undefined
  readonly sendProblem: Problem | undefined

  /** The log's newest known head, and its generation. */
  readonly target: number | undefined
  readonly generation: number
  /** Caught up with `target` since the vault was opened. */
  readonly live: boolean
  readonly queue: readonly Pushed[]
  /** Memory of the queue, in bytes, about. */
  readonly queued: number
  /** The position that the next push must start at. */
  readonly next: number
  /** Times in a row that the pushes had to be started again without an entry in between. */
  readonly gaps: number
  readonly busy: PortWork | undefined
  /** An ingest came last: drafts that wait go first now. */
  readonly sealNext: boolean
  readonly createSent: boolean
  readonly rewind: boolean
  /** A rewind happened and nothing was accepted since: a second one in a row would change nothing. */
  readonly rewound: boolean
  /** What the log lacks is to be looked for, once it is read to its end: after a rewind, and after a start. */
  readonly restore: boolean
  /** The chain was read ahead of the log, since the relay was last found to have pruned that. */
  readonly chained: boolean
  /** A part of it was. */
  readonly chaining: boolean
  /** A snapshot is to be gone on from; one was, since the log was last opened; the relay was asked what it has. */
  readonly adopt: boolean
  readonly adopted: boolean
  readonly newestAsked: boolean
  /** A piece of it was asked for, and has come. */
  readonly pieceAsked: boolean
  readonly piece: BasePiece | undefined
  /** What was `facts.ahead` when the relay was last asked for its head. */
  readonly askedFor: LogHeight | undefined
  /** Another device's signed head led to a rewind on this connection: no second one for the same reason. */
  readonly suspected: boolean
  /** The first link that the relay lacks, and whether it was sent since the last opening. */
  readonly linksFrom: number | undefined
  readonly linksSent: boolean

  readonly nextTag: number
  readonly inFlight: readonly InFlight[]
  /** Where the relay says that entries of the outbox stand, until they are met there. */
  readonly claims: ReadonlyMap<EntryId, number>
  /** The same for positions that were read already: what was read there has to be looked up. */
  readonly doubts: ReadonlyMap<EntryId, number>
  /** When (ms) the last entry came, or the log was opened: known ones that don't follow are withheld. */
  readonly movedAt: number

  /** Other devices' signed heads to check, and whether they were asked for on this connection. */
  readonly heads: readonly Bytes[]
  readonly headsAsked: boolean
  /** What the last own signed head said, and when it was made. */
  readonly ownHead:
    { readonly logHash: LogHash; readonly links: number; readonly at: number } | undefined

  /** Barriers count up; each waits for a head that was asked for after it. */
  readonly asked: number
  readonly openAsked: number
  readonly answered: number
  readonly barriers: readonly Barrier[]
  readonly syncedAt: number | undefined
  /** Entries that the relay said it has, and entries of others ingested, since the start. */
  readonly sent: number
  readonly received: number
}

/** A state being changed inside one step, with the effects so far. */
export type Work = {
  readonly s: { -readonly [K in keyof State]: State[K] }
  readonly fx: Effect[]
  readonly at: At
}

const NO_BASE = {
  chained: false,
  chaining: false,
  adopt: false,
  adopted: false,
  newestAsked: false,
  pieceAsked: false,
  piece: undefined,
} as const

/** A vault that was just attached: nothing is known of any relay. */
export function initialState(facts: VaultFacts): State {
  return {
    facts,
    connected: false,
    phase: 'waiting',
    openAt: 0,
    openFailures: 0,
    sendAt: 0,
    sendFailures: 0,
    portFailures: 0,
    openProblem: undefined,
    sendProblem: undefined,
    target: undefined,
    generation: 0,
    live: false,
    queue: [],
    queued: 0,
    next: 0,
    gaps: 0,
    busy: undefined,
    sealNext: false,
    createSent: false,
    rewind: false,
    rewound: false,
    restore: true,
    suspected: false,
    ...NO_BASE,
    askedFor: undefined,
    linksFrom: undefined,
    linksSent: false,
    nextTag: 1,
    inFlight: [],
    claims: new Map(),
    doubts: new Map(),
    movedAt: 0,
    heads: [],
    headsAsked: false,
    ownHead: undefined,
    asked: 0,
    openAsked: 0,
    answered: 0,
    barriers: [],
    syncedAt: undefined,
    sent: 0,
    received: 0,
  }
}

/** The cursor as the relay writes it. */
export function cursorOf({ cursor }: VaultFacts): Cursor {
  const { pos, entryId } = cursor
  return entryId === undefined ? { pos } : { pos, entryId }
}

export function alarm(w: Work, reason: string, detail: string): void {
  w.fx.push({ kind: 'alarm', alarm: { reason, detail } })
}

/** Work on the replica begins: one at a time, because each waits for a disk and starts from the last one's end. */
export function startPort(w: Work, work: PortWork): void {
  w.s.busy = work
  w.fx.push({ kind: 'port', work })
}
