import { readU32be, type Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import { partsOf } from '../core/sync/based.js'
import type { Alarm, BasePiece } from '../core/sync/port.js'
import { nextWake, step } from '../core/sync/machine.js'
import type { Effect, PortWork, Problem, Request } from '../core/sync/effects.js'
import { initialState, type Event, type State } from '../core/sync/state.js'
import { phaseOf, problemOf } from '../core/sync/status.js'
import type { VaultSyncStatus } from './api.js'
import type { Connection } from './connection.js'
import { cancelled } from './deadline.js'
import type { RelayLink } from './link.js'
import { malformed, RelayRefusal, type Push } from './messages.js'
import { sendRequest } from './requests.js'
import { describe, errorOf, STOPPED } from './problem.js'
import type { Timers } from './timers.js'
import type { VaultPort } from './vault-port.js'

export type RunnerParts = {
  readonly timers: Timers
  readonly random: Random
  readonly onStatus: () => void
  /** So many bytes more (or less) wait for the disk. */
  readonly onQueued: (change: number) => void
}

/** Bytes of a batch that holds the thread for some ten milliseconds. */
const LARGE = 64 * 1024

type Done = { readonly answer?: readonly Bytes[]; readonly alarms?: readonly Alarm[] }

type Watcher = {
  readonly holds: (state: State) => boolean
  readonly resolve: () => void
  readonly reject: (error: CofferError) => void
}

/** Performs what a vault's machine wants, over a relay's link and the vault's port, and tells it what happens. */
export class VaultRunner {
  readonly port: VaultPort
  readonly link: RelayLink
  readonly #parts: RunnerParts
  readonly #events: Event[] = []
  readonly #barriers = new Map<number, (problem: Problem | undefined) => void>()
  readonly #watchers = new Set<Watcher>()
  readonly #unlisten: () => void
  #state: State
  #connection: Connection | undefined
  #nextBarrier = 1
  #syncedAt: number | undefined
  #cancelWake: (() => void) | undefined
  #stepping = false
  #stopped = false

  constructor(port: VaultPort, link: RelayLink, parts: RunnerParts) {
    this.port = port
    this.link = link
    this.#parts = parts
    this.#state = initialState(port.facts())
    this.#unlisten = link.listen({
      onConnected: (connection) => {
        this.#connection = connection
        this.dispatch({ kind: 'connected' })
      },
      onDisconnected: () => {
        this.#connection = undefined
        this.dispatch({ kind: 'disconnected' })
      },
      onPush: (push) => this.#onPush(push),
    })
  }

  get state(): State {
    return this.#state
  }

  status(): VaultSyncStatus {
    const { facts, target } = this.#state
    const problem = problemOf(this.#state)
    return {
      vaultId: this.port.vaultId,
      phase: phaseOf(this.#state),
      pos: facts.cursor.pos,
      head: target,
      drafts: facts.drafts,
      outbox: facts.outbox.length,
      syncedAt: this.#syncedAt,
      problem: problem && describe(problem),
    }
  }

  /** Begins a barrier: its end, and a way to forget it. */
  barrier(): { readonly done: Promise<void>; readonly forget: () => void } {
    const id = this.#nextBarrier++
    const done = new Promise<void>((resolve, reject) => {
      this.#barriers.set(id, (problem) => {
        this.#barriers.delete(id)
        if (problem === undefined) resolve()
        else reject(errorOf(problem))
      })
    })
    if (this.#stopped) this.#barriers.get(id)?.(STOPPED)
    else this.dispatch({ kind: 'barrier', id })
    const forget = (): void => {
      this.#barriers.delete(id)
      this.dispatch({ kind: 'forget', id })
    }
    return { done, forget }
  }

  /** Resolves when the state is as `holds` says. @throws CofferError `cancelled` when the runner stops */
  until(holds: (state: State) => boolean): Promise<void> {
    if (holds(this.#state)) return Promise.resolve()
    if (this.#stopped) return Promise.reject(cancelled())
    return new Promise((resolve, reject) => this.#watchers.add({ holds, resolve, reject }))
  }

  stop(): void {
    this.#stopped = true
    this.#parts.onQueued(-this.#state.queued)
    this.#unlisten()
    this.#cancelWake?.()
    for (const end of this.#barriers.values()) end(STOPPED)
    for (const { reject } of this.#watchers) reject(cancelled())
    this.#watchers.clear()
  }

  /** Feeds the machine; events that come while it works wait for their turn. */
  dispatch(event: Event): void {
    this.#events.push(event)
    if (this.#stepping) return
    this.#stepping = true
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#step(next)
    } finally {
      this.#stepping = false
    }
  }

  #step(event: Event): void {
    if (this.#stopped) return
    const { timers, random, onStatus, onQueued } = this.#parts
    const now = timers.now()
    const chance = readU32be(random(4)) / 2 ** 32
    const { state, effects } = step(this.#state, event, { now, chance, facts: this.port.facts() })
    if (state.syncedAt !== this.#state.syncedAt) this.#syncedAt = timers.wall()
    const queued = state.queued - this.#state.queued
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    this.#cancelWake?.()
    const wake = nextWake(state, now)
    this.#cancelWake =
      wake === undefined
        ? undefined
        : timers.after(wake - now, () => this.dispatch({ kind: 'tick' }))
    for (const watcher of this.#watchers) {
      if (!watcher.holds(state)) continue
      this.#watchers.delete(watcher)
      watcher.resolve()
    }
    if (queued !== 0) onQueued(queued)
    onStatus()
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.request)
      case 'port':
        return this.#work(effect.work)
      case 'alarm':
        return this.port.alarm(effect.alarm)
      case 'barrier':
        return this.#barriers.get(effect.id)?.(effect.problem)
      case 'hangUp':
        return this.#connection?.close(malformed())
    }
  }

  #send(request: Request): void {
    const connection = this.#connection
    if (connection === undefined) return
    const { address } = this.link
    const { vaultId } = this.port
    sendRequest({ connection, vaultId, address, tell: (event) => this.dispatch(event) }, request)
  }

  #onPush(push: Push): void {
    const { body } = push
    if (body.vaultId !== this.port.vaultId) return
    switch (push.kind) {
      case 'entries': {
        const { from, entries: bodies, head } = push.body
        return this.dispatch({ kind: 'entries', from, bodies, head })
      }
      case 'head':
        return this.dispatch({ kind: 'head', head: push.body.head })
      case 'closed':
        return this.dispatch({
          kind: 'closed',
          code: push.body.code,
          reason: new RelayRefusal(push.body).reason ?? push.body.code,
        })
      case 'joinRequest':
      case 'chainMoved':
      case 'snapshot':
        return
    }
  }

  #work(work: PortWork): void {
    const finish = (done: Done): void => this.dispatch({ kind: 'portDone', work, ...done })
    this.#call(work).then(finish, (error: unknown) => {
      const known = error instanceof CofferError
      const code = known ? error.code : 'internal'
      const reason = known ? (error.reason ?? code) : code
      if (code === 'tampering')
        this.port.alarm({ reason, detail: `${work.kind}: what the relay gave` })
      this.dispatch({ kind: 'portFailed', work, code, reason })
    })
  }

  async #ingest(from: number, bodies: readonly Bytes[], generation: number): Promise<Done> {
    const alarms = await this.port.ingest(from, bodies, generation)
    const size = bodies.reduce((sum, body) => sum + body.length, 0)
    // Another may follow at once: whoever asked meanwhile is answered in between.
    if (size >= LARGE) await new Promise<void>((resolve) => this.#parts.timers.after(1, resolve))
    return { alarms }
  }

  async #takePiece(piece: BasePiece): Promise<Alarm[]> {
    const alarms: Alarm[] = []
    for (const part of partsOf(piece)) alarms.push(...(await this.port.takeBase(part)))
    return alarms
  }

  async #call(work: PortWork): Promise<Done> {
    const { port } = this
    switch (work.kind) {
      case 'ingest':
        return this.#ingest(work.from, work.bodies, work.generation)
      case 'seal':
        await port.seal(work.limits)
        return {}
      case 'links':
        return { answer: await port.chainEntries(work.from) }
      case 'rewind':
        await port.rewind()
        return {}
      case 'takeChain':
        await port.ingestChain(work.links)
        return {}
      case 'adopt':
        await port.adopt(work.snapshots)
        return {}
      case 'takePiece':
        return { alarms: await this.#takePiece(work.piece) }
      case 'restore':
        await port.restoreLost()
        return {}
      case 'confirm':
        await port.confirm(work.places)
        return {}
      case 'signHead':
        return { answer: [await port.signedHead()] }
      case 'checkHead':
        return { alarms: await port.checkHead(work.head) }
    }
  }
}
