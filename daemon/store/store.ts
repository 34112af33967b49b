import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'

// What the daemon's shells see of storage: an ordered store of byte keys, never `level` itself.
// testing/conformance.ts states the contract as a suite; memory.ts and level.ts pass it.

/** One step of a batch. Later steps of a batch win over earlier ones on the same key. */
export type Op =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes }
  | { readonly type: 'del'; readonly key: Bytes }

export type Entry = { readonly key: Bytes; readonly value: Bytes }

/** Keys k with gte <= k < lt in bytewise order; an absent bound is open. */
export type Range = {
  readonly gte?: Bytes
  readonly lt?: Bytes
  /** From the greatest key down. */
  readonly reverse?: boolean
  /** At most so many entries. */
  readonly limit?: number
}

/**
 * An ordered store. Every failure is a CofferError of code `storage` whose reason is a StorageReason;
 * a call after `close` is refused with reason `closed`.
 */
export interface Store {
  /** The value of `key`, or undefined. The bytes belong to the caller. */
  getSync(key: Bytes): Bytes | undefined
  has(key: Bytes): boolean
  /**
   * All of `ops` or none. Resolved: applied, and on disk (fsync). Rejected: not applied, and nothing
   * from before is lost; reads go on. A process that dies while a batch is pending finds it later
   * wholly or not at all.
   */
  batch(ops: readonly Op[]): Promise<void>
  /**
   * The first entries of `range`, as many as fit one page (LIMITS.storePageEntries, storePage bytes,
   * at least one). Fewer than `limit` doesn't mean the end: an empty page does. `range` below walks on.
   */
  page(range: Range): Promise<readonly Entry[]>
  /** Waits for pending batches, then lets go of the files. A second call does nothing. */
  close(): Promise<void>
}

/**
 * full: no space (or quota) left · read-only: the folder can't be written · corrupt: files or records
 * are damaged · busy: another process holds the store, or it is being reopened · io: the disk failed
 * otherwise · newer: written by a newer coffer · closed: used after close.
 */
export type StorageReason = 'full' | 'read-only' | 'corrupt' | 'busy' | 'io' | 'newer' | 'closed'

const NEXT: Readonly<Record<StorageReason, string>> = {
  full: 'free some disk space and try again; what was stored before is still there',
  'read-only': 'make the folder writable again and retry; reading goes on meanwhile',
  corrupt: 'run coffer doctor --repair to mend it and fetch the rest from the relay again',
  busy: 'try again in a moment; if it stays, another daemon uses this home',
  io: 'look at the system log for disk errors, then run coffer doctor',
  newer: 'upgrade coffer on this machine',
  closed: 'run coffer unlock',
}

/** A CofferError of code `storage`: `what` names what failed, the next step follows from the reason. */
export function storageError(reason: StorageReason, what: string, cause?: unknown): CofferError {
  return new CofferError('storage', what, { reason, next: NEXT[reason], cause })
}

/** Every entry of `range`, page by page: what is written meanwhile may or may not show. */
export async function* walk(store: Pick<Store, 'page'>, range: Range = {}): AsyncGenerator<Entry> {
  let rest: Range = range
  let left = range.limit ?? Infinity
  while (left > 0) {
    const page = await store.page(left === Infinity ? rest : { ...rest, limit: left })
    const last = page.at(-1)
    if (last === undefined) return
    yield* page
    left -= page.length
    rest =
      range.reverse === true ? { ...rest, lt: last.key } : { ...rest, gte: successor(last.key) }
  }
}

/** The least key greater than `key`. */
export function successor(key: Bytes): Bytes {
  const out = new Uint8Array(key.length + 1)
  out.set(key)
  return out
}

/** Bytewise order: negative, zero or positive. */
export function compare(a: Bytes, b: Bytes): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Refuses a batch or key that is over the caps: a programming error, never data lost quietly. */
export function checkOps(ops: readonly Op[]): void {
  let bytes = 0
  for (const op of ops) {
    checkKey(op.key)
    const size = op.type === 'put' ? op.value.length : 0
    if (size > LIMITS.storeValue) throw tooLarge('a stored value', size, LIMITS.storeValue)
    bytes += op.key.length + size
  }
  if (ops.length > LIMITS.storeOps)
    throw tooLarge('the steps of a batch', ops.length, LIMITS.storeOps)
  if (bytes > LIMITS.storeBatch) throw tooLarge('a batch', bytes, LIMITS.storeBatch)
}

export function checkKey(key: Bytes): void {
  if (key.length === 0 || key.length > LIMITS.storeKey)
    throw tooLarge('a key', key.length, LIMITS.storeKey)
}

function tooLarge(what: string, size: number, cap: number): CofferError {
  return new CofferError('limit', `${what} is ${size}, allowed are 1 to ${cap}`, {
    reason: 'store',
  })
}
