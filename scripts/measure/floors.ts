// The floors that relay and syncing are compared with: bare sockets, bare fsyncs, a bare LevelDB.
import { once } from 'node:events'
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Level } from 'level'
import { WebSocket } from 'ws'
import { type Running } from '../e2e/harness/program.js'
import { type World } from '../e2e/harness/world.js'

const program = fileURLToPath(new URL('floor-server.js', import.meta.url))

/** A bare WebSocket server in a process of its own. */
export class FloorServer {
  readonly running: Running
  readonly #url: string
  readonly #sockets: WebSocket[] = []

  private constructor(running: Running, url: string) {
    this.running = running
    this.#url = url
  }

  static async start(world: World, mode: 'echo' | 'broadcast'): Promise<FloorServer> {
    const running = world.start([process.execPath, program, mode], { timeout: 600_000 })
    const [, port = ''] = await running.printed(/^(\d+)$/m)
    return new FloorServer(running, `ws://127.0.0.1:${port}`)
  }

  /** One more open connection. */
  async connect(): Promise<WebSocket> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false })
    this.#sockets.push(socket)
    await once(socket, 'open')
    return socket
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.terminate()
    this.running.kill()
    await this.running.ended
  }
}

/** Writes to a log file and waits for the disk, as LevelDB does for a synchronous batch. */
export class Disk {
  readonly #file: string
  readonly #fd: number

  constructor(folder: string) {
    this.#file = path.join(folder, 'floor.log')
    this.#fd = openSync(this.#file, 'w')
  }

  sync(bytes: Uint8Array): void {
    writeSync(this.#fd, bytes)
    fdatasyncSync(this.#fd)
  }

  close(): void {
    closeSync(this.#fd)
    rmSync(this.#file)
  }
}

/** Milliseconds that a bare LevelDB takes for synchronous batches: `writers` at once, `rounds` batches each. */
export async function levelBatches(
  folder: string,
  load: { writers: number; batch: number; rounds: number; body: Uint8Array },
): Promise<number> {
  const db = new Level<string, Uint8Array>(folder, { valueEncoding: 'view', compression: false })
  await db.open()
  const { writers, batch, rounds, body } = load
  const writer = async (_: unknown, w: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      const operations = Array.from({ length: batch }, (_one, i) => ({
        type: 'put' as const,
        key: `${w}/${String(round * batch + i).padStart(10, '0')}`,
        value: body,
      }))
      await db.batch(operations, { sync: true })
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: writers }, writer))
  const took = performance.now() - started
  await db.close()
  rmSync(folder, { recursive: true })
  return took
}
