import { utf8 } from '../../../shared/bytes.js'
import { fromBase64 } from '../../../shared/base64.js'
import { CofferError } from '../../../shared/errors.js'
import type { DeviceId } from '../../../shared/ids.js'
import type { DeviceStatement } from '../../../shared/log/device.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { Secret } from '../../../shared/redacted.js'
import { removeFile, writeNew } from '../../home/files.js'
import { deviceOf, freshDevice } from '../../keystore/device.js'
import { readPublicKey } from '../../pgp/keys.js'
import { encryptTo, encryptUnder } from '../../pgp/messages.js'
import { relayForInvites } from './devices.js'
import { bringInto, otherVaults, ownDevices } from './own-devices.js'
import { checkGenerated, recoveryText } from './recovery-message.js'
import { checkMayWrite, identityOf, type Session } from '../session.js'

// A recovery device: keys that leave this machine at once, as an OpenPGP message, and are in every vault of the person.

type To = Params<'recoveryCreate'>['to']
type Seal = { readonly pgp: string | undefined; readonly seal: (text: string) => Promise<string> }

async function sealFor(to: To, now: number): Promise<Seal> {
  if (to.kind === 'key') {
    const key = await readPublicKey(to.key, 'encrypt', new Date(now))
    return { pgp: key.fingerprint, seal: (text) => encryptTo(key, text) }
  }
  const passphrase = new Secret(fromBase64(to.passphrase) ?? new Uint8Array(0))
  checkGenerated(passphrase)
  return { pgp: undefined, seal: (text) => encryptUnder(passphrase, text) }
}

/** Whether one of this person's devices is a recovery device. */
export function hasRecovery(session: Session): boolean {
  return ownDevices(session).some(({ recovery }) => recovery)
}

/**
 * Makes a recovery device and its message. The file is on disk before the device is in any vault: one whose keys are
 * nowhere could never be taken out again. What holds up the other vaults is left to the background (own-devices.ts).
 * @throws CofferError `exists` (the file is there), `refused`, `expired`, `format` (the key), `usage` (`no-relay`),
 * `unreachable`
 */
export async function createRecovery(
  session: Session,
  { file, to }: Params<'recoveryCreate'>,
): Promise<Result<'recoveryCreate'>> {
  const { vaults, world, identity } = session
  const { user } = vaults
  checkMayWrite(session, user.replica)
  const relay = relayForInvites(session)
  const { pgp, seal } = await sealFor(to, world.now())
  const warnings: Warning[] = []
  if (hasRecovery(session)) {
    const message = 'there is another recovery device: it stays one until it is used'
    warnings.push({ code: 'recovery-exists', message })
  }
  const labels = { userId: identity.userId, name: '', email: '', device: '' }
  const record = freshDevice(labels, world.random)
  const { deviceId, statement } = cold(record)
  try {
    const ids = vaults.all().map(({ vaultId }) => vaultId)
    const at = { userVault: user.vaultId, vaults: ids, relay, now: world.now() }
    writeNew(file, utf8(await seal(recoveryText(record, at))))
  } finally {
    record.signSeed.fill(0)
    record.boxSeed.fill(0)
  }
  await bringFirst(session, file, deviceId, statement)
  const { entered, waiting } = await bringRest(session, deviceId, statement)
  if (waiting > 0) {
    const message = `${waiting} vaults don't know it yet: it goes on in the background`
    warnings.push({ code: 'recovery-waits', message })
  }
  return { deviceId, file, vaults: 1 + entered, ...(pgp === undefined ? {} : { pgp }), warnings }
}

/** A device's id and its own word on its keys, which are then forgotten. */
function cold(record: ReturnType<typeof freshDevice>): {
  readonly deviceId: DeviceId
  readonly statement: DeviceStatement
} {
  const device = deviceOf(record)
  const { statement } = identityOf(device)
  device.sign.privateKey.fill(0)
  device.box.privateKey.fill(0)
  return { deviceId: device.deviceId, statement }
}

/** Into the user vault, which says whose devices there are. A file that opens nothing, and never will, doesn't stay. */
async function bringFirst(
  session: Session,
  file: string,
  device: DeviceId,
  statement: DeviceStatement,
): Promise<void> {
  const { user } = session.vaults
  try {
    await bringInto(session, user, device, statement, true)
  } catch (error) {
    const { chain, membership } = user.replica
    if (chain.proposed === undefined && membership?.devices.has(device) !== true) {
      removeFile(file)
      throw error
    }
    throw new CofferError('unreachable', "the relay didn't say whether the device is in", {
      reason: 'relay',
      next: `keep ${file}; coffer device ls tells when the relay is there again`,
      cause: error,
    })
  }
}

async function bringRest(
  session: Session,
  device: DeviceId,
  statement: DeviceStatement,
): Promise<{ entered: number; waiting: number }> {
  let [entered, waiting] = [0, 0]
  for (const shell of otherVaults(session)) {
    try {
      await bringInto(session, shell, device, statement, true)
      entered++
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      waiting++
    }
  }
  return { entered, waiting }
}
