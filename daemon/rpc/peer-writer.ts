import type { Socket } from 'node:net'
import type { Bytes } from '../../shared/bytes.js'

/** The writing side of a connection: one that stops reading its answers is cut off. */
export class PeerWriter {
  readonly #socket: Socket
  readonly #time: number
  readonly #written: () => void
  #pending = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `time` is what one write may take, in milliseconds; `written` is called after each. */
  constructor(socket: Socket, time: number, written: () => void) {
    this.#socket = socket
    this.#time = time
    this.#written = written
  }

  /** Everything has been handed to the other end. */
  get idle(): boolean {
    return this.#pending === 0
  }

  write(data: string | Bytes): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    this.#pending++
    this.#timer ??= this.#deadline()
    this.#socket.write(data, () => {
      this.#pending--
      this.stop()
      if (!this.#socket.destroyed && this.#pending > 0) this.#timer = this.#deadline()
      this.#written()
    })
  }

  /** The connection is gone: nothing is waited for. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #deadline(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#socket.destroy(), this.#time).unref()
  }
}
