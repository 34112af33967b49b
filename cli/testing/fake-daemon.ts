import { Buffer } from 'node:buffer'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { LineReader } from '../../shared/protocol/lines.js'
import {
  errorLine,
  notificationLine,
  parseRequest,
  resultLine,
} from '../../shared/protocol/local-wire.js'
import {
  isMethod,
  METHODS,
  type Method,
  type Notification,
  type NotificationParams,
  type Params,
  type Result,
} from '../../shared/protocol/local.js'
import {
  decodePlainRequest,
  encodePlainAnswer,
  PLAIN_MAGIC,
  plainRequestLength,
  type PlainAnswer,
  type PlainRequest,
} from '../../shared/protocol/plain.js'
import type { Schema } from '../../shared/protocol/schema.js'
import { pointerText } from '../../shared/protocol/socket-path.js'
import { VERSION } from '../../shared/version.js'

/** What a scripted method may do beside answering. */
export type Aside = {
  readonly progress: (phase: string, done: number, total: number | null) => void
  readonly hangUp: () => void
  readonly raw: (text: string) => void
}
type Script = {
  readonly [M in Method]?: (params: Params<M>, aside: Aside) => Result<M> | Promise<Result<M>>
}
type Schemas = { readonly [M in Method]: { readonly params: Schema<Params<M>> } }
const SCHEMAS: Schemas = METHODS

/** A daemon that answers by script over a real socket in a home of its own, and checks what it is asked. */
export class FakeDaemon {
  readonly home = mkdtempSync(join(tmpdir(), 'coffer-fake-'))
  /** Method calls in order, handshakes left out. */
  readonly calls: { readonly method: string; readonly params: unknown }[] = []
  readonly plainRequests: PlainRequest[] = []
  readonly #script: Script
  readonly #plain: (request: PlainRequest) => PlainAnswer
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(script: Script, plain: (request: PlainRequest) => PlainAnswer = noPlain) {
    this.#script = script
    this.#plain = plain
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#accept(socket)
    })
  }

  async start(): Promise<this> {
    const run = join(this.home, 'run')
    mkdirSync(run, { recursive: true, mode: 0o700 })
    const socket = join(run, 'daemon.sock')
    await new Promise<void>((resolve) => {
      this.#server.listen(socket, resolve)
    })
    chmodSync(socket, 0o600)
    writeFileSync(join(this.home, 'layout'), 'coffer-home 1\n', { mode: 0o600 })
    writeFileSync(
      join(this.home, 'socket'),
      pointerText(socket, { version: VERSION, cut: undefined, offline: false }),
      { mode: 0o600 },
    )
    return this
  }

  notify<N extends Notification>(name: N, params: NotificationParams<N>): void {
    for (const socket of this.#sockets) socket.write(notificationLine(name, params))
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
    rmSync(this.home, { recursive: true, force: true })
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    const lines = new LineReader(LIMITS.localLine)
    let plain = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('end', () => socket.end())
    socket.on('data', (chunk: Buffer) => {
      if (plain.length > 0 || chunk[0] === PLAIN_MAGIC[0]) {
        plain = Buffer.concat([plain, chunk])
        if (plainRequestLength(plain) === plain.length) this.#answerPlain(socket, plain)
        return
      }
      for (const line of lines.push(chunk)) void this.#answer(socket, fromUtf8(line) ?? '')
    })
  }

  #answerPlain(socket: Socket, bytes: Buffer): void {
    const request = decodePlainRequest(bytes)
    this.plainRequests.push(request)
    socket.end(encodePlainAnswer(this.#plain(request)))
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const { id, method, params } = parseRequest(line)
    const aside: Aside = {
      progress: (phase, done, total) => {
        socket.write(notificationLine('progress', { id, phase, done, total }))
      },
      hangUp: () => socket.destroy(),
      raw: (text) => socket.write(text),
    }
    try {
      if (!isMethod(method)) throw new CofferError('usage', 'no such method')
      const result = await this.#run(method, params, aside)
      socket.write(resultLine(id, result))
    } catch (error) {
      const known =
        error instanceof CofferError ? error : new CofferError('internal', String(error))
      socket.write(errorLine(id, known))
    }
  }

  async #run<M extends Method>(method: M, raw: unknown, aside: Aside): Promise<Result<M>> {
    const params = SCHEMAS[method].params.check(raw, 'params')
    if (method !== 'handshake') this.calls.push({ method, params })
    const script: Script = { handshake, subscribe: () => ({}), ...this.#script }
    const answer = script[method]
    if (answer === undefined) throw new CofferError('internal', `no script for ${method}`)
    return answer(params, aside)
  }
}

function handshake(): Result<'handshake'> {
  return { version: VERSION, pid: process.pid, state: 'unlocked', offline: false, cut: false }
}

function noPlain(): PlainAnswer {
  const nothing = new Uint8Array(0)
  return { status: 1, stdout: nothing, stderr: Buffer.from('no script\n') }
}
