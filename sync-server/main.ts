import { complaint } from '../shared/complaint.js'
import { CofferError, ERROR_CODES } from '../shared/errors.js'
import { VERSION } from '../shared/version.js'
import { systemClock } from './clock.js'
import { HELP, parseConfig } from './config.js'
import { errorFields, jsonLog } from './log.js'
import { startRelay } from './relay.js'
import { randomInt } from 'node:crypto'

/** Ends the process with what went wrong: the error table's number, and one line that says it. */
function fail(error: unknown): never {
  const known = error instanceof CofferError
  const failure = known ? error : new CofferError('internal', 'the relay failed')
  process.stderr.write(complaint(failure, 'coffer-relay'))
  if (!known) process.stderr.write(`${JSON.stringify(errorFields(error))}\n`)
  process.exit(ERROR_CODES[failure.code])
}

async function main(): Promise<void> {
  const config = parseConfig(process.argv.slice(2))
  if (config === 'help' || config === 'version') {
    process.stdout.write(config === 'help' ? HELP : `coffer-relay ${VERSION}\n`)
    return
  }
  // Unheard it would open Node's debugger, to every user of the machine.
  process.on('SIGUSR1', () => undefined)
  process.umask(0o077)
  const write = (line: string): boolean => process.stderr.write(line)
  const log = jsonLog(write, config.logLevel, systemClock.now)
  process.on('uncaughtException', (error) => {
    log('error', 'fatal', errorFields(error))
    process.exit(ERROR_CODES.internal)
  })
  const random = (): number => randomInt(2 ** 32) / 2 ** 32
  const relay = await startRelay(config, {
    clock: systemClock,
    log,
    random,
    processMetrics: true,
  })
  let stopping = false
  const stop = (): void => {
    // Whoever asks twice doesn't want to wait.
    if (stopping) process.exit(ERROR_CODES.internal)
    stopping = true
    relay.stop().then(() => process.exit(0), fail)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const { url, key } = relay
  process.stdout.write(
    config.json ? `${JSON.stringify({ url, key })}\n` : `coffer-relay ready: ${url} key ${key}\n`,
  )
}

// No `await` out here: the program is bundled as CommonJS.
void main().catch(fail)
