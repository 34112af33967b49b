import { scanPlain } from '../shared/protocol/plain-argv.js'
import { isSuspect } from './arguments.js'
import { exchange } from './exchange.js'
import { finish, requestBytes } from './hot.js'
import { saysOffline } from '../shared/offline.js'
import { homeOf, readySocketOf } from './socket.js'

// The program `coffer`: get, ls and run by the short way when a daemon listens; everything else, and the daemon's
// start, by the full program, which is loaded only then.

async function main(argv: readonly string[]): Promise<void> {
  const { COFFER_TOKEN: token, COFFER_TOKEN_FILE: file } = process.env
  const isRunner = (token ?? '') !== '' || (file ?? '') !== ''
  const line = isRunner || argv.some(isSuspect) ? undefined : scanPlain(argv)
  if (line !== undefined) {
    const offline =
      line.switches.has('offline') || saysOffline(process.env['COFFER_OFFLINE']) === true
    const socket = readySocketOf(homeOf(process.env), offline)
    const answer =
      socket === undefined ? undefined : await exchange(socket, requestBytes(argv, process.env))
    if (answer !== undefined) return finish(answer, line.switches.has('raw'))
  }
  const full = await import('./full.js')
  await full.main(argv)
}

main(process.argv.slice(2)).catch(async (error: unknown) => {
  const { fail } = await import('./fail.js')
  fail(error)
})
