// A daemon with no vaults behind it: the process that the tests of its life start. Plain blocks come back as text.
import { utf8 } from '../../../shared/bytes.js'
import { idOf, type UserId } from '../../../shared/ids.js'
import { CofferError } from '../../../shared/errors.js'
import { freshDevice } from '../../keystore/device.js'
import { openerOf } from '../own-handlers.js'
import type { Composition, DaemonParts } from '../parts.js'
import { runDaemon } from '../run.js'

const refuse = (): Promise<never> =>
  Promise.reject(new CofferError('usage', 'this daemon has no vaults'))

/** What needs vaults. */
const refusals = {
  status: refuse,
  doctor: refuse,
  relaySet: refuse,
  orgCreate: refuse,
  orgList: refuse,
  orgSelect: refuse,
  projectCreate: refuse,
  projectList: refuse,
  projectRemove: refuse,
  projectSelect: refuse,
  secretSet: refuse,
  secretSetMany: refuse,
  secretGet: refuse,
  secretList: refuse,
  secretReadMany: refuse,
  secretRemove: refuse,
  secretMove: refuse,
  secretHistory: refuse,
  secretRollback: refuse,
  secretGenerate: refuse,
  valueGenerate: refuse,
  secretEnvironment: refuse,
  selectionAllow: refuse,
  conflictsList: refuse,
  conflictsResolve: refuse,
  deviceAdd: refuse,
  deviceRequests: refuse,
  deviceConfirm: refuse,
  deviceList: refuse,
  deviceRevoke: refuse,
  projectRotate: refuse,
  lostList: refuse,
  lostRestore: refuse,
  forkList: refuse,
  forkEnd: refuse,
  orgInvite: refuse,
  orgInviteList: refuse,
  orgInviteRevoke: refuse,
  orgInviteRequests: refuse,
  orgInviteConfirm: refuse,
  orgMemberList: refuse,
  orgMemberUpdate: refuse,
  orgMemberRemove: refuse,
  projectMemberList: refuse,
  projectMemberSet: refuse,
  joinBegin: refuse,
  joinWait: refuse,
  deviceInvite: refuse,
  inviteOpen: refuse,
  joinReply: refuse,
  deviceConfirmReply: refuse,
  orgInvitePgp: refuse,
  orgInviteConfirmReply: refuse,
  recoveryCreate: refuse,
  recoveryUse: refuse,
  backupCreate: refuse,
  backupRestore: refuse,
  restoreItems: refuse,
  secretEncrypt: refuse,
  alarmsList: refuse,
  alarmsAcknowledge: refuse,
  lockState: refuse,
  lockCheck: refuse,
  announcements: refuse,
  verify: refuse,
  audit: refuse,
  runnerCreate: refuse,
  runnerInvite: refuse,
  runnerConfirm: refuse,
  runnerGrant: refuse,
  runnerList: refuse,
  runnerRevoke: refuse,
  bundleCreate: refuse,
}

function handlers({ access, random }: DaemonParts): Composition['handlers'] {
  return {
    ...refusals,
    async init({ open, name = '', email = '', device = '', memory }) {
      const userId = idOf<UserId>(random(16))
      const record = freshDevice({ userId, name, email, device }, random)
      const fresh = { opener: openerOf(open), record, ...(memory === undefined ? {} : { memory }) }
      const deviceId = await access.create(fresh, (made) => Promise.resolve(made.device.deviceId))
      return { home: access.path, deviceId, userId, warnings: [] }
    },
    // Needs an open home: tells the tests whether it is.
    sync: () => Promise.resolve({ vaults: 0, sent: 0, received: 0, warnings: [] }),
  }
}

const answer: Composition['plain'] = ({ argv, cwd, variables }) => {
  if (argv[0] === 'fail') throw new CofferError('not-found', 'no such thing', { next: 'try again' })
  const exec =
    argv[0] === 'run'
      ? { policy: 'override' as const, argv: argv.slice(1), environment: { SECRET: 'läuft\n' } }
      : undefined
  return Promise.resolve({
    status: 0,
    stdout: utf8(JSON.stringify({ argv, cwd, variables })),
    stderr: utf8(argv[0] === 'warn' ? 'warned\n' : ''),
    ...(exec === undefined ? {} : { exec }),
  })
}

const nothing = (): Promise<void> => Promise.resolve()

await runDaemon(process.argv.slice(2), () =>
  Promise.resolve((parts) =>
    Promise.resolve({
      handlers: handlers(parts),
      plain: answer,
      guarded: { open: nothing, close: nothing },
    }),
  ),
)
