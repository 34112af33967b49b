import { createConnection, type Socket } from 'node:net'
import { fromUtf8, type Bytes } from '../../../shared/bytes.js'
import { LIMITS } from '../../../shared/limits.js'
import { LineReader } from '../../../shared/protocol/lines.js'
import { parseIncoming, requestLine, type Incoming } from '../../../shared/protocol/local-wire.js'

/** A client of the local socket that shows what a well-behaved one would hide. */
export class TestClient {
  readonly socket: Socket
  readonly #lines = new LineReader(LIMITS.localLine)
  readonly #messages: Incoming[] = []
  #waiting: (() => void)[] = []
  /** Resolves when the daemon has closed the connection. */
  readonly closed: Promise<void>

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      for (const line of this.#lines.push(chunk)) {
        this.#messages.push(parseIncoming(fromUtf8(line) ?? ''))
      }
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        resolve()
        this.#wake()
      })
      socket.on('end', () => socket.end())
    })
    socket.on('error', () => socket.destroy())
  }

  static connect(path: string): Promise<TestClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path)
      socket.once('connect', () => {
        resolve(new TestClient(socket))
      })
      socket.once('error', reject)
    })
  }

  send(data: string | Bytes): void {
    this.socket.write(data)
  }

  /** Sends a request and resolves with its answer's result. @throws the CofferError that came back. */
  async call(id: number, method: string, params: object = {}): Promise<unknown> {
    this.send(requestLine(id, method, params))
    const answer = await this.next(
      (message) => message.kind !== 'notification' && message.id === id,
    )
    if (answer.kind === 'error') throw answer.error
    return answer.kind === 'result' ? answer.result : undefined
  }

  /** The next message that fits, which is then taken; rejects when the connection closes before. */
  async next(fits: (message: Incoming) => boolean = () => true): Promise<Incoming> {
    for (;;) {
      const at = this.#messages.findIndex(fits)
      if (at >= 0) return this.#messages.splice(at, 1)[0] ?? this.next(fits)
      if (this.socket.destroyed) throw new Error('the connection has closed')
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const one of waiting) one()
  }
}
