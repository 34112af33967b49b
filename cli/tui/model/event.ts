import type { ErrorCode } from '../../../shared/errors.js'
import type { Method, NotificationParams, Params, Result } from '../../../shared/protocol/local.js'
import type { VaultRef } from '../../../shared/protocol/local-common.js'
import type { Values } from './dialog.js'
import type { Key } from './key.js'

// All that can happen. A screen hears what its own calls brought, and what happens to everybody.

/** Why a call, or something else that was asked for, wasn't done. */
export type Failure = {
  readonly code: ErrorCode
  readonly reason: string
  readonly message: string
  readonly next: string
}

/** One method's call, with the tag that its caller gave it. */
export type Calling = {
  [M in Method]: {
    readonly kind: 'call'
    readonly method: M
    readonly params: Params<M>
    readonly tag: string
  }
}[Method]

export type Answered = {
  [M in Method]: {
    readonly kind: 'answered'
    readonly method: M
    readonly tag: string
    readonly result: Result<M>
  }
}[Method]

export type ScreenEvent =
  /** It has just been opened, or become the top one again. */
  | { readonly kind: 'opened' }
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'paste'; readonly text: string }
  | Answered
  | {
      readonly kind: 'failed'
      readonly method: Method
      readonly tag: string
      readonly failure: Failure
    }
  | {
      readonly kind: 'progress'
      readonly method: Method
      readonly tag: string
      readonly phase: string
      readonly done: number
      readonly total: number | null
    }
  | { readonly kind: 'dialog'; readonly tag: string; readonly values: Values }
  | { readonly kind: 'dialog-left'; readonly tag: string }
  | { readonly kind: 'timer'; readonly tag: string }
  /** What the person's editor left; undefined: nothing was saved. */
  | { readonly kind: 'edited'; readonly tag: string; readonly text: string | undefined }
  | { readonly kind: 'edit-failed'; readonly tag: string; readonly failure: Failure }
  /** Secrets of a vault changed, here or on another device. `names` is null for too many. */
  | {
      readonly kind: 'changed'
      readonly vault: VaultRef
      readonly names: readonly string[] | null
    }
  /** The world's status, places or alarms were read anew. */
  | { readonly kind: 'refreshed' }
  /** Nobody looks any more (suspended, another program on the terminal): nothing stays revealed. */
  | { readonly kind: 'hidden' }

export type AppEvent =
  | { readonly kind: 'started' }
  /** There is no home here yet, and no daemon. */
  | { readonly kind: 'no-home' }
  | { readonly kind: 'key'; readonly key: Key }
  | { readonly kind: 'paste'; readonly text: string }
  | { readonly kind: 'tick'; readonly now: number }
  | { readonly kind: 'resized'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'hidden' }
  | { readonly kind: 'daemon'; readonly state: 'connected' | 'gone' }
  | { readonly kind: 'sync-status'; readonly sync: NotificationParams<'syncStatus'> }
  | { readonly kind: 'state'; readonly state: 'none' | 'locked' | 'unlocked' }
  | {
      readonly kind: 'changed'
      readonly vault: VaultRef
      readonly names: readonly string[] | null
    }
  | { readonly kind: 'note'; readonly tone: Tone; readonly text: string }
  /** For one screen; dropped when it is there no more. */
  | { readonly kind: 'to'; readonly owner: number; readonly event: ScreenEvent }

export type Tone = 'plain' | 'good' | 'bad'
