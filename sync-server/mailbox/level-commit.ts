import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { mailboxError } from './mailbox.js'

/** What a planned write sees and does: the store with everything that was planned before it on top. */
export interface Transaction {
  get(key: string): Bytes | undefined
  put(key: string, body: Bytes): void
  del(key: string): void
}

/** The store below the committer. */
export interface Backend {
  getSync(key: string): Bytes | undefined
  /** Writes all, atomically and durably. */
  write(changes: ReadonlyMap<string, Bytes | undefined>): Promise<void>
  /** Makes the store writable again after a failed write; rejects while it can't be. */
  recover(): Promise<void>
}

type Job = {
  readonly weight: number
  readonly plan: (tx: Transaction) => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Bytes of one group: enough to drown the cost of its fsync. */
const GROUP = 8 * 1024 * 1024

class Overlay implements Transaction {
  readonly changes = new Map<string, Bytes | undefined>()
  readonly #below: (key: string) => Bytes | undefined

  constructor(below: (key: string) => Bytes | undefined) {
    this.#below = below
  }

  get(key: string): Bytes | undefined {
    return this.changes.has(key) ? this.changes.get(key) : this.#below(key)
  }

  put(key: string, body: Bytes): void {
    this.changes.set(key, body)
  }

  del(key: string): void {
    this.changes.set(key, undefined)
  }
}

/**
 * Group commit: writes that wait while one fsync runs go into the next batch together. One batch is in
 * flight at a time and plans run in order on top of each other, so no plan sees a state that another one
 * then changes: this is the lock of every vault.
 *
 * After a failed write the store is recovered before the next one: LevelDB goes on behind the torn record of
 * a full disk, and its recovery would then drop everything after it, acknowledged writes included.
 */
export class Committer {
  readonly #backend: Backend
  readonly #maxQueued: number
  #queue: Job[] = []
  #queued = 0
  #running: Promise<void> | undefined
  #failed = false
  #closed = false

  constructor(backend: Backend, maxQueued: number) {
    this.#backend = backend
    this.#maxQueued = maxQueued
  }

  /** Whether the last write failed and the store wasn't recovered yet. */
  get failed(): boolean {
    return this.#failed
  }

  /**
   * Runs `plan` in its turn; resolves with its result when everything it saw and wrote is durable. A plan
   * that throws leaves no trace.
   * @param weight about how many bytes it writes
   * @throws CofferError `limit` (reason `busy`), `storage` (reason `unavailable`), or what `plan` threw
   */
  submit<T>(weight: number, plan: (tx: Transaction) => T): Promise<T> {
    if (this.#closed) return Promise.reject(mailboxError('unavailable', 'the store is closed'))
    if (this.#queued + weight > this.#maxQueued && this.#queued > 0) {
      return Promise.reject(mailboxError('busy', 'too many writes are waiting'))
    }
    return new Promise<T>((resolve, reject) => {
      let result: { value: T } | undefined
      this.#queued += weight
      this.#queue.push({
        weight,
        plan: (tx) => {
          result = { value: plan(tx) }
        },
        resolve: () => {
          if (result !== undefined) resolve(result.value)
        },
        reject,
      })
      this.#running ??= this.#run()
    })
  }

  /** Takes nothing more; resolves when everything taken is written. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    // Everything submitted in this turn of the event loop goes into the first group.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#commit(this.#take())
    this.#running = undefined
  }

  #take(): Job[] {
    let weight = 0
    let count = 0
    for (const job of this.#queue) {
      weight += job.weight
      if (count > 0 && weight > GROUP) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #commit(jobs: Job[]): Promise<void> {
    let planned: Job[] = []
    try {
      if (this.#failed) await this.#backend.recover()
      this.#failed = false
      const group = new Overlay((key) => this.#backend.getSync(key))
      planned = jobs.filter((job) => this.#plan(job, group))
      if (group.changes.size > 0) {
        await this.#backend.write(group.changes)
      }
    } catch (error) {
      this.#failed = true
      const refusal = mailboxError('unavailable', 'the store does not write', error)
      for (const job of jobs) job.reject(refusal)
      planned = []
    } finally {
      for (const job of jobs) this.#queued -= job.weight
    }
    for (const job of planned) job.resolve()
  }

  /** Plans one job on top of the group; false when it refused. */
  #plan(job: Job, group: Overlay): boolean {
    const own = new Overlay((key) => group.get(key))
    try {
      job.plan(own)
    } catch (error) {
      job.reject(
        error instanceof CofferError ? error : mailboxError('unavailable', 'a read failed', error),
      )
      return false
    }
    for (const [key, body] of own.changes) group.changes.set(key, body)
    return true
  }
}
