import type { DaemonHandlers } from '../rpc/call.js'
import {
  confirmRunner,
  createRunner,
  inviteRunner,
  revokeRunner,
} from '../service/runners/runner-keys.js'
import { createBundle } from '../service/runners/bundles.js'
import { grantRunner, listRunners } from '../service/runners/runners.js'
import type { Session } from '../service/session.js'

type RunnerMethod =
  | 'runnerCreate'
  | 'runnerInvite'
  | 'runnerConfirm'
  | 'runnerGrant'
  | 'runnerList'
  | 'runnerRevoke'
  | 'bundleCreate'

/** The methods on the runners of a project. */
export function runnerHandlers(session: () => Session): Pick<DaemonHandlers, RunnerMethod> {
  return {
    runnerCreate: (params) => createRunner(session(), params),
    runnerInvite: (params) => inviteRunner(session(), params),
    runnerConfirm: (params) => confirmRunner(session(), params),
    runnerGrant: (params) => grantRunner(session(), params),
    runnerList: (params) => listRunners(session(), params),
    bundleCreate: (params, { signal }) => createBundle(session(), params, signal),
    runnerRevoke: (params) => revokeRunner(session(), params),
  }
}
