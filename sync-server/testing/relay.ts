import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RelayKey } from '../../shared/ids.js'
import { systemClock } from '../clock.js'
import { parseConfig } from '../config.js'
import { jsonLog } from '../log.js'
import { startRelay, type RunningRelay } from '../relay.js'
import { TestClient } from './client.js'
import type { TestDevice } from './people.js'

/** A relay of a test's own: real sockets and files, in this process. */
export class TestRelay {
  readonly folder: string
  readonly log: string[] = []
  readonly #flags: readonly string[]
  readonly #clients: TestClient[] = []
  #running: RunningRelay | undefined
  #port = 0

  private constructor(folder: string, flags: readonly string[]) {
    this.folder = folder
    this.#flags = flags
  }

  static async start(...flags: string[]): Promise<TestRelay> {
    const relay = new TestRelay(await mkdtemp(join(tmpdir(), 'coffer-relay-')), flags)
    await relay.again()
    return relay
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`
  }

  get key(): RelayKey {
    return this.#known().key
  }

  #known(): RunningRelay {
    if (this.#running === undefined) throw new Error('the relay does not run')
    return this.#running
  }

  /** Starts it, on the port and data it had. */
  async again(...more: string[]): Promise<void> {
    const listen = ['--listen', `127.0.0.1:${this.#port}`, '--data', join(this.folder, 'data')]
    const config = parseConfig([...listen, ...this.#flags, ...more])
    if (typeof config === 'string') throw new Error(config)
    this.#running = await startRelay(config, {
      clock: systemClock,
      log: jsonLog((line) => this.log.push(line), 'debug', systemClock.now),
      random: () => 0,
      processMetrics: false,
    })
    this.#port = this.#running.port
  }

  async connect(device: TestDevice): Promise<TestClient> {
    const client = await TestClient.connect(this.url, this.key, device)
    this.#clients.push(client)
    return client
  }

  async stop(): Promise<void> {
    const running = this.#known()
    this.#running = undefined
    await running.stop()
  }

  /** Ends everything and removes its files. */
  async dispose(): Promise<void> {
    for (const client of this.#clients) client.socket.terminate()
    if (this.#running !== undefined) await this.stop()
    await rm(this.folder, { recursive: true })
  }
}

/** Runs a test against a relay of its own. */
export function withRelay(
  body: (relay: TestRelay) => Promise<void>,
  ...flags: string[]
): () => Promise<void> {
  return async () => {
    const relay = await TestRelay.start(...flags)
    try {
      await body(relay)
    } finally {
      await relay.dispose()
    }
  }
}
