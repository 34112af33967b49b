// A wire to listen on: a TCP proxy in front of a relay, which keeps every byte that passes either way.
import { createConnection, createServer, type Server, type Socket } from 'node:net'

export class Proxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #seen: Buffer[] = []
  /** The relay's port. */
  target = 0

  private constructor() {
    this.#server = createServer((client) => {
      const relay = createConnection(this.target, '127.0.0.1')
      this.#join(client, relay)
      this.#join(relay, client)
    })
  }

  /** Listens on a free port of loopback; passes everything on to `target`. */
  static async open(): Promise<Proxy> {
    const proxy = new Proxy()
    await new Promise<void>((resolve) => {
      proxy.#server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return address.port
  }

  /** Everything that passed, WebSocket frames of clients unmasked. */
  get seen(): Buffer {
    return Buffer.concat(this.#seen)
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    const unmask = new Unmasker()
    from.on('data', (chunk: Buffer) => {
      this.#seen.push(chunk, unmask.push(chunk))
      to.write(chunk)
    })
    for (const event of ['end', 'error', 'close'] as const) {
      from.on(event, () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  }
}

/** Takes the masks off a WebSocket client's frames: a name under a random mask is a name all the same. */
class Unmasker {
  #held = Buffer.alloc(0)
  #upgraded = false

  push(chunk: Buffer): Buffer {
    this.#held = Buffer.concat([this.#held, chunk])
    if (!this.#upgraded) {
      const end = this.#held.indexOf('\r\n\r\n')
      if (end < 0) return Buffer.alloc(0)
      this.#upgraded = true
      this.#held = this.#held.subarray(end + 4)
    }
    const payloads: Buffer[] = []
    for (;;) {
      const frame = cutFrame(this.#held)
      if (frame === undefined) return Buffer.concat(payloads)
      payloads.push(frame.payload)
      this.#held = this.#held.subarray(frame.length)
    }
  }
}

/** The first frame (RFC 6455 section 5.2), or undefined while it isn't whole. */
function cutFrame(bytes: Buffer): { payload: Buffer; length: number } | undefined {
  if (bytes.length < 2) return undefined
  const second = bytes[1] ?? 0
  const [short, masked] = [second & 0x7f, second >= 0x80]
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0
  const start = 2 + wide + (masked ? 4 : 0)
  if (bytes.length < start) return undefined
  const size =
    wide === 0
      ? short
      : wide === 2
        ? bytes.readUInt16BE(2)
        : bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6)
  if (bytes.length < start + size) return undefined
  const payload = Buffer.from(bytes.subarray(start, start + size))
  if (masked) {
    const mask = bytes.subarray(2 + wide, start)
    for (let at = 0; at < size; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0)
  }
  return { payload, length: start + size }
}
