import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromUtf8 } from '../../shared/bytes.js'
import { LineReader } from '../../shared/protocol/lines.js'
import { parseIncoming, requestLine } from '../../shared/protocol/local-wire.js'
import { stopDaemon } from '../reach/daemon-control.js'
import type { DaemonConnection } from '../reach/daemon-reach.js'
import type { DaemonOptions } from '../reach/daemon-start.js'

// Real daemons without vaults behind them, for the tests of reaching and ending one.

export const DIST = join(import.meta.dirname, '../..')
export const PROGRAM = join(DIST, 'daemon/lifecycle/testing/program.js')

export type World = {
  readonly folder: string
  readonly home: string
  readonly env: NodeJS.ProcessEnv
}

/** Runs `use` with a folder that is to hold a home; its daemon is stopped afterwards. */
export async function inWorld(use: (world: World) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  const home = join(folder, 'home')
  const env = { PATH: process.env['PATH'], HOME: folder, COFFER_HOME: home }
  try {
    await use({ folder, home, env })
  } finally {
    await stopDaemon(home)
    rmSync(folder, { recursive: true, force: true })
  }
}

export const options = ({ env }: World, more: Partial<DaemonOptions> = {}): DaemonOptions => ({
  env,
  create: true,
  program: PROGRAM,
  ...more,
})

/** One more request on an open connection, which is then closed. */
export async function call(
  { socket }: DaemonConnection,
  method: string,
  params: object = {},
): Promise<unknown> {
  const lines = new LineReader(100_000)
  const answer = new Promise<unknown>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      for (const line of lines.push(chunk)) {
        const message = parseIncoming(fromUtf8(line) ?? '')
        if (message.kind === 'result') resolve(message.result)
        if (message.kind === 'error') reject(message.error)
      }
    })
  })
  socket.resume()
  socket.write(requestLine(5, method, params))
  return answer.finally(() => socket.destroy())
}

export const init = {
  open: { kind: 'passphrase', passphrase: Buffer.from('correct horse').toString('base64') },
  memory: 64,
}
export const sync = { context: { cwd: '/', env: {} }, timeout: 0 }
