import { LIMITS } from '../limits.js'
import { LEVELS, PROJECT_LEVELS } from '../log/levels.js'
import {
  context,
  count,
  duration,
  fingerprint,
  id16,
  id32,
  label,
  reference,
  scopeName,
  secretName,
  time,
  typedFingerprint,
  warnings,
} from './local-common.js'
import { pgpParams } from './local-pgp.js'
import { pgpFingerprint, pgpKey, pgpMessage } from './local-recovery.js'
import { code } from './local-sync.js'
import { flag, list, object, oneOf, optional, text } from './schema.js'

// Methods on the people of orgs and projects. All of them need the org, or the path, that the context selects.

const level = oneOf(...LEVELS)
/** An e-mail address, or a user id, as typed. */
const who = text(512)

/** Secrets of one project, to be changed where they came from. */
const exposed = object({ project: scopeName, names: list(secretName, LIMITS.listed) })

/** Projects in which a change isn't made yet; it is made in the background, by any device that may. */
const left = list(scopeName, LIMITS.vaultsPerConnection)

const invite = { context, email: who, name: optional(label), level, expires: duration }
const invited = { org: scopeName, email: label, level, expiresAt: time }

/** A code for a person to join the org with; needs the relay (`unreachable` within 5 s). `level`: `refused` above one's own. */
export const orgInvite = {
  needs: 'unlocked',
  params: object(invite),
  result: object({ code, ...invited }),
} as const

/** The same, the code encrypted to the person's OpenPGP key: it is in nobody else's hands. */
export const orgInvitePgp = {
  needs: 'unlocked',
  params: object({ ...invite, pgp: pgpParams }),
  result: object({ message: pgpMessage, pgp: pgpFingerprint, ...invited }),
} as const

export const orgInviteList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    org: scopeName,
    invites: list(
      object({ key: id32, email: label, level, at: time, expiresAt: time, expired: flag }),
      LIMITS.invites,
    ),
  }),
} as const

/** Takes open invites back, by address or by the key that the list shows. */
export const orgInviteRevoke = {
  needs: 'unlocked',
  params: object({ context, invite: who }),
  result: object({ org: scopeName, revoked: list(id32, LIMITS.invites) }),
} as const

/** People who answered an invite to an org that this device manages, and wait for `orgInviteConfirm`. */
export const orgInviteRequests = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({
    requests: list(
      object({
        fingerprint,
        org: scopeName,
        email: label,
        name: label,
        level,
        at: time,
        expiresAt: time,
        expired: flag,
      }),
      10_000,
    ),
    warnings,
  }),
} as const

const letIn = { org: scopeName, userId: id16, email: label, name: label, level, left, warnings }

/** Lets in the person whose device shows this fingerprint, typed in full. `not-found`, `expired`, `refused`, `unreachable`. */
export const orgInviteConfirm = {
  needs: 'unlocked',
  params: object({ context, fingerprint: typedFingerprint }),
  result: object(letIn),
} as const

/** The same by a reply signed with `key`, as `deviceConfirmReply`. */
export const orgInviteConfirmReply = {
  needs: 'unlocked',
  params: object({ context, reply: pgpMessage, key: pgpKey }),
  result: object({ ...letIn, pgp: pgpFingerprint }),
} as const

const memberFields = {
  userId: id16,
  email: label,
  name: label,
  level,
  /** When they were let in. */
  since: time,
  self: flag,
  /** Name or address looks like another's. */
  lookalike: flag,
  /** The OpenPGP key that vouched for them here. */
  pgp: optional(pgpFingerprint),
} as const
const member = object(memberFields)
const projectMember = object({ ...memberFields, level: oneOf(...PROJECT_LEVELS) })

export const orgMemberList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({ org: scopeName, members: list(member, LIMITS.devices), warnings }),
} as const

/** Gives a member another level, in the org and all its projects. `exposed`: what they could read there and now may not. */
export const orgMemberUpdate = {
  needs: 'unlocked',
  params: object({ context, who, level }),
  result: object({
    org: scopeName,
    userId: id16,
    email: label,
    level,
    exposed: list(exposed, LIMITS.vaultsPerConnection),
    left,
    warnings,
  }),
} as const

/** Removes a person from the org and all its projects, with all their devices. Again: finishes what was interrupted. */
export const orgMemberRemove = {
  needs: 'unlocked',
  params: object({ context, who }),
  result: object({
    org: scopeName,
    userId: id16,
    email: label,
    exposed: list(exposed, LIMITS.vaultsPerConnection),
    left,
    warnings,
  }),
} as const

/** Which project: that of the path, else the selected one. `refused` under /user. */
const where = { context, path: optional(reference) }

/** Who may do what in a project. `own`: decided for this project, not the org's level. */
export const projectMemberList = {
  needs: 'unlocked',
  params: object(where),
  result: object({
    org: scopeName,
    project: scopeName,
    members: list(object({ member: projectMember, own: flag }), LIMITS.devices),
    warnings,
  }),
} as const

/** Decides the level of a member of the org in one project; null: none. */
export const projectMemberSet = {
  needs: 'unlocked',
  params: object({ ...where, who, level: oneOf(...PROJECT_LEVELS, 'none') }),
  result: object({
    org: scopeName,
    project: scopeName,
    userId: id16,
    email: label,
    exposed: list(secretName, LIMITS.listed),
    /** 0 when it is done, 1 when it is left to the background. */
    left: count,
    warnings,
  }),
} as const
