import type { DaemonHandlers } from '../rpc/call.js'
import { listLost, restoreLost } from '../service/removal/lost.js'
import { revokeDevice, rotateProject } from '../service/removal/removal.js'
import { endFork, listForks } from '../service/trust/forks.js'
import type { Session } from '../service/session.js'

type MemberMethod =
  'deviceRevoke' | 'projectRotate' | 'lostList' | 'lostRestore' | 'forkList' | 'forkEnd'

/** The methods that take devices and keys out of use, and bring back what that cut off. */
export function memberHandlers(session: () => Session): Pick<DaemonHandlers, MemberMethod> {
  return {
    deviceRevoke: (params) => revokeDevice(session(), params),
    projectRotate: (params) => rotateProject(session(), params),
    lostList: (params) => listLost(session(), params),
    lostRestore: (params) => restoreLost(session(), params),
    forkList: (params) => listForks(session(), params),
    forkEnd: (params) => endFork(session(), params),
  }
}
