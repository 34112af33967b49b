import type { Command } from './command.js'
import { alarms, alarmsAck } from './commands/alarms.js'
import { allow } from './commands/allow.js'
import { audit } from './commands/audit.js'
import { backup, restoreCommand } from './commands/backup.js'
import { build } from './commands/build.js'
import { bundleCreate, bundleGet, bundleLs, bundleRun } from './commands/bundle.js'
import { completionOf } from './commands/completion.js'
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
import { pick } from './commands/pick.js'
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
import { scan } from './commands/scan.js'
import { secretGenerate, secretMv, secretRm, secretRollback } from './commands/secret-change.js'
import { conflicts, secretHistory } from './commands/secret-history.js'
import { secretMigrate } from './commands/secret-migrate.js'
import { secretGet, secretLs } from './commands/secret-read.js'
import { secretSet } from './commands/secret-set.js'
import { status } from './commands/status.js'
import { sync } from './commands/sync.js'
import { unlock } from './commands/unlock.js'
import { verify } from './commands/verify.js'
import { ui } from './commands/ui.js'

// The whole command line as data. Help and the README's table are made from it.

/** What help shows together, in its order. */
export const TOPICS: readonly { readonly title: string; readonly commands: readonly Command[] }[] =
  [
    {
      title: 'This machine',
      commands: [
        ui,
        init,
        unlock,
        lock,
        passphraseChange,
        status,
        daemonStart,
        daemonStop,
        daemonStatus,
        daemonLogs,
        daemonInstall,
        doctor,
        uninstall,
      ],
    },
    {
      title: 'Secrets',
      commands: [
        secretSet,
        secretGet,
        secretLs,
        pick,
        secretRm,
        secretMv,
        secretHistory,
        secretRollback,
        secretGenerate,
        conflicts,
        conflictsResolve,
        importCommand,
        exportCommand,
        inject,
        secretEncrypt,
      ],
    },
    {
      title: 'Programs and shells',
      commands: [run, allow, hook, coprocess, completionOf(() => COMMANDS), scan],
    },
    {
      title: 'Builds',
      commands: [
        build,
        earthlyProvider,
        earthlyCheck,
        earthlySetup,
        earthlySecretFile,
        secretMigrate,
        registrySetup,
        registryList,
        registryRemove,
      ],
    },
    {
      title: 'Orgs, projects and people',
      commands: [
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
      ],
    },
    {
      title: 'Devices and the relay',
      commands: [
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
        recoveryCreate,
        recoveryUse,
        backup,
        restoreCommand,
      ],
    },
    {
      title: 'Machines: runners, bundles, connectors',
      commands: [
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
      ],
    },
    {
      title: 'Trust',
      commands: [verify, audit, alarms, alarmsAck, lockFileUpdate, lockFileCheck, forkLs, forkEnd],
    },
  ]

export const COMMANDS: readonly Command[] = TOPICS.flatMap(({ commands }) => commands)
