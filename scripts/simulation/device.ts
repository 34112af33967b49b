import type { VaultId } from '../../shared/ids.js'
import { nextWake, step } from '../../daemon/core/sync/machine.js'
import { factsOf, type VaultFacts } from '../../daemon/core/sync/port.js'
import type { Effect, PortWork, Problem } from '../../daemon/core/sync/effects.js'
import { initialState, type Event, type State } from '../../daemon/core/sync/state.js'
import type { Identity } from '../../daemon/core/vault/chain.js'
import type { NewChange } from '../../daemon/core/vault/change.js'
import { loadReplica } from '../../daemon/core/vault/load.js'
import type { Env, Op } from '../../daemon/core/vault/records.js'
import type { Replica } from '../../daemon/core/vault/replica.js'
import type { TestStore } from '../../daemon/core/vault/testing/devices.js'
import { describe, isAnswer, type AnyEvent, type LinkCall } from './calls.js'
import { SimLinks } from './links.js'
import { perform, type Done } from './port.js'
import { stillQueued, type Asked } from './promises.js'
import type { SimRelay } from './relay.js'
import { Wire } from './wire.js'
import type { World } from './world.js'

export type DeviceParts = {
  readonly name: string
  readonly identity: Identity
  readonly store: TestStore
  readonly env: Env
  readonly vaultId: VaultId
  /** Called when the replica and the store have changed: claims that hold at any time. */
  readonly watch?: (device: SimDevice) => void
}

/** Probabilities of this device's own mishaps. */
export type Mishaps = { readonly crashAfterBatch: number; readonly diskFails: number }

/** A call on the replica, and what happens once its records are durable, or couldn't be written. */
type Job = {
  readonly call: (replica: Replica) => readonly Op[]
  readonly end: (ok: boolean) => void
}

/** A device: the real replica and the real machine over a store in memory that survives crashes. */
export class SimDevice {
  readonly name: string
  readonly parts: DeviceParts
  mishaps: Mishaps = { crashAfterBatch: 0, diskFails: 0 }
  online = false
  replica: Replica
  facts: VaultFacts
  state: State
  readonly alarms = new Set<string>()
  /** Notes of every change whose write was durable: what was promised to the person. */
  readonly promised: string[] = []
  readonly barriers = new Map<number, string>()
  readonly #asked = new Map<number, Asked>()
  crashes = 0
  readonly links: SimLinks
  readonly #world: World
  readonly #relay: SimRelay
  readonly #jobs: Job[] = []
  #wire: Wire | undefined
  #working = false
  #cancelWake: (() => void) | undefined
  #nextBarrier = 1

  constructor(world: World, relay: SimRelay, parts: DeviceParts) {
    this.#world = world
    this.#relay = relay
    this.name = parts.name
    this.parts = parts
    this.replica = this.#load()
    this.facts = factsOf<Op>(this.replica)
    this.state = initialState(this.facts)
    this.links = new SimLinks(world, this)
  }

