import type { DaemonHandlers } from '../rpc/call.js'
import { acknowledgeAlarms, listAlarms } from '../service/trust/alarms.js'
import { auditVault } from '../service/trust/audit.js'
import { announcements } from '../service/people/members.js'
import { verifyAll } from '../service/trust/verify.js'
import { checkLockFile, lockState } from '../service/trust/lock.js'
import type { Session } from '../service/session.js'

type TrustMethod =
  | 'alarmsList'
  | 'alarmsAcknowledge'
  | 'lockState'
  | 'lockCheck'
  | 'announcements'
  | 'verify'
  | 'audit'

/** The methods on what can be believed of the open home. */
export function trustHandlers(session: () => Session): Pick<DaemonHandlers, TrustMethod> {
  return {
    alarmsList: async () => listAlarms(session()),
    alarmsAcknowledge: (params) => acknowledgeAlarms(session(), params),
    announcements: async () => ({ warnings: await announcements(session()) }),
    verify: (_, { progress, signal }) => verifyAll(session(), progress, signal),
    audit: (params, { signal }) => auditVault(session(), params, signal),
    lockState: (params) => lockState(session(), params),
    lockCheck: (params) => checkLockFile(session(), params),
  }
}
