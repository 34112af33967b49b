import { homeExists, homeOf } from '../reach/socket.js'
import type { Context } from '../../shared/protocol/local-common.js'
import { NOTHING_READ, type World } from './model/world.js'
import { Program, type Ended } from './shell/program.js'
import { endsByHangup, Terminal } from './shell/terminal.js'

// The terminal UI's own bundle starts here: Ink and React are loaded for nobody else.

export { copyValue, runPick } from './pick.js'

export type UiOptions = {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly start: Context
  readonly offline: boolean
  readonly colour: boolean
  readonly reader: boolean
  readonly revealFor: number
  readonly clipboardFor: number
}

/** Runs the terminal UI on this process's terminal. */
export async function runUi(options: UiOptions): Promise<Ended> {
  const { env, cwd, start, offline, colour, reader, revealFor, clipboardFor } = options
  const size = (): { columns: number; rows: number } => ({
    columns: process.stdout.columns || 80,
    rows: process.stdout.rows || 24,
  })
  const terminal = new Terminal({ input: process.stdin, output: 1, size }, reader)
  const now = (): number => Date.now()
  const world: World = {
    now: now(),
    ...size(),
    cwd,
    start,
    colour,
    reader,
    revealFor,
    clipboardFor,
    daemon: 'connected',
    status: undefined,
    sync: undefined,
    ...NOTHING_READ,
  }
  const hasHome = homeExists(homeOf(env))
  const ended = await new Program({ env, offline, hasHome, world, terminal, now }).run()
  if (terminal.isGone) endsByHangup()
  return ended
}
