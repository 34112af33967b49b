import { Buffer } from 'node:buffer'
import { LIMITS } from '../../shared/limits.js'
import { cutAnswer, type OpenAnswer } from '../hot.js'
import { silent } from '../refusals.js'

// The daemon's socket by what Node's own `net` stands on. `net` and the streams below it take 4 ms to load and start, a
// quarter of what an idle Node takes at all; this takes 1. `process.binding` is not for others by Node's documentation
// (DEP0111), so nothing here is relied upon: what isn't as expected, or goes wrong, ends in `undefined`, and
// exchange.ts asks again over `net`. A plain request only reads: asking twice does no harm.

type ConnectRequest = { oncomplete?: (status: number) => void }
type WriteRequest = { oncomplete?: (status: number) => void; buffer?: Uint8Array }
type Handle = {
  onread: (data: ArrayBuffer | undefined) => void
  connect(request: ConnectRequest, path: string): number | undefined
  readStart(): number
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number
  close(): void
}
type Internals = {
  readonly Pipe: new (type: number) => Handle
  readonly PipeConnectWrap: new () => ConnectRequest
  readonly WriteWrap: new () => WriteRequest
  readonly SOCKET: number
  /** How the last read ended: its count of bytes (below 0: an error), and where they begin. */
  readonly state: { readonly [index: number]: number }
  readonly kReadBytesOrError: number
  readonly kArrayBufferOffset: number
}

/** Node's internals, if they are what they were in every version tried (20 to 26). */
function internals(): Internals | undefined {
  const binding: unknown = Reflect.get(process, 'binding')
  if (typeof binding !== 'function') return undefined
  const pending = process.noDeprecation === true
  // Whoever runs with --pending-deprecation asks about their own programs.
  process.noDeprecation = true
  try {
    const pipe: unknown = Reflect.apply(binding, process, ['pipe_wrap'])
    const stream: unknown = Reflect.apply(binding, process, ['stream_wrap'])
    if (!isObject(pipe) || !isObject(stream) || !isObject(pipe['constants'])) return undefined
    const found: { readonly [K in keyof Internals]: unknown } = {
      Pipe: pipe['Pipe'],
      PipeConnectWrap: pipe['PipeConnectWrap'],
      SOCKET: pipe['constants']['SOCKET'],
      WriteWrap: stream['WriteWrap'],
      state: stream['streamBaseState'],
      kReadBytesOrError: stream['kReadBytesOrError'],
      kArrayBufferOffset: stream['kArrayBufferOffset'],
    }
    return areInternals(found) ? found : undefined
  } catch {
    return undefined
  } finally {
    process.noDeprecation = pending
  }
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null
}

function areInternals(found: { readonly [K in keyof Internals]: unknown }): found is Internals {
  const { Pipe, PipeConnectWrap, WriteWrap, SOCKET, state } = found
  return (
    [Pipe, PipeConnectWrap, WriteWrap].every((one) => typeof one === 'function') &&
    [SOCKET, found.kReadBytesOrError, found.kArrayBufferOffset].every(
      (one) => typeof one === 'number',
    ) &&
    isObject(state)
  )
}

/**
 * Sends the request and reads the answer.
 * @returns undefined when it can't be done this way, for whatever reason
 * @throws CofferError `timed-out` when the daemon says nothing for long
 */
export function exchangeRaw(socket: string, request: Buffer): Promise<OpenAnswer | undefined> {
  const node = internals()
  if (node === undefined) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const handle = new node.Pipe(node.SOCKET)
    const timer = setTimeout(() => {
      handle.close()
      reject(silent())
    }, LIMITS.plainAnswer)
    const end = (answer: OpenAnswer | undefined): void => {
      clearTimeout(timer)
      if (answer === undefined) handle.close()
      resolve(answer)
    }
    const connecting = new node.PipeConnectWrap()
    connecting.oncomplete = (status) => {
      if (status !== 0 || !converse(node, handle, request, end)) end(undefined)
    }
    const refused = handle.connect(connecting, socket)
    if (refused !== undefined && refused !== 0) end(undefined)
  })
}

/** Writes and listens on a connected handle; false when that fails at once. */
function converse(
  node: Internals,
  handle: Handle,
  request: Buffer,
  end: (answer: OpenAnswer | undefined) => void,
): boolean {
  let received: Buffer | undefined
  handle.onread = (data) => {
    const count = node.state[node.kReadBytesOrError] ?? -1
    if (count === 0) return
    if (count < 0 || data === undefined) return end(undefined)
    const chunk = Buffer.from(data, node.state[node.kArrayBufferOffset] ?? 0, count)
    received = received === undefined ? chunk : Buffer.concat([received, chunk])
    const answer = cutAnswer(received)
    if (answer !== undefined) end({ ...answer, close: () => handle.close() })
  }
  const writing = new node.WriteWrap()
  // Kept until it is written: nobody else holds it.
  writing.buffer = request
  writing.oncomplete = (status) => {
    if (status !== 0) end(undefined)
  }
  return handle.writeBuffer(writing, request) === 0 && handle.readStart() === 0
}
