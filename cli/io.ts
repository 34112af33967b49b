import { Buffer } from 'node:buffer'
import { fstatSync } from 'node:fs'
import { writeAll } from './hot.js'

// What a command sees of the process it runs in, so that tests can give it another.

/** What is behind stdin: a pipe or file with data, a terminal, or nothing (/dev/null, closed). */
export type InputKind = 'data' | 'terminal' | 'nothing'

/** A terminal to read from: process.stdin when it is one. */
export type Terminal = NodeJS.ReadableStream & {
  setRawMode(raw: boolean): unknown
}

export type Io = {
  readonly env: NodeJS.ProcessEnv
  /** Absolute; throws when the folder is gone. */
  readonly cwd: () => string
  readonly out: (data: string | Uint8Array) => void
  readonly err: (text: string) => void
  readonly outIsTerminal: boolean
  readonly errIsTerminal: boolean
  readonly inputKind: () => InputKind
  /** Standard input to its end, or until it exceeds `cap` bytes. */
  readonly input: (cap: number) => Promise<Uint8Array>
  /** The terminal to ask on. */
  readonly terminal: () => Terminal
  readonly exit: (code: number) => void
}

/** The process itself. */
export function processIo(cwd: () => string): Io {
  return {
    env: process.env,
    cwd,
    out: (data) => void writeAll(1, typeof data === 'string' ? Buffer.from(data) : data),
    err: (text) => void writeAll(2, Buffer.from(text)),
    outIsTerminal: process.stdout.isTTY,
    errIsTerminal: process.stderr.isTTY,
    inputKind,
    input: readInput,
    terminal: () => process.stdin,
    exit: (code) => {
      process.exitCode = code
    },
  }
}

function inputKind(): InputKind {
  if (process.stdin.isTTY) return 'terminal'
  try {
    const stat = fstatSync(0)
    return stat.isFIFO() || stat.isFile() || stat.isSocket() ? 'data' : 'nothing'
  } catch {
    return 'nothing'
  }
}

async function readInput(cap: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    chunks.push(bytes)
    size += bytes.length
    if (size > cap) break
  }
  return Buffer.concat(chunks)
}
