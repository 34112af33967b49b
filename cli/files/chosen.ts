import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import { demandsOf } from '../demands.js'
import type { Session } from '../session.js'
import { readMany, type ReadSecret } from './read-many.js'

/**
 * The secrets that a command's arguments name, or all of the project. Sealed ones are left out, and named on stderr.
 * @throws CofferError `not-found` for a name that isn't there, or what the daemon answers
 */
export async function readChosen(call: Call, session: Session): Promise<readonly ReadSecret[]> {
  const { secrets, missing, sealed } = await readMany(session, {
    ...(call.args.length === 0 ? {} : { names: [...call.args] }),
    ...(call.flag('strict') ? { strict: true } : {}),
    ...demandsOf(call),
  })
  const [absent] = missing
  if (absent !== undefined) {
    throw new CofferError('not-found', absent.message, {
      reason: 'no-secret',
      next: 'see coffer ls',
    })
  }
  if (sealed.length > 0) {
    const names = sealed.map(displayText).join(', ')
    session.warn([{ code: 'sealed', message: `left out, since they are sealed: ${names}` }])
  }
  return secrets
}
