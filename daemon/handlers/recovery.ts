import { fromBase64 } from '../../shared/base64.js'
import { CofferError } from '../../shared/errors.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import { Secret } from '../../shared/redacted.js'
import { openerOf, wipeOpener } from '../lifecycle/own-handlers.js'
import type { DaemonParts } from '../lifecycle/parts.js'
import { decryptUnder } from '../pgp/messages.js'
import type { Call, DaemonHandlers } from '../rpc/call.js'
import type { Engine, Visit } from '../service/engine.js'
import { knock, recover } from '../service/devices/recovering.js'
import { createRecovery } from '../service/devices/recovery.js'
import { readRecoveryText, type Recovery } from '../service/devices/recovery-message.js'
import type { Session } from '../service/session.js'
import { newDevice } from './home.js'

/** The methods on recovery devices. */
export function recoveryHandlers(
  parts: DaemonParts,
  engine: Engine,
): Pick<DaemonHandlers, 'recoveryCreate' | 'recoveryUse'> {
  return {
    recoveryCreate: (params) => createRecovery(engine.session, params),
    recoveryUse: (params, call) => useRecovery(parts, engine, params, call),
  }
}

async function textOf({ source }: Params<'recoveryUse'>): Promise<string> {
  if (source.kind === 'text') return source.text
  const passphrase = new Secret(fromBase64(source.passphrase) ?? new Uint8Array(0))
  try {
    return await decryptUnder(passphrase, source.message)
  } finally {
    passphrase.wipe()
  }
}

async function useRecovery(
  parts: DaemonParts,
  engine: Engine,
  params: Params<'recoveryUse'>,
  { progress, signal }: Call,
): Promise<Result<'recoveryUse'>> {
  const recovery = readRecoveryText(await textOf(params))
  const { timeout, revokeOthers } = params
  const options = { timeout, revokeOthers, signal, onProgress: progress }
  let visit: Visit | undefined
  const meet = async (session: Session): Promise<Session> => {
    const { home } = session
    const { device, userVault: vault, relay } = recovery
    visit = await engine.visit({ home, device }, { vault, loading: [vault], relay })
    await knock(visit.session, options)
    return visit.session
  }
  try {
    const session =
      parts.access.state === 'none'
        ? await makeHome(parts, engine, recovery, params, meet)
        : ownHome(parts, engine, recovery)
    const again = async (): Promise<Session> => {
      await visit?.end()
      visit = undefined
      return meet(session)
    }
    return await recover(session, visit?.session ?? (await meet(session)), again, options)
  } finally {
    await visit?.end()
    recovery.device.sign.privateKey.fill(0)
    recovery.device.box.privateKey.fill(0)
  }
}

/** A new home, which stays only if the recovery device is still one: before anything is signed, it is whole. */
async function makeHome(
  { access, random }: DaemonParts,
  engine: Engine,
  { device: { userId }, userVault, relay }: Recovery,
  { open, device, memory }: Params<'recoveryUse'>,
  meet: (session: Session) => Promise<Session>,
): Promise<Session> {
  if (open === undefined) {
    throw new CofferError('usage', 'a new home needs a passphrase or a key file', {
      reason: 'no-opener',
      next: 'give --key-file FILE or --new-passphrase-fd N',
    })
  }
  const record = newDevice(userId, device === undefined ? {} : { device }, random)
  const opener = openerOf(open)
  try {
    const fresh = { opener, record, ...(memory === undefined ? {} : { memory }) }
    return await access.create(fresh, async (unlocked) => {
      const session = await engine.enter(unlocked, userVault, relay)
      await meet(session)
      return session
    })
  } finally {
    wipeOpener(opener)
  }
}

/** The home that there is, if it is this person's: one that an earlier try made, or one that only retires the device. */
function ownHome({ access }: DaemonParts, engine: Engine, recovery: Recovery): Session {
  // A locked home can't say whose it is.
  void access.unlocked
  const { session } = engine
  const mine =
    session.vaults.userVault === recovery.userVault &&
    session.identity.userId === recovery.device.userId
  if (mine) return session
  throw new CofferError('exists', "there is a coffer home of somebody else's already", {
    reason: 'home-exists',
    next: 'set COFFER_HOME to another folder',
  })
}
