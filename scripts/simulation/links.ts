import { equal, type Bytes } from '../../shared/bytes.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { signedLink } from '../../shared/log/link.js'
import { cursorOf, type State } from '../../daemon/core/sync/state.js'
import type { VaultFacts } from '../../daemon/core/sync/port.js'
import type { Op } from '../../daemon/core/vault/records.js'
import type { Plan } from '../../daemon/core/vault/removing.js'
import type { Replica } from '../../daemon/core/vault/replica.js'
import type { LinkAnswer, LinkCall } from './calls.js'
import type { World } from './world.js'

// Links as the daemon makes them (daemon/service/links.ts, daemon/sync/calls.ts): signed on the newest chain, on disk before
// they are sent, and no other on that head until a valid one was met.

/** What somebody wants to change, planned anew on each chain; undefined: nothing is left to do. */
export type Wish = (replica: Replica) => Plan | undefined

/** How often a lost race is run again. */
const ATTEMPTS = 8

type Job = {
  readonly call: (replica: Replica) => readonly Op[]
  readonly end: (ok: boolean) => void
}

/** The device that the links are of. */
export type Host = {
  readonly name: string
  readonly replica: Replica
  readonly facts: VaultFacts
  readonly state: State
  readonly crashes: number
  /** False without a connection. */
  call(call: LinkCall): boolean
  enqueue(job: Job): void
  changed(): void
  alarm(reason: string): void
}

/** A device's links: one at a time, each seen through. */
export class SimLinks {
  readonly #world: World
  readonly #host: Host
  #wish: Wish | undefined
  #attempts = 0
  #awaited: LinkCall | undefined
  /** Where the relay says that the proposed link stands. */
  #claimed: number | undefined
  #timer: (() => void) | undefined

  constructor(world: World, host: Host) {
    this.#world = world
    this.#host = host
  }

  /** Somebody wants a change; one who is busy with another has no time. */
  want(wish: Wish): void {
    if (this.#wish !== undefined) return
    this.#wish = wish
    this.#attempts = 0
    this.tend()
  }

  /** No new links from now on: what was signed is seen through. */
  rest(): void {
    this.#wish = undefined
    this.tend()
  }

  /** The connection is gone: whatever was asked may or may not have been done. */
  onLost(): void {
    this.#awaited = undefined
    this.#claimed = undefined
  }

  /** A relay that has no such vault for this device may show that it was removed. */
  learn(): void {
    if (this.#awaited !== undefined || this.#host.facts.links === 0) return
    this.#ask({ kind: 'fetch', from: this.#host.facts.links })
  }

  /** Goes on with what is to be done, now or when it can be. */
  tend(): void {
    this.#timer?.()
    const { proposed } = this.#host.replica.chain
    if (this.#wish === undefined && proposed === undefined) return
    this.#timer = this.#world.after(this.#world.rng.int(300, 3000), () => this.tend())
    const { phase, live, linksFrom } = this.#host.state
    if (this.#awaited !== undefined || phase !== 'open' || !live || linksFrom !== undefined) return
    if (this.#claimed !== undefined && this.#host.facts.cursor.pos < this.#claimed) return
    const claimed = this.#claimed
    this.#claimed = undefined
    if (proposed === undefined) return this.#plan()
    if (claimed !== undefined) this.#host.alarm('false-acknowledgement')
    this.#send(proposed)
  }

  #plan(): void {
    const wish = this.#wish
    if (wish === undefined) return
    let entry: Bytes | undefined
    this.#host.enqueue({
      call: (replica) => {
        if (replica.chain.proposed !== undefined) return []
        const plan = this.#attempts++ < ATTEMPTS ? wish(replica) : undefined
        if (plan === undefined) {
          this.#wish = undefined
          return []
        }
        const made = replica.propose(plan.action, plan.wraps)
        entry = made.entry
        const { kind } = plan.action
        this.#world.log(this.#host.name, () => `proposes link ${numberOf(made.entry)} ${kind}`)
        return made.ops
      },
      end: (ok) => {
        if (ok && entry !== undefined && this.#awaited === undefined) this.#send(entry)
      },
    })
  }

  #send(entry: Bytes): void {
    this.#ask({ kind: 'link', base: cursorOf(this.#host.facts), entry })
  }

  #ask(call: LinkCall): void {
    if (this.#host.call(call)) this.#awaited = call
  }

  onAnswer(answer: LinkAnswer): void {
    const call = this.#awaited
    this.#awaited = undefined
    if (call === undefined) return
    if (answer.kind === 'links') return this.#catchUp(answer.entries)
    if (answer.kind === 'linked') {
      if (call.kind === 'link') this.#claim(call.entry, answer.pos)
    } else if (answer.reason === 'chain-moved') {
      this.#ask({ kind: 'fetch', from: this.#host.facts.links })
    } else if (!PASSING.has(answer.reason)) {
      throw new Error(`${this.#host.name}: a link was refused: ${answer.reason}`)
    }
    this.tend()
  }

  #claim(entry: Bytes, pos: number): void {
    if (this.#isIn(entry)) return
    this.#claimed = pos
  }

  #isIn(entry: Bytes): boolean {
    const [met] = this.#host.replica.chainEntries(numberOf(entry))
    return met !== undefined && equal(met, entry)
  }

  #catchUp(entries: readonly Bytes[]): void {
    if (entries.length === 0) return
    this.#host.enqueue({
      call: (replica) => replica.ingestChain(entries).ops,
      end: (ok) => {
        if (ok) this.#host.changed()
        this.tend()
      },
    })
  }
}

/** Refusals after which the same link is sent again; any other says that it should never have been signed. */
const PASSING = new Set(['busy', 'diverged', 'stale-base', 'no-vault'])

/** The number in the chain of the link in this entry. */
export function numberOf(body: Bytes): number {
  const entry = decodeEntry(body)
  if (entry.kind !== 'link') throw new TypeError('not a link')
  return signedLink.read(entry.body.signed).n
}
