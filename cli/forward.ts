import type { Buffer } from 'node:buffer'
import { CofferError } from '../shared/errors.js'
import { exchange } from './reach/exchange.js'
import { requestBytes, type OpenAnswer } from './hot.js'
import { isRunner } from './reach/runner-env.js'
import { exchangeAsRunner } from './reach/runner-token.js'
import type { Session } from './session.js'
import { homeOf, socketOf } from './reach/socket.js'
import { shownOn } from './visible.js'

/**
 * Sends a plain command line to the daemon, which is started when there is none, and shows its answer.
 * @param bundle a file that is asked, by its runner's token, in the daemon's place
 * @returns 'full' for a `run` that needs more than a plain answer tells
 */
export async function forward(
  session: Session,
  verb: 'get' | 'ls' | 'run' | 'earthly provider',
  words: readonly string[],
  bundle?: string,
): Promise<'done' | 'full'> {
  const request = requestBytes([...verb.split(' '), ...words], session.io.env)
  const answer =
    isRunner(session.io.env) || bundle !== undefined
      ? await exchangeAsRunner(session.io, request, bundle)
      : await askDaemon(session, request)
  answer.close()
  const options = words.slice(0, words.indexOf('--'))
  const exact = verb === 'earthly provider' || options.includes('--raw')
  const { stdout, stderr } = shownOn(answer, exact, () => session.io.outIsTerminal)
  session.io.err(stderr.toString())
  session.io.out(stdout)
  session.io.exit(answer.status)
  if (!answer.exec) return 'done'
  const { runAnswer } = await import('./child/child.js')
  return (await runAnswer(answer.bytes)) === 'full' ? 'full' : 'done'
}

async function askDaemon(session: Session, request: Buffer): Promise<OpenAnswer> {
  const client = await session.client()
  client.close()
  session.forget()
  const socket = socketOf(homeOf(session.io.env))
  const answer = socket === undefined ? undefined : await exchange(socket, request)
  if (answer !== undefined) return answer
  throw new CofferError('internal', 'the daemon ended at once', {
    next: 'see coffer daemon logs',
  })
}
