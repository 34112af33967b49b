import { parseInviteCode } from '../../../shared/log/code.js'
import type { Level } from '../../../shared/log/levels.js'
import type { VaultId } from '../../../shared/ids.js'
import type { VaultShell } from '../../vault/shell.js'
import { keepJoining, waitJoined } from '../devices/joining.js'
import { joinOrg } from '../people/join-org.js'
import { confirmJoiner } from '../people/org-joiners.js'
import { inviteToOrg } from '../people/org-invites.js'
import { roleOfUser } from '../people/org-people.js'
import { context, Device, until } from './device.js'
import type { Net } from './net.js'
import { HOUR, here, quiet, signal } from './pairing.js'

// Several people with an org.

export const acme = context({ org: 'acme' })

/** An invite to acme by `by`. */
export function invited(by: Device, email: string, level: Level) {
  return inviteToOrg(by.session, { context: acme, email, level, expires: HOUR })
}

/** Another person who has asked to be let in by this code. */
export async function applicant(
  net: Net,
  code: string,
  labels: { readonly name: string; readonly email: string },
): Promise<{ readonly device: Device; readonly fingerprint: string }> {
  const device = await Device.found({ net, ...labels })
  const { fingerprint } = await joinOrg(device.session, parseInviteCode(code), code)
  keepJoining(device.session)
  return { device, fingerprint }
}

/** Another person who was let into acme by `by`. */
export async function member(net: Net, by: Device, level: Level, name = 'bob'): Promise<Device> {
  const email = `${name}@example.org`
  const { code } = await invited(by, email, level)
  const { device, fingerprint } = await applicant(net, code, { name, email })
  await confirmJoiner(by.session, { context: here, fingerprint })
  await waitJoined(device.session, { context: here, timeout: HOUR, code }, quiet, signal)
  await until('the org to be here', () => orgOf(device) !== undefined)
  return device
}

/** The org's open vault on a device. */
export function orgOf({ session: { vaults, loading } }: Device): VaultShell | undefined {
  const [org] = vaults.orgs()
  const shell = vaults.opened(org?.vaultId)
  return shell?.replica.membership === undefined || loading.has(shell.vaultId) ? undefined : shell
}

/** The open vault of the project of this name, once it is here as a whole. */
export function projectOf(
  { session: { vaults, loading } }: Device,
  title: string,
): VaultShell | undefined {
  const held = vaults
    .all()
    .find(({ record }) => record?.kind === 'project' && record.title === title)
  return held === undefined || loading.has(held.vaultId) ? undefined : held.shell
}

/** A person's role in a vault, as the relay has it. */
export function roleAtRelay(net: Net, vaultId: VaultId | undefined, who: Device) {
  const membership = vaultId === undefined ? undefined : net.vaults.get(vaultId)?.membership
  return membership && roleOfUser(membership, who.session.identity.userId)
}
