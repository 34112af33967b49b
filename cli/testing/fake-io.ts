import { Buffer } from 'node:buffer'
import { PassThrough } from 'node:stream'
import { main } from '../full.js'
import type { InputKind, Io } from '../io.js'

/** How one command line ended. */
export type Outcome = {
  readonly code: number
  readonly stdout: string
  readonly bytes: Uint8Array
  readonly stderr: string
}

export type Surroundings = {
  readonly env?: NodeJS.ProcessEnv
  readonly input?: string | Uint8Array
  /** `data` with input, `nothing` without, unless told otherwise. */
  readonly kind?: InputKind
  readonly typed?: string
  readonly terminal?: boolean
  readonly cwd?: string
}

/** A terminal on which `typed` is typed when somebody reads; its raw mode is recorded. */
export class FakeTerminal extends PassThrough {
  readonly modes: boolean[] = []
  isRaw = false

  setRawMode(mode: boolean): this {
    this.modes.push(mode)
    this.isRaw = mode
    return this
  }
}

/** Runs one command line in this process and collects what it says. */
export async function runCli(
  argv: readonly string[],
  { env = {}, input, kind, typed, terminal = false, cwd = '/' }: Surroundings = {},
): Promise<Outcome> {
  const out: Uint8Array[] = []
  let stderr = ''
  let code = 0
  const screen = new FakeTerminal()
  if (typed !== undefined) screen.write(typed)
  const io: Io = {
    env,
    cwd: () => cwd,
    out: (data) => out.push(Buffer.from(data)),
    err: (text) => {
      stderr += text
    },
    outIsTerminal: terminal,
    errIsTerminal: terminal,
    inputKind: () =>
      kind ?? (typed !== undefined ? 'terminal' : input === undefined ? 'nothing' : 'data'),
    input: () => Promise.resolve(Buffer.from(input ?? '')),
    terminal: () => screen,
    exit: (status) => {
      code = status
    },
  }
  await main(argv, io)
  const bytes = Buffer.concat(out)
  return { code, stdout: bytes.toString(), bytes, stderr }
}
