import { toHex, type Bytes } from '../../shared/bytes.js'
import type { VaultId } from '../../shared/ids.js'
import { nextWake, step } from '../../daemon/core/sync/machine.js'
import {
  factsOf,
  type Alarm,
  type ReplicaLike,
  type VaultFacts,
} from '../../daemon/core/sync/port.js'
import {
  initialState,
  type Effect,
  type Event,
  type PortWork,
  type Problem,
  type State,
} from '../../daemon/core/sync/state.js'
import type { Identity } from '../../daemon/core/vault/chain.js'
import type { NewChange } from '../../daemon/core/vault/change.js'
import type { Outcome } from '../../daemon/core/vault/intake.js'
import { loadReplica } from '../../daemon/core/vault/load.js'
import type { Env, Op } from '../../daemon/core/vault/records.js'
import type { Replica } from '../../daemon/core/vault/replica.js'
import type { TestStore } from '../../daemon/core/vault/testing/devices.js'
import { stillQueued, type Asked } from './promises.js'
import { describe, type SimRelay } from './relay.js'
import { Wire } from './wire.js'
import type { World } from './world.js'

export type DeviceParts = {
  readonly name: string
  readonly identity: Identity
  readonly store: TestStore
  readonly env: Env
  readonly vaultId: VaultId
}

/** Probabilities of this device's own mishaps. */
export type Mishaps = { readonly crashAfterBatch: number; readonly diskFails: number }

type Done = {
  readonly ops: readonly Op[]
  /** What the machine hears of it. */
  readonly told?: { readonly answer?: readonly Bytes[]; readonly alarms?: readonly Alarm[] }
}
const told = ({ ops, alarms }: Pick<Outcome, 'ops' | 'alarms'>): Done => ({ ops, told: { alarms } })

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
        (event) => this.dispatch(event),
        () => this.#onCut(wire),
      )
      this.#wire = wire
      this.dispatch({ kind: 'connected' })
    }
    this.#world.after(this.#world.rng.int(5, 50), connect)
  }

  goOffline(): void {
    this.online = false
    this.#wire?.cut()
  }

  #onCut(wire: Wire): void {
    if (this.#wire !== wire) return
    this.#wire = undefined
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
    this.#cancelWake?.()
    this.#restart()
    if (this.online) this.goOnline()
  }

  #restart(): void {
    this.replica = this.#load()
    this.facts = factsOf<Op>(this.replica)
    this.state = initialState(this.facts)
  }

  /** A transaction; `notes` say in the history which change is which. */
  write(changes: readonly (Omit<NewChange, 'note'> & { readonly note: string })[]): void {
    this.#enqueue({
      call: (replica) => replica.write(changes).ops,
      end: (ok) => {
        if (!ok) return
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

  #enqueue(job: Job): void {
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
        return this.#alarm(effect.alarm.reason)
      case 'barrier':
        return this.#endBarrier(effect.id, effect.problem)
      case 'hangUp':
        return this.#wire?.cut()
    }
  }

  #alarm(reason: string): void {
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
    this.#enqueue({
      call: (replica) => {
        done = this.#call(replica, work)
        for (const { reason } of done.told?.alarms ?? []) this.#alarm(reason)
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

  #call(replica: ReplicaLike<Op>, work: PortWork): Done {
    switch (work.kind) {
      case 'ingest':
        return told(replica.ingest(work.from, work.bodies, work.generation))
      case 'seal':
        return replica.sealNext(work.limits) ?? { ops: [] }
      case 'links':
        return { ops: [], told: { answer: replica.chainEntries(work.from) } }
      case 'rewind':
        return { ops: replica.rewind() }
      case 'restore':
        return { ops: replica.restoreLost().ops }
      case 'confirm':
        return { ops: replica.confirm(work.places) }
      case 'signHead':
        return { ops: [], told: { answer: [replica.signedHead()] } }
      case 'checkHead':
        return told(replica.checkHead(work.head))
    }
  }

  /** All that a person could see, as text: equal on two devices that converged. */
  view(names: readonly string[]): string {
    const lines = names.map((name) => {
      const found = this.replica.current('secret', name)
      if (found === undefined) return `${name}: never`
      const value = (change: typeof found.winner): string =>
        change.kind === 'delete' ? 'deleted' : toHex(this.replica.value(change)).slice(0, 64)
      const siblings = found.siblings.map((one) => `${one.id}=${value(one)}`).toSorted()
      const history = this.replica.history('secret', name).map((one) => `${one.id}/${one.note}`)
      return `${name}: ${found.winner.id} of ${siblings.join()} after ${history.toSorted().join()}`
    })
    return lines.join('\n')
  }
}
