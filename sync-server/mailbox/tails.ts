import type { VaultId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import type { Mailbox, PlacedEntry, ReadLimits } from './mailbox.js'
import type { WakeBus } from './wake.js'

/** Contiguous entries of one vault, read once for all followers that stand at the same place. */
export type Page = {
  readonly vault: VaultId
  readonly entries: readonly [PlacedEntry, ...PlacedEntry[]]
  readonly head: number
}

/** Calls `run` after `ms` milliseconds; the result cancels it. */
export type Later = (ms: number, run: () => void) => () => void

export type Follower = {
  /** Takes a page; resolves when there is room for the next. */
  readonly deliver: (page: Page) => Promise<void>
  /** Reading failed (`stale-base` after a prune, or the store); nothing more is delivered. */
  readonly fail: (error: unknown) => void
}

export type TailsOptions = {
  readonly mailbox: Mailbox
  readonly bus: WakeBus
  readonly later: Later
  /** A number in 0..1 for jitter. */
  readonly random: () => number
  readonly page: ReadLimits
}

/** A dropped wake is healed after this, give or take the jitter; milliseconds. */
const POLL = { least: 2_000, most: 30_000 } as const

type Following = Follower & { cursor: Cursor; busy: boolean; again: boolean; ended: boolean }
type Feed = { readonly followers: Set<Following>; pages: Map<string, Promise<Page | undefined>> }

/**
 * Follows logs and hands their entries on, contiguous and only once durable, whatever the wake bus drops:
 * every follower reads from the log what lies above its own cursor, on a wake and at every poll.
 */
export class Tails {
  readonly #options: TailsOptions
  readonly #feeds = new Map<VaultId, Feed>()
  readonly #unlisten: (() => void)[]
  #cancelPoll: (() => void) | undefined
  #closed = false

  constructor(options: TailsOptions) {
    this.#options = options
    const { bus } = options
    this.#unlisten = [
      bus.onWake((wake) => {
        if ('head' in wake) this.#woken(wake.vault, wake.head)
      }),
      bus.onReset(() => this.#wakeAll()),
    ]
    this.#schedulePoll()
  }

  /** Delivers everything after `after`, now and from now on. @returns a function that ends it. */
  follow(vault: VaultId, after: Cursor, follower: Follower): () => void {
    // Watched before anything is read: what is appended in between wakes us.
    this.#options.bus.watch(vault)
    const feed: Feed = this.#feeds.get(vault) ?? { followers: new Set(), pages: new Map() }
    this.#feeds.set(vault, feed)
    const one: Following = { ...follower, cursor: after, busy: false, again: false, ended: false }
    feed.followers.add(one)
    void this.#pump(vault, feed, one)
    return () => this.#end(vault, feed, one)
  }

  #end(vault: VaultId, feed: Feed, one: Following): void {
    if (one.ended) return
    one.ended = true
    feed.followers.delete(one)
    this.#options.bus.unwatch(vault)
    if (feed.followers.size === 0 && this.#feeds.get(vault) === feed) this.#feeds.delete(vault)
  }

  close(): void {
    this.#closed = true
    for (const unlisten of this.#unlisten) unlisten()
    this.#cancelPoll?.()
    for (const [vault, feed] of this.#feeds) {
      for (const one of feed.followers) this.#end(vault, feed, one)
    }
  }

  #schedulePoll(): void {
    if (this.#closed) return
    const wait = POLL.least + this.#options.random() * (POLL.most - POLL.least)
    this.#cancelPoll = this.#options.later(wait, () => void this.#poll())
  }

  async #poll(): Promise<void> {
    try {
      const heads = await this.#options.mailbox.heads([...this.#feeds.keys()])
      for (const [vault, head] of heads) this.#woken(vault, head)
    } catch {
      // A store that fails tells whoever writes to it; this reader asks again at the next poll.
    }
    this.#schedulePoll()
  }

  #wakeAll(): void {
    for (const vault of this.#feeds.keys()) this.#woken(vault, Number.MAX_SAFE_INTEGER)
  }

  #woken(vault: VaultId, head: number): void {
    const feed = this.#feeds.get(vault)
    if (feed === undefined) return
    for (const one of feed.followers) {
      if (one.cursor.pos < head) void this.#pump(vault, feed, one)
    }
  }

  /** Delivers page after page until the follower is at the head. */
  async #pump(vault: VaultId, feed: Feed, one: Following): Promise<void> {
    one.again = true
    if (one.busy) return
    one.busy = true
    try {
      while (one.again && !one.ended) {
        one.again = false
        await this.#drain(vault, feed, one)
      }
    } catch (error) {
      if (!one.ended) {
        this.#end(vault, feed, one)
        one.fail(error)
      }
    }
    one.busy = false
  }

  async #drain(vault: VaultId, feed: Feed, one: Following): Promise<void> {
    for (;;) {
      const page = await this.#page(vault, feed, one.cursor)
      const last = page?.entries.at(-1)
      if (page === undefined || last === undefined || one.ended) return
      one.cursor = { pos: last.pos, entryId: last.id }
      await one.deliver(page)
      if (one.ended || page.head <= last.pos) return
    }
  }

  /** The page after a cursor; followers that ask for the same one while it is read share it. */
  #page(vault: VaultId, feed: Feed, after: Cursor): Promise<Page | undefined> {
    const place = `${after.pos} ${after.entryId ?? ''}`
    const there = feed.pages.get(place)
    if (there !== undefined) return there
    const reading = this.#read(vault, after).finally(() => feed.pages.delete(place))
    feed.pages.set(place, reading)
    return reading
  }

  async #read(vault: VaultId, after: Cursor): Promise<Page | undefined> {
    const { entries, head } = await this.#options.mailbox.read(vault, after, this.#options.page)
    const [first, ...rest] = entries
    return first === undefined ? undefined : { vault, entries: [first, ...rest], head }
  }
}