  #load(): Replica {
    const { env, identity, vaultId, store } = this.parts
    return loadReplica(env, identity, vaultId, store.rows())
  }

  /** Connects when it may and isn't. */
  goOnline(): void {
    this.online = true
    if (this.#wire !== undefined) return
    const incarnation = this.crashes
    const connect = (): void => {
      if (!this.online || this.#wire !== undefined || incarnation !== this.crashes) return
      const who = { name: this.name, device: this.parts.identity.device }
      const wire = new Wire(
        this.#world,
        this.#relay,
        who,
        (event) => this.#deliver(event),
        () => this.#onCut(wire),
      )
      this.#wire = wire
      this.dispatch({ kind: 'connected' })
    }
    this.#world.after(this.#world.rng.int(5, 50), connect)
  }

  #deliver(event: AnyEvent): void {
    if (isAnswer(event)) {
      this.#world.log(this.name, () => `< ${describe(event)}`)
      return this.links.onAnswer(event)
    }
    this.dispatch(event)
    if (event.kind === 'refused' && event.request.kind === 'open' && event.code === 'not-found') {
      this.links.learn()
    }
  }

  /** Asks the relay something that the machine knows nothing of; false without a connection. */
  call(call: LinkCall): boolean {
    this.#wire?.request(call)
    return this.#wire !== undefined
  }

  changed(): void {
    this.dispatch({ kind: 'changed' })
  }

  goOffline(): void {
    this.online = false
    this.#wire?.cut()
  }

  #onCut(wire: Wire): void {
    if (this.#wire !== wire) return
    this.#wire = undefined
    this.links.onLost()
    const incarnation = this.crashes
    this.dispatch({ kind: 'disconnected' })
    this.#world.after(this.#world.rng.int(50, 3000), () => {
      if (this.online && incarnation === this.crashes) this.goOnline()
    })
  }

  /** The process dies and starts again with what the store holds. */
  crash(): void {
    this.#world.log(this.name, () => 'crash')
    this.crashes += 1
    this.#jobs.length = 0
    this.#working = false
    this.barriers.clear()
    this.#wire?.cut()
    this.#wire = undefined
    this.links.onLost()
    this.#cancelWake?.()
    this.#restart()
    this.links.tend()
    if (this.online) this.goOnline()
  }

  #restart(): void {
    this.replica = this.#load()
    this.facts = factsOf<Op>(this.replica)
    this.state = initialState(this.facts)
  }

  /** A transaction of one who may write; `notes` say in the history which change is which. */
  write(changes: readonly (Omit<NewChange, 'note'> & { readonly note: string })[]): void {
    let may = false
    this.enqueue({
      call: (replica) => {
        may = replica.mayWrite
        return may ? replica.write(changes).ops : []
      },
      end: (ok) => {
        if (!ok || !may) return
        this.promised.push(...changes.map(({ note }) => note))
        this.#world.log(this.name, () => `wrote ${changes.map(({ note }) => note).join()}`)
        this.dispatch({ kind: 'changed' })
      },
    })
  }

  barrier(): void {
    const id = this.#nextBarrier++
    this.barriers.set(id, 'up')
    const { log, restores } = this.#relay
    this.#asked.set(id, { length: log.length, restores, promised: this.promised.length })
    this.dispatch({ kind: 'barrier', id })
  }

  enqueue(job: Job): void {
    this.#jobs.push(job)
    this.#next()
  }

  /** One job at a time: memory first, then, a little later, the store; in between it may die. */
  #next(): void {
    if (this.#working) return
    const job = this.#jobs.shift()
    if (job === undefined) return
    this.#working = true
    const { rng } = this.#world
    const { crashAfterBatch, diskFails } = this.mishaps
    const incarnation = this.crashes
    const ops = job.call(this.replica)
    const fails = ops.length > 0 && rng.chance(diskFails)
    this.#world.after(rng.int(0, 5), () => {
      if (incarnation !== this.crashes) return
      this.#working = false
      if (fails) {
        this.replica = this.#load()
      } else {
        this.parts.store.write(ops)
        this.facts = factsOf<Op>(this.replica)
        if (rng.chance(crashAfterBatch)) return this.crash()
      }
      if (ops.length > 0) this.parts.watch?.(this)
      job.end(!fails)
      if (incarnation === this.crashes) this.#next()
    })
  }

  dispatch(event: Event): void {
    const { now, rng } = this.#world
    this.#world.log(this.name, () => `< ${describe(event)}`)
    const facts = this.facts
    const { state, effects } = step(this.state, event, { now, chance: rng.next(), facts })
    this.state = state
    const incarnation = this.crashes
    for (const effect of effects) if (incarnation === this.crashes) this.#perform(effect)
    if (incarnation !== this.crashes) return
    this.#cancelWake?.()
    const wake = nextWake(this.state, now)
    if (wake === undefined) return
    this.#cancelWake = this.#world.after(wake - now, () => {
      if (incarnation === this.crashes) this.dispatch({ kind: 'tick' })
    })
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        return this.#wire?.request(effect.request)
      case 'port':
        return this.#work(effect.work)
      case 'alarm':
        return this.alarm(effect.alarm.reason)
      case 'barrier':
        return this.#endBarrier(effect.id, effect.problem)
      case 'hangUp':
        return this.#wire?.cut()
    }
  }

  alarm(reason: string): void {
    this.#world.log(this.name, () => `ALARM ${reason}`)
    this.alarms.add(reason)
  }

  #endBarrier(id: number, problem: Problem | undefined): void {
    this.barriers.set(id, problem === undefined ? 'reached' : problem.reason)
    if (problem !== undefined) return
    const { cursor, outbox } = this.facts
    const asked = this.#asked.get(id)
    const queued = stillQueued(this.replica, outbox, this.promised.slice(0, asked?.promised))
    if (queued.length > 0) throw new Error(`${this.name}: a barrier before ${queued.join()}`)
    if (asked?.restores === this.#relay.restores && cursor.pos < asked.length) {
      throw new Error(`${this.name}: a barrier at ${cursor.pos} of ${asked.length}`)
    }
  }

  #work(work: PortWork): void {
    let done: Done = { ops: [] }
    this.enqueue({
      call: (replica) => {
        done = perform(replica, work)
        for (const { reason } of done.told?.alarms ?? []) this.alarm(reason)
        return done.ops
      },
      end: (ok) => {
        if (ok) {
          this.dispatch({ kind: 'portDone', work, ...done.told })
        } else {
          this.dispatch({ kind: 'portFailed', work, code: 'storage', reason: 'full' })
        }
      },
    })
  }
}
