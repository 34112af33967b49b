import type { Command } from '../command.js'
import { CofferError } from '../../shared/errors.js'

export const coprocess: Command = {
  name: 'coprocess',
  summary:
    "Answer the shell hook's coffer_get over pipes, until stdin ends or five idle minutes have passed",
  details: `A question is seven fields, each ended by NUL: the folder, COFFER_ORG, COFFER_PROJECT, COFFER_OFFLINE, EARTHLY_ORG,
EARTHLY_PROJECT (empty: unset), NAME. An answer is three: the exit code, the value, what is to be said on stderr. A value that holds
NUL is refused with 32.`,
  args: [{ name: 'NAME', required: false }],
  options: [{ flags: '--once', text: 'answer for NAME here, and end' }],
  examples: [{ line: 'coffer coprocess --once TOKEN', text: '' }],
  stdout: 'answers',
  async run(call, session) {
    const [name] = call.args
    if (call.flag('once') !== (name !== undefined)) {
      throw new CofferError('usage', '--once takes a NAME, and nothing else does', {
        reason: 'no-name',
      })
    }
    const { answerFor, serve } = await import('../shell/coprocess.js')
    if (name === undefined) return serve(session.io.env)
    const question = { cwd: session.io.cwd(), variables: session.io.env, name }
    session.io.out(await answerFor(question, session.io.env))
  },
}
