import { Buffer } from 'node:buffer'
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  write,
} from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'
import { Masker, type Masks } from '../redact/masker.js'

// `run --mask`: a child's stdout and stderr, where they are no terminal, come through here. The child gets a FIFO, no
// socket as Node would make it: programs open /dev/stderr. Where both go to one place the child gets one FIFO for both,
// so that its lines stay in order.

/** What may wait for a slow reader before the child has to. */
const QUEUE = 256 * 1024
/** All that a pipe can hold: what was written before the child ended is no more. */
const PIPE_MAX = 1024 * 1024
const RETRY = 5

export type MaskedOutput = {
  /** What the child gets as stdout and stderr. */
  readonly stdio: ['inherit', number | 'inherit', number | 'inherit']
  /** To be called once the child has its own: else the end of its output isn't seen. */
  readonly started: () => void
  /** Shows what is left, when the child has ended. What its own children write later, nobody reads any more. */
  readonly finish: () => Promise<void>
}

/** @throws CofferError `storage` (reason `no-pipe`) where no FIFO can be made */
export function maskOutput(masks: Masks): MaskedOutput {
  const [out, err] = [1, 2].map((fd) => !isatty(fd))
  const one = out === true && err === true && sameSink()
  const first = out === true ? openStream(masks, 1) : undefined
  const second = one ? first : err === true ? openStream(masks, 2) : undefined
  const streams = [...new Set([first, second])].filter((stream) => stream !== undefined)
  return {
    stdio: ['inherit', first?.childEnd ?? 'inherit', second?.childEnd ?? 'inherit'],
    started: () => {
      for (const { childEnd } of streams) closeSync(childEnd)
    },
    finish: async () => {
      await Promise.all(streams.map((stream) => stream.finish()))
    },
  }
}

function sameSink(): boolean {
  const [a, b] = [fstatSync(1), fstatSync(2)]
  return a.dev === b.dev && a.ino === b.ino
}

type Stream = { readonly childEnd: number; readonly finish: () => Promise<void> }

function openStream(masks: Masks, fd: 1 | 2): Stream {
  const [ours, childEnd] = makePipe()
  const masker = new Masker(masks)
  const socket = new Socket({ fd: ours, readable: true, writable: false })
  const writer = new FdWriter(fd, {
    // The child learns of it as it would have without us: by SIGPIPE.
    broken: () => socket.destroy(),
    drained: () => socket.resume(),
  })
  let ended = false
  socket.on('data', (chunk: Buffer) => {
    if (writer.push(masker.push(chunk)) > QUEUE) socket.pause()
  })
  socket.on('end', () => {
    ended = true
  })
  socket.on('error', () => undefined)
  const finish = async (): Promise<void> => {
    if (!ended && !socket.destroyed) {
      socket.pause()
      for (let left: unknown = socket.read(); Buffer.isBuffer(left); left = socket.read()) {
        writer.push(masker.push(left))
      }
      for (const chunk of readAvailable(ours)) writer.push(masker.push(chunk))
      socket.destroy()
    }
    writer.push(masker.end())
    await writer.idle()
  }
  return { childEnd, finish }
}

/** What a pipe holds now. */
function* readAvailable(fd: number): Generator<Buffer> {
  for (let total = 0; total <= PIPE_MAX;) {
    const chunk = Buffer.alloc(65_536)
    let length = 0
    try {
      length = readSync(fd, chunk)
    } catch {
      // EAGAIN: empty, though somebody still holds it.
      return
    }
    if (length === 0) return
    total += length
    yield chunk.subarray(0, length)
  }
}

/** Both ends of a pipe that has a name no more; the first one never blocks. */
function makePipe(): [number, number] {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-pipe-'))
  try {
    const path = join(folder, 'pipe')
    const made = spawnSync('mkfifo', ['-m', '600', path], { stdio: 'ignore' })
    if (made.status !== 0) throw made.error ?? new Error('mkfifo failed')
    const ours = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return [ours, openSync(path, constants.O_WRONLY)]
  } catch (error) {
    throw new CofferError('storage', `can't make a pipe: ${systemWords(error)}`, {
      reason: 'no-pipe',
      next: 'see that mkfifo is installed and the temporary folder is writable, or leave --mask out',
      cause: error,
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Events = { readonly broken: () => void; readonly drained: () => void }

/** Writes in order without holding this process: signals are passed on while a reader is slow. */
class FdWriter {
  readonly #fd: number
  readonly #events: Events
  #queue: Buffer[] = []
  #size = 0
  #writing = false
  #broken = false
  #idle: (() => void)[] = []

  constructor(fd: number, events: Events) {
    this.#fd = fd
    this.#events = events
  }

  /** @returns bytes that wait */
  push(bytes: Buffer): number {
    if (this.#broken || bytes.length === 0) return 0
    this.#queue.push(bytes)
    this.#size += bytes.length
    this.#next()
    return this.#size
  }

  /** Resolves when everything is written, or nobody reads it. */
  async idle(): Promise<void> {
    if (!this.#writing) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #next(): void {
    if (this.#writing) return
    const [bytes] = this.#queue
    if (bytes === undefined) {
      for (const done of this.#idle.splice(0)) done()
      return
    }
    this.#writing = true
    write(this.#fd, bytes, (error, written) => {
      if (systemCode(error) === 'EAGAIN') setTimeout(() => this.#wrote(0), RETRY)
      else if (error === null) this.#wrote(written)
      else this.#break()
    })
  }

  #wrote(length: number): void {
    this.#writing = false
    const before = this.#size
    this.#size -= length
    const [bytes] = this.#queue
    if (bytes !== undefined) {
      if (length === bytes.length) this.#queue.shift()
      else this.#queue[0] = bytes.subarray(length)
    }
    this.#next()
    if (before > QUEUE && this.#size <= QUEUE) this.#events.drained()
  }

  #break(): void {
    this.#writing = false
    this.#broken = true
    this.#queue = []
    this.#size = 0
    this.#events.broken()
    this.#next()
  }
}
