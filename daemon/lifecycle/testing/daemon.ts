import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parsePointer } from '../../../shared/protocol/socket-path.js'
import { TestClient } from '../../rpc/testing/client.js'

const PROGRAM = fileURLToPath(new URL('./program.js', import.meta.url))

/** A daemon process that a test started. */
export class TestDaemon {
  readonly child: ChildProcess
  /** The line on its ready pipe, empty when it ended without one. */
  readonly outcome: Promise<string>
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>
  readonly #home: string

  constructor(home: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    this.#home = home
    this.child = spawn(process.execPath, [PROGRAM, '--ready-fd', '3', ...args], {
      env: { PATH: process.env['PATH'], COFFER_HOME: home, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    })
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        resolve(code ?? signal ?? '')
      })
    })
    this.outcome = new Promise((resolve) => {
      let said = ''
      this.child.stdio[3]?.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      this.child.stdio[3]?.on('close', () => {
        resolve(said.trim())
      })
    })
  }

  get socket(): string {
    return parsePointer(readFileSync(join(this.#home, 'socket'), 'utf8'))?.socket ?? ''
  }

  client(): Promise<TestClient> {
    return TestClient.connect(this.socket)
  }

  /** One request on a connection of its own. */
  async call(method: string, params: object = {}): Promise<unknown> {
    const client = await this.client()
    try {
      return await client.call(1, method, params)
    } finally {
      client.socket.destroy()
    }
  }

  async stop(): Promise<void> {
    if (existsSync(join(this.#home, 'socket'))) this.child.kill('SIGTERM')
    else this.child.kill('SIGKILL')
    await this.ended
  }
}

export const READY = '{"state":"ready"}'
export const BUSY = '{"state":"busy"}'
