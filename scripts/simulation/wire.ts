import type { DeviceId } from '../../shared/ids.js'
import type { AnyEvent, AnyRequest } from './calls.js'
import type { World } from './world.js'

/** A request that isn't answered within so many milliseconds ends its connection, as in the daemon. */
const REQUEST_TIMEOUT = 10_000

/** The other end: the simulated relay. */
export type Far = {
  connect(wire: Wire): void
  forget(wire: Wire): void
  take(wire: Wire, request: AnyRequest): void
}

/** One connection of one device: each way delays at random and keeps the order, as TCP does, until it is cut. */
export class Wire {
  readonly name: string
  readonly device: DeviceId
  readonly #world: World
  readonly #relay: Far
  readonly #deliver: (event: AnyEvent) => void
  readonly #onCut: () => void
  readonly #waiting = new Map<AnyRequest, () => void>()
  #up = 0
  #down = 0
  #cut = false

  constructor(
    world: World,
    relay: Far,
    who: { readonly name: string; readonly device: DeviceId },
    deliver: (event: AnyEvent) => void,
    onCut: () => void,
  ) {
    this.#world = world
    this.#relay = relay
    this.name = who.name
    this.device = who.device
    this.#deliver = deliver
    this.#onCut = onCut
    relay.connect(this)
  }

  request(request: AnyRequest): void {
    this.#waiting.set(
      request,
      this.#world.after(REQUEST_TIMEOUT, () => this.cut()),
    )
    this.#up = this.#send(this.#up, () => this.#relay.take(this, request))
  }

  reply(request: AnyRequest, event: AnyEvent): void {
    this.push(event, () => {
      this.#waiting.get(request)?.()
      this.#waiting.delete(request)
    })
  }

  push(event: AnyEvent, first: () => void = () => undefined): void {
    this.#down = this.#send(this.#down, () => {
      first()
      this.#deliver(event)
    })
  }

  /** Ends the connection: nothing that is under way arrives. */
  cut(): void {
    if (this.#cut) return
    this.#cut = true
    this.#relay.forget(this)
    for (const cancel of this.#waiting.values()) cancel()
    this.#onCut()
  }

  #send(last: number, arrive: () => void): number {
    const { rng, now } = this.#world
    const time = Math.max(last, now + (rng.chance(0.05) ? rng.int(100, 2000) : rng.int(1, 40)))
    this.#world.after(time - now, () => {
      if (!this.#cut) arrive()
    })
    return time
  }
}
