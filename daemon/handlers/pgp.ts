import type { DaemonHandlers } from '../rpc/call.js'
import { addDevice, confirmDevice } from '../service/devices/devices.js'
import { inviteToOrg } from '../service/people/org-invites.js'
import { confirmJoiner, managedOrgs } from '../service/people/org-joiners.js'
import {
  checkReply,
  inviteSealer,
  openInvite,
  recordVouched,
  signedReply,
} from '../service/people/pgp-invites.js'
import type { Session } from '../service/session.js'

type PgpMethod =
  | 'deviceInvite'
  | 'orgInvitePgp'
  | 'inviteOpen'
  | 'joinReply'
  | 'deviceConfirmReply'
  | 'orgInviteConfirmReply'

/** The methods on invites by OpenPGP. */
export function pgpHandlers(
  session: () => Session,
  now: () => number,
): Pick<DaemonHandlers, PgpMethod> {
  return {
    async deviceInvite({ context, expires, pgp }) {
      const seal = await inviteSealer(session(), pgp)
      const { code, expiresAt } = await addDevice(session(), { context, expires })
      return { ...(await seal(code)), expiresAt }
    },
    async orgInvitePgp({ pgp, ...params }) {
      const seal = await inviteSealer(session(), pgp)
      const { code, ...invited } = await inviteToOrg(session(), params)
      return { ...(await seal(code)), ...invited }
    },
    async inviteOpen({ message, open, signer }) {
      const { code, pgp } = await openInvite(message, open, signer, new Date(now()))
      return { code, ...(pgp === undefined ? {} : { pgp }) }
    },
    async joinReply({ code, sign }) {
      const reply = await signedReply(session(), code, sign)
      return { reply, signed: sign !== undefined }
    },
    async deviceConfirmReply({ context, reply, key }) {
      const { user } = session().vaults
      const checked = await checkReply(session(), [user.replica], { reply, key })
      const { fingerprint } = checked
      const result = await confirmDevice(session(), { context, fingerprint }, checked)
      await recordVouched(session(), checked)
      return { ...result, pgp: checked.pgp }
    },
    async orgInviteConfirmReply({ context, reply, key }) {
      const orgs = managedOrgs(session()).map(({ shell }) => shell.replica)
      const checked = await checkReply(session(), orgs, { reply, key })
      const { fingerprint } = checked
      const result = await confirmJoiner(session(), { context, fingerprint }, checked)
      await recordVouched(session(), checked)
      return { ...result, pgp: checked.pgp }
    },
  }
}
