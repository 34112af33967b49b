import { ERROR_CODES, isErrorCode, type ErrorCode } from '../shared/errors.js'
import type { Command } from './command.js'
import { alarms, alarmsAck } from './commands/alarms.js'
import { allow } from './commands/allow.js'
import { audit } from './commands/audit.js'
import { backup, restoreCommand } from './commands/backup.js'
import { build } from './commands/build.js'
import { bundleCreate, bundleGet, bundleLs, bundleRun } from './commands/bundle.js'
import { conflictsResolve } from './commands/conflicts-resolve.js'
import { connectorCheck, connectorRun } from './commands/connector.js'
import { daemonLogs, daemonStart, daemonStatus, daemonStop } from './commands/daemon.js'
import { coprocess } from './commands/coprocess.js'
import { deviceAdd, deviceConfirm, deviceLs, deviceRequests } from './commands/device.js'
import { deviceRevoke } from './commands/device-revoke.js'
import { doctor } from './commands/doctor.js'
import { earthlyCheck } from './commands/earthly-check.js'
import { earthlyProvider } from './commands/earthly-provider.js'
import { earthlySecretFile } from './commands/earthly-secret-file.js'
import { earthlySetup } from './commands/earthly-setup.js'
import { exportCommand } from './commands/export.js'
import { fluvioDelete, fluvioList, fluvioSet } from './commands/fluvio.js'
import { importCommand } from './commands/import.js'
import { inject } from './commands/inject.js'
import { init } from './commands/init.js'
import { hook } from './commands/hook.js'
import { daemonInstall, uninstall } from './commands/install.js'
import { join } from './commands/join.js'
import { lockFileCheck, lockFileUpdate } from './commands/lock-file.js'
import { lock } from './commands/lock.js'
import { lost, lostRestore } from './commands/lost.js'
import {
  orgInvite,
  orgInviteConfirm,
  orgInviteLs,
  orgInviteRequests,
  orgInviteRevoke,
} from './commands/org-invite.js'
import { forkEnd, forkLs } from './commands/fork.js'
import { orgMemberLs, orgMemberRm, orgMemberUpdate } from './commands/org-member.js'
import { orgCreate, orgLs, orgSelect, orgUnselect } from './commands/org.js'
import { passphraseChange } from './commands/passphrase.js'
import {
  projectCreate,
  projectLs,
  projectRm,
  projectRotate,
  projectSelect,
  projectUnselect,
} from './commands/project.js'
import { recoveryCreate, recoveryUse } from './commands/recovery.js'
import {
  permissionLs,
  permissionRm,
  permissionSet,
  projectMemberAdd,
  projectMemberLs,
  projectMemberRm,
} from './commands/project-member.js'
import { registryList, registryRemove, registrySetup } from './commands/registry.js'
import { relaySet } from './commands/relay.js'
import { run } from './commands/run.js'
import {
  runnerConfirm,
  runnerCreate,
  runnerEnroll,
  runnerGrant,
  runnerInvite,
  runnerLs,
  runnerRevoke,
} from './commands/runner.js'
import { secretEncrypt } from './commands/secret-encrypt.js'
import { secretGenerate, secretMv, secretRm, secretRollback } from './commands/secret-change.js'
import { conflicts, secretHistory } from './commands/secret-history.js'
import { secretMigrate } from './commands/secret-migrate.js'
import { secretGet, secretLs } from './commands/secret-read.js'
import { secretSet } from './commands/secret-set.js'
import { status } from './commands/status.js'
import { sync } from './commands/sync.js'
import { unlock } from './commands/unlock.js'
import { verify } from './commands/verify.js'

// The whole command line as data: what there is, what it exits with, which variables count. Help and the README's
// table are made from it.

