import { displayLines } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { Client } from '../reach/client.js'
import type { Command } from '../command.js'
import { daemonLog, stopDaemon } from '../reach/daemon-control.js'
import { openRunning } from '../reach/daemon-reach.js'
import { showTime } from '../format.js'
import { homeOf } from '../reach/socket.js'

export const daemonStart: Command = {
  name: 'daemon start',
  summary: 'Start the daemon (every command that needs it does so by itself)',
  examples: [{ line: 'coffer daemon start --offline', text: 'one that opens no connection' }],
  exits: ['storage', 'timed-out'],
  async run(_call, session) {
    await session.client()
    session.show({ running: true })
  },
}

export const daemonStop: Command = {
  name: 'daemon stop',
  summary: 'Stop the daemon when its work is done',
  examples: [{ line: 'coffer daemon stop', text: 'silent when none runs' }],
  exits: ['timed-out'],
  async run(_call, session) {
    const stopped = await stopDaemon(homeOf(session.io.env))
    session.show({ stopped })
  },
}

export const daemonStatus: Command = {
  name: 'daemon status',
  summary: 'Say whether the daemon runs; exits 26 when it does not',
  examples: [{ line: 'coffer daemon status', text: 'starts none' }],
  stdout: 'one line',
  exits: ['unreachable'],
  async run(_call, session) {
    const running = await openRunning(homeOf(session.io.env))
    if (running === undefined) {
      session.show({ running: false }, 'not running\n')
      session.io.exit(26)
      return
    }
    session.adopt(new Client(running.socket))
    const { handshake } = running
    const { startedAt } = await session.call('status', { context: session.context })
    const { pid, version, state } = handshake
    session.show(
      { running: true, ...handshake, startedAt },
      `running: pid ${pid}, version ${version}, since ${showTime(startedAt)}, ${state}\n`,
    )
  },
}

export const daemonLogs: Command = {
  name: 'daemon logs',
  summary: "Print the daemon's log (it holds no secrets and no names)",
  options: [{ flags: '-l, --lines <N>', text: 'only the last lines' }],
  examples: [{ line: 'coffer daemon logs --lines 20', text: '' }],
  stdout: 'log',
  run(call, session) {
    const typed = call.text('lines')
    if (typed !== undefined && !/^[0-9]{1,7}$/.test(typed)) {
      throw new CofferError('usage', '--lines takes a number', {
        reason: 'bad-number',
        next: 'write it as --lines 20',
      })
    }
    const all = daemonLog(homeOf(session.io.env))
      .split('\n')
      .filter((line) => line !== '')
    const shown = typed === undefined ? all : all.slice(Math.max(0, all.length - Number(typed)))
    const lines = shown.map((line) => `${line}\n`).join('')
    session.show({ lines: shown }, displayLines(lines))
    return Promise.resolve()
  },
}
