import { meansProvider, scanPlain } from '../shared/protocol/plain-argv.js'
import { isSuspect } from './arguments.js'
import { exchange } from './reach/exchange.js'
import { finish, requestBytes } from './hot.js'
import { saysOffline } from '../shared/offline.js'
import { isForeign, limitTime } from './provider.js'
import { homeOf, readySocketOf } from './reach/socket.js'

// The program `coffer`: get, ls, run and earthly provider by the short way when a daemon listens; everything else, and the daemon's
// start, by the full program, which is loaded only then.

async function main(argv: readonly string[]): Promise<void> {
  const { COFFER_TOKEN: token, COFFER_TOKEN_FILE: file, COFFER_BUNDLE: bundle } = process.env
  const isRunner = [token, file, bundle].some((one) => (one ?? '') !== '')
  if (meansProvider(argv)) limitTime()
  const scanned = argv.some(isSuspect) ? undefined : scanPlain(argv)
  if (scanned !== undefined && isForeign(scanned)) {
    process.exitCode = 2
    return
  }
  const line = isRunner ? undefined : scanned
  if (line !== undefined) {
    const offline =
      line.switches.has('offline') || saysOffline(process.env['COFFER_OFFLINE']) === true
    const socket = readySocketOf(homeOf(process.env), offline)
    const answer =
      socket === undefined ? undefined : await exchange(socket, requestBytes(argv, process.env))
    const exact = line.verb === 'provider' || line.switches.has('raw')
    if (answer !== undefined && (await finish(answer, exact)) === 'done') return
  }
  const full = await import('./full.js')
  await full.main(argv)
}

// Unheard it would open Node's debugger, to every user of the machine.
process.on('SIGUSR1', () => undefined)
const line = process.argv.slice(2)
main(line).catch(async (error: unknown) => {
  const { fail } = await import('./fail.js')
  fail(error, line)
})
