import { answerPlain } from '../core/plain/answer.js'
import { parsePlain } from '../core/plain/parse.js'
import type { PlainHandler } from '../rpc/call.js'
import { permit, type Gate } from '../rpc/dispatch.js'
import { secretEnvironment } from '../service/secrets/environment.js'
import { getSecret, listSecrets } from '../service/secrets/secrets-read.js'
import type { Session } from '../service/session.js'

/** Answers get, ls and run in a plain block. What fails is thrown: the server renders it as exit and stderr. */
export function plainHandler(gate: Gate, session: () => Session): PlainHandler {
  return async (request, { signal }) => {
    const command = parsePlain(request)
    permit(gate, 'unlocked')
    return answerPlain(command, {
      secretGet: (params) => getSecret(session(), params, signal),
      secretList: (params) => listSecrets(session(), params, signal),
      secretEnvironment: (params) => secretEnvironment(session(), params, signal),
    })
  }
}