export const COMMANDS: readonly Command[] = [
  init,
  unlock,
  lock,
  passphraseChange,
  status,
  secretSet,
  secretGet,
  secretLs,
  secretRm,
  secretMv,
  secretHistory,
  secretRollback,
  secretGenerate,
  secretEncrypt,
  importCommand,
  exportCommand,
  inject,
  run,
  build,
  earthlyProvider,
  earthlyCheck,
  earthlySetup,
  earthlySecretFile,
  secretMigrate,
  registrySetup,
  registryList,
  registryRemove,
  allow,
  hook,
  coprocess,
  conflicts,
  conflictsResolve,
  orgCreate,
  orgLs,
  orgSelect,
  orgUnselect,
  orgInvite,
  orgInviteRequests,
  orgInviteConfirm,
  orgInviteLs,
  orgInviteRevoke,
  orgMemberLs,
  orgMemberUpdate,
  orgMemberRm,
  projectCreate,
  projectLs,
  projectSelect,
  projectUnselect,
  projectRm,
  projectRotate,
  projectMemberLs,
  projectMemberAdd,
  projectMemberRm,
  permissionLs,
  permissionSet,
  permissionRm,
  relaySet,
  sync,
  deviceAdd,
  join,
  deviceRequests,
  deviceConfirm,
  deviceLs,
  deviceRevoke,
  lost,
  lostRestore,
  forkLs,
  forkEnd,
  backup,
  restoreCommand,
  recoveryCreate,
  recoveryUse,
  lockFileUpdate,
  lockFileCheck,
  verify,
  audit,
  alarms,
  alarmsAck,
  runnerCreate,
  runnerInvite,
  runnerEnroll,
  runnerConfirm,
  runnerGrant,
  runnerLs,
  runnerRevoke,
  bundleCreate,
  bundleGet,
  bundleLs,
  bundleRun,
  fluvioSet,
  fluvioList,
  fluvioDelete,
  connectorCheck,
  connectorRun,
  daemonStart,
  daemonStop,
  daemonStatus,
  daemonLogs,
  daemonInstall,
  doctor,
  uninstall,
]

const MEANINGS: { readonly [C in ErrorCode]: string } = {
  internal: 'a fault in coffer',
  usage: 'the command line is not right',
  'not-found': 'there is no such secret, org, project or device',
  locked: 'the home is locked',
  'cannot-decrypt': 'wrong passphrase or key file, or damaged ciphertext',
  refused: "the role doesn't allow it, or a rule forbids it",
  stale: 'what is here is too old, or still loading',
  conflict: 'values were written apart',
  unreachable: 'the relay (or the daemon) is not there',
  tampering: 'a signature, hash or key is not what it must be',
  exists: 'it is there already',
  'timed-out': 'it took too long',
  'relay-refused': 'the relay said no',
  storage: 'disk or file fault',
  limit: 'larger than coffer takes',
  format: 'not of the form that coffer reads',
  home: 'there is no usable home',
  expired: 'the code or permission is past its time',
  cancelled: 'cancelled by you',
}

/** Exit codes, in order; two words may share one. */
export const EXITS: readonly {
  readonly exit: string
  readonly code: string
  readonly text: string
}[] = [
  { exit: '0', code: 'ok', text: 'done' },
  ...Object.keys(ERROR_CODES)
    .filter((code) => isErrorCode(code))
    .map((code) => ({ exit: String(ERROR_CODES[code]), code, text: MEANINGS[code] }))
    .toSorted((a, b) => Number(a.exit) - Number(b.exit)),
  {
    exit: '126, 127',
    code: 'cannot-start',
    text: "run's command can't be started, or isn't there",
  },
  { exit: "the child's", code: '', text: 'run: its code unchanged, 128+N for a signal' },
]

export const VARIABLES: readonly { readonly name: string; readonly text: string }[] = [
  { name: 'COFFER_HOME', text: 'the folder that holds everything of this home' },
  { name: 'COFFER_ORG', text: 'the org, where no --org is given' },
  { name: 'COFFER_PROJECT', text: 'the project, where no --project is given' },
  { name: 'COFFER_OFFLINE', text: '1: as if --offline were given' },
  {
    name: 'COFFER_TOKEN_FILE',
    text: "a runner's token (mode 0600): get, ls and run are the runner's",
  },
  {
    name: 'COFFER_BUNDLE',
    text: "a bundle's file, which a runner reads in its relay's place",
  },
  { name: 'COFFER_TOKEN', text: 'the token itself; no child inherits it' },
  { name: 'EARTHLY_ORG', text: 'like COFFER_ORG, which wins' },
  { name: 'EARTHLY_PROJECT', text: 'like COFFER_PROJECT, which wins' },
  { name: 'NO_COLOR', text: 'no colours' },
  { name: 'CLICOLOR_FORCE', text: '1: colours in a pipe too' },
]
