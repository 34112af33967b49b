import { CofferError } from '../../shared/errors.js'
import { fingerprintOf, formatInviteCode, parseInviteCode } from '../../shared/log/code.js'
import type { InviteCode } from '../../shared/log/code.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import { openerOf, wipeOpener } from '../lifecycle/own-handlers.js'
import type { DaemonParts } from '../lifecycle/parts.js'
import type { DaemonHandlers } from '../rpc/call.js'
import {
  addDevice,
  confirmDevice,
  deviceRequests,
  listDevices,
} from '../service/devices/devices.js'
import type { Engine } from '../service/engine.js'
import { addressOf } from '../service/binding.js'
import { deadInvite, isIn, ownApplicant, requestJoin } from '../service/devices/join.js'
import { joinOrg } from '../service/people/join-org.js'
import { keepJoining, waitJoined } from '../service/devices/joining.js'
import { setRelay } from '../service/relay.js'
import type { Session } from '../service/session.js'
import { syncNow } from '../service/sync.js'
import { newDevice, openerWarnings } from './home.js'

type DeviceMethod =
  | 'deviceAdd'
  | 'deviceRequests'
  | 'deviceConfirm'
  | 'deviceList'
  | 'joinBegin'
  | 'joinWait'
  | 'sync'
  | 'relaySet'

/** The methods on devices, joining, the relay and syncing. */
export function deviceHandlers(
  parts: DaemonParts,
  engine: Engine,
): Pick<DaemonHandlers, DeviceMethod> {
  return {
    deviceAdd: (params) => addDevice(engine.session, params),
    deviceRequests: () => deviceRequests(engine.session),
    deviceConfirm: (params) => confirmDevice(engine.session, params),
    deviceList: () => listDevices(engine.session),
    joinBegin: (params) => beginJoin(parts, engine, params),
    joinWait: (params, { progress, signal }) =>
      waitJoined(engine.session, params, progress, signal),
    sync: (params, { progress, signal }) => syncNow(engine.session, params, progress, signal),
    relaySet: (params, { progress, signal }) => setRelay(engine.session, params, progress, signal),
  }
}

async function beginJoin(
  parts: DaemonParts,
  engine: Engine,
  params: Params<'joinBegin'>,
): Promise<Result<'joinBegin'>> {
  const code = parseInviteCode(params.code)
  const canonical = formatInviteCode(code)
  const { access } = parts
  if (access.state === 'none') return joinAfresh(parts, engine, code, canonical, params)
  // A locked home can't say whether it waits for this code.
  void access.unlocked
  if (code.user === undefined) {
    const begun = await joinOrg(engine.session, code, canonical)
    keepJoining(engine.session)
    return { ...begun, warnings: [] }
  }
  return resume(engine.session, code, canonical)
}

/** A code without a home makes one, whose user is the code's. */
async function joinAfresh(
  { access, random }: DaemonParts,
  engine: Engine,
  code: InviteCode,
  canonical: string,
  { open, device, memory }: Params<'joinBegin'>,
): Promise<Result<'joinBegin'>> {
  if (code.user === undefined) {
    throw new CofferError('home', 'this code invites a person who has a coffer home already', {
      reason: 'needs-home',
      next: 'run coffer init, then join again',
    })
  }
  if (open === undefined) {
    throw new CofferError('usage', 'a new home needs a passphrase or a key file', {
      reason: 'no-opener',
      next: 'give --key-file FILE or --passphrase-fd N',
    })
  }
  const record = newDevice(code.user, device === undefined ? {} : { device }, random)
  const opener = openerOf(open)
  try {
    const fresh = { opener, record, ...(memory === undefined ? {} : { memory }) }
    const { fingerprint } = await access.create(fresh, async (unlocked) => {
      const session = await engine.enter(unlocked, code.vaultId)
      const join = await requestJoin(session, code, canonical)
      keepJoining(session)
      return join
    })
    return { fingerprint, state: 'waiting', warnings: openerWarnings(open, access.path) }
  } finally {
    wipeOpener(opener)
  }
}

/** The same code again: the same fingerprint. Another one only where the one before is of no use any more. */
async function resume(
  session: Session,
  code: InviteCode,
  canonical: string,
): Promise<Result<'joinBegin'>> {
  const { settings, vaults, identity } = session
  const { join } = settings.current
  const mine = code.vaultId === vaults.userVault && code.user === identity.userId
  const fingerprint = fingerprintOf(code.vaultId, code.link, identity.statement)
  if (join?.code === canonical) return { fingerprint, state: 'waiting', warnings: [] }
  if (mine && join === undefined && isIn(session)) {
    return { fingerprint, state: 'joined', warnings: [] }
  }
  const to = ownApplicant(session, addressOf({ url: code.url, key: code.relay }))
  if (mine && join !== undefined && deadInvite(session, to, join) !== undefined) {
    const next = await requestJoin(session, code, canonical)
    keepJoining(session)
    return { fingerprint: next.fingerprint, state: 'waiting', warnings: [] }
  }
  throw new CofferError('exists', 'there is a coffer home already', {
    reason: 'home-exists',
    next: 'set COFFER_HOME to another folder',
  })
}
