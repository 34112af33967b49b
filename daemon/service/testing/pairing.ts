import type { VaultShell } from '../../vault/shell.js'
import { parseInviteCode } from '../../../shared/log/code.js'
import { finishHome } from '../../home/home.js'
import { addDevice, confirmDevice } from '../devices/devices.js'
import { requestJoin } from '../devices/join.js'
import { keepJoining, waitJoined } from '../devices/joining.js'
import { createOrg, createProject } from '../people/scopes.js'
import { getSecret } from '../secrets/secrets-read.js'
import { setSecret } from '../secrets/secrets-write.js'
import { context, Device, until } from './device.js'
import type { Net } from './net.js'

// A person with a relay, and further devices of theirs.

export const signal: AbortSignal = new AbortController().signal
export const here = context()
export const HOUR = 3600_000
export const web = context({ org: 'acme', project: 'web' })
export const b64 = (text: string): string => Buffer.from(text).toString('base64')
export const quiet = (): void => undefined

export async function get(device: Device, name: string, where = here): Promise<string> {
  const { value } = await getSecret(device.session, { context: where, name }, signal)
  return Buffer.from(value, 'base64').toString()
}
export const set = (device: Device, name: string, text: string, where = here) =>
  setSecret(device.session, { context: where, name, value: b64(text) })

export function isUploaded(net: Net, shell: VaultShell): boolean {
  const { drafts, outbox } = shell.facts()
  return net.vaults.has(shell.vaultId) && drafts === 0 && outbox.length === 0
}

/** A person with a relay, an org and a project. */
export async function person(net: Net): Promise<Device> {
  const first = await Device.found({ net })
  first.useRelay()
  await createOrg(first.session, { context: here, name: 'acme' })
  await createProject(first.session, { context: context({ org: 'acme' }), name: 'web' })
  await set(first, 'MINE', 'mine')
  await set(first, 'WEB', 'web', web)
  await first.restart()
  await until('everything to be at the relay', () => {
    const all = first.session.vaults.all()
    return (
      all.length === 3 && all.every(({ shell }) => shell !== undefined && isUploaded(net, shell))
    )
  })
  return first
}

/** A device that has asked to be let in by `code`. */
export async function joiner(
  net: Net,
  typed: string,
): Promise<{ device: Device; fingerprint: string }> {
  const code = parseInviteCode(typed)
  if (code.user === undefined) throw new Error('the code is not for an own device')
  const device = new Device({ net, userId: code.user })
  await device.engine.enter(device.unlocked, code.vaultId)
  const { fingerprint } = await requestJoin(device.session, code, typed)
  finishHome(device.home)
  keepJoining(device.session)
  return { device, fingerprint }
}

export async function joined(net: Net, first: Device): Promise<Device> {
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  await confirmDevice(first.session, { context: here, fingerprint })
  await waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  return device
}
