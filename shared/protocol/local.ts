import * as backup from './local-backup.js'
import * as home from './local-home.js'
import * as members from './local-members.js'
import * as pgp from './local-pgp.js'
import * as recovery from './local-recovery.js'
import * as people from './local-people.js'
import * as reads from './local-reads.js'
import * as runners from './local-runners.js'
import * as secrets from './local-secrets.js'
import * as sync from './local-sync.js'
import * as trust from './local-trust.js'
import type { Infer, Schema } from './schema.js'

// The method table between CLI and daemon: JSON-RPC 2.0, one object a line (local-wire.ts frames it). The daemon
// has one handler per method; the CLI one call. Values are base64, names and paths strings, times milliseconds.
// `needs` is checked before a handler runs: no home is `home`, a locked one is `locked`.

export type Needs = 'nothing' | 'home' | 'unlocked'
export type MethodSpec = {
  readonly needs: Needs
  readonly params: Schema<object>
  readonly result: Schema<object>
}

export const METHODS = {
  handshake: home.handshake,
  init: home.init,
  unlock: home.unlock,
  lock: home.lock,
  passphraseChange: home.passphraseChange,
  status: home.status,
  daemonStop: home.daemonStop,
  daemonHandover: home.daemonHandover,
  doctor: home.doctor,
  relaySet: home.relaySet,
  orgCreate: secrets.orgCreate,
  orgList: secrets.orgList,
  orgSelect: secrets.orgSelect,
  projectCreate: secrets.projectCreate,
  projectList: secrets.projectList,
  projectRemove: secrets.projectRemove,
  projectSelect: secrets.projectSelect,
  secretSet: secrets.secretSet,
  secretSetMany: secrets.secretSetMany,
  secretGet: reads.secretGet,
  secretList: reads.secretList,
  secretReadMany: reads.secretReadMany,
  secretRemove: secrets.secretRemove,
  secretMove: secrets.secretMove,
  secretHistory: reads.secretHistory,
  secretRollback: secrets.secretRollback,
  secretGenerate: secrets.secretGenerate,
  valueGenerate: secrets.valueGenerate,
  secretEnvironment: reads.secretEnvironment,
  selectionAllow: secrets.selectionAllow,
  conflictsList: secrets.conflictsList,
  conflictsResolve: secrets.conflictsResolve,
  deviceAdd: sync.deviceAdd,
  deviceRequests: sync.deviceRequests,
  deviceConfirm: sync.deviceConfirm,
  deviceList: sync.deviceList,
  deviceRevoke: members.deviceRevoke,
  projectRotate: members.projectRotate,
  lostList: members.lostList,
  lostRestore: members.lostRestore,
  forkList: members.forkList,
  forkEnd: members.forkEnd,
  orgInvite: people.orgInvite,
  orgInvitePgp: people.orgInvitePgp,
  orgInviteList: people.orgInviteList,
  orgInviteRevoke: people.orgInviteRevoke,
  orgInviteRequests: people.orgInviteRequests,
  orgInviteConfirm: people.orgInviteConfirm,
  orgInviteConfirmReply: people.orgInviteConfirmReply,
  orgMemberList: people.orgMemberList,
  orgMemberUpdate: people.orgMemberUpdate,
  orgMemberRemove: people.orgMemberRemove,
  projectMemberList: people.projectMemberList,
  projectMemberSet: people.projectMemberSet,
  joinBegin: sync.joinBegin,
  joinWait: sync.joinWait,
  deviceInvite: pgp.deviceInvite,
  inviteOpen: pgp.inviteOpen,
  joinReply: pgp.joinReply,
  deviceConfirmReply: pgp.deviceConfirmReply,
  recoveryCreate: recovery.recoveryCreate,
  recoveryUse: recovery.recoveryUse,
  backupCreate: backup.backupCreate,
  backupRestore: backup.backupRestore,
  restoreItems: backup.restoreItems,
  secretEncrypt: backup.secretEncrypt,
  runnerCreate: runners.runnerCreate,
  runnerInvite: runners.runnerInvite,
  runnerConfirm: runners.runnerConfirm,
  runnerGrant: runners.runnerGrant,
  runnerList: runners.runnerList,
  runnerRevoke: runners.runnerRevoke,
  bundleCreate: runners.bundleCreate,
  sync: sync.sync,
  alarmsList: trust.alarmsList,
  alarmsAcknowledge: trust.alarmsAcknowledge,
  lockState: trust.lockState,
  lockCheck: trust.lockCheck,
  announcements: trust.announcements,
  verify: trust.verify,
  audit: trust.audit,
  subscribe: sync.subscribe,
} as const satisfies { readonly [name: string]: MethodSpec }

export type Method = keyof typeof METHODS
export type Params<M extends Method> = Infer<(typeof METHODS)[M]['params']>
export type Result<M extends Method> = Infer<(typeof METHODS)[M]['result']>

export const NOTIFICATIONS = {
  changed: sync.changed,
  syncStatus: sync.syncStatus,
  state: sync.state,
  progress: sync.progress,
} as const satisfies { readonly [name: string]: Schema<object> }

export type Notification = keyof typeof NOTIFICATIONS
export type NotificationParams<N extends Notification> = Infer<(typeof NOTIFICATIONS)[N]>

/** What a daemon implements: one function a method; `signal` aborts when the caller's connection closes. */
export type Handler<M extends Method, Call> = (params: Params<M>, call: Call) => Promise<Result<M>>
export type Handlers<Call> = { readonly [M in Method]: Handler<M, Call> }

export function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name)
}

export function isNotification(name: string): name is Notification {
  return Object.hasOwn(NOTIFICATIONS, name)
}
