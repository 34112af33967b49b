import type { Bytes } from '../../../shared/bytes.js'
import type { ErrorCode } from '../../../shared/errors.js'
import type { Cursor } from '../../../shared/protocol/relay.js'
import type { Alarm, BasePiece, BaseWants, LogPlace, SealLimits } from './port.js'

// What one vault's syncing asks for: of the relay, of the replica, of whoever started it.

/** Why the relay, or this device's disk, said no. `lasting`: waiting alone won't help, so barriers give up. */
export type Problem = {
  readonly code: ErrorCode
  readonly reason: string
  readonly lasting: boolean
}

/** A request to the relay about this vault. Replies come back as events; an append's carries its tag. */
export type Request =
  | { readonly kind: 'open'; readonly after: Cursor }
  | { readonly kind: 'create'; readonly links: readonly Bytes[] }
  | {
      readonly kind: 'append'
      readonly tag: number
      readonly base: Cursor
      readonly entries: readonly Bytes[]
    }
  | { readonly kind: 'putHead'; readonly head: Bytes }
  | { readonly kind: 'heads' }
  | { readonly kind: 'chain'; readonly from: number }
  | { readonly kind: 'snapshotPart'; readonly wanted: BaseWants }
  | { readonly kind: 'newest' }

/** Work on the replica and its store. One at a time; ends with `portDone` or `portFailed`. */
export type PortWork =
  | {
      readonly kind: 'ingest'
      readonly from: number
      readonly bodies: readonly Bytes[]
      readonly generation: number
    }
  | { readonly kind: 'seal'; readonly limits: SealLimits }
  /** Reads link entries; `portDone` brings them. */
  | { readonly kind: 'links'; readonly from: number }
  | { readonly kind: 'rewind' }
  | { readonly kind: 'takeChain'; readonly links: readonly Bytes[] }
  | { readonly kind: 'adopt'; readonly snapshots: readonly Bytes[] }
  | { readonly kind: 'takePiece'; readonly piece: BasePiece }
  | { readonly kind: 'restore' }
  | { readonly kind: 'confirm'; readonly places: readonly LogPlace[] }
  | { readonly kind: 'signHead' }
  | { readonly kind: 'checkHead'; readonly head: Bytes }

export type Effect =
  | { readonly kind: 'send'; readonly request: Request }
  | { readonly kind: 'port'; readonly work: PortWork }
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  /** A barrier is reached, or (with a problem) can't be. */
  | { readonly kind: 'barrier'; readonly id: number; readonly problem: Problem | undefined }
  /** The relay broke the protocol: end the connection. */
  | { readonly kind: 'hangUp'; readonly reason: string }
