import { CofferError } from '../../../shared/errors.js'
import type { DeviceId } from '../../../shared/ids.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { auditOf, type Entry } from '../../core/vault/audit.js'
import type { Change } from '../../core/vault/change.js'
import { isBelow } from '../../core/vault/reference.js'
import { isOffline } from '../../core/vault/selection.js'
import { deviceName } from '../devices/device-name.js'
import { findOrg, prefixOf, selectionOf, type Place } from '../place.js'
import { awaitLoaded } from '../secrets/secrets-read.js'
import type { Session } from '../session.js'
import { authors } from '../secrets/versions.js'

type Row = Result<'audit'>['entries'][number]
type Show = {
  readonly author: (device: DeviceId) => Row['author']
  readonly device: (device: DeviceId) => NonNullable<Row['devices']>[number]
}

function row(entry: Entry, { author, device }: Show): Row {
  if (entry.kind === 'link') {
    const { link, deed } = entry
    return {
      at: link.time,
      author: author(link.author),
      action: link.action.kind,
      link: link.n,
      ...(deed === undefined ? {} : { devices: deed.devices.map(device) }),
      ...roleIn(entry),
      void: false,
    }
  }
  const { change, seq, isVoid } = entry
  const common = { author: author(entry.device), seq, void: isVoid }
  if (change === undefined) return { at: null, action: 'unopened', ...common }
  const { wall, kind, space, name } = change
  return { at: wall, action: kind, space, name, ...common }
}

/** The role that a link gives, or offers to whoever holds an invite. */
function roleIn({ link, deed }: Extract<Entry, { kind: 'link' }>): Pick<Row, 'role'> {
  const { action } = link
  const role = action.kind === 'invite' ? action.body.role : deed?.role
  return role === undefined ? {} : { role }
}

function timeOf(entry: Entry): number {
  return entry.kind === 'link' ? entry.link.time : (entry.change?.wall ?? Infinity)
}

/** The vault that is meant: an org's own, where asked for or where no project is selected in it. */
async function auditPlace(
  session: Session,
  { context, name, org: ofOrg }: Params<'audit'>,
): Promise<Place> {
  const { org, project } = await selectionOf(session, context)
  const isOrg = name === undefined && org !== undefined && (ofOrg || project === undefined)
  if (!isOrg) return prefixOf(session, context, name)
  const { vaultId, name: shown } = await findOrg(session, context, org)
  const vault = { vaultId, kind: 'org' as const, org: shown }
  return { shell: await session.vaults.get(vaultId), vault, name: '', reference: shown }
}

/** `coffer audit`. @throws CofferError `not-found` for a name that was never written, and as prefixOf */
export async function auditVault(
  session: Session,
  params: Params<'audit'>,
  signal: AbortSignal,
): Promise<Result<'audit'>> {
  const { context, since = 0, limit } = params
  const place = await auditPlace(session, params)
  await awaitLoaded(session, place, isOffline(context), signal, () => false)
  const { replica } = place.shell
  const whole = place.name === ''
  const one = ({ space, name }: Change): boolean =>
    whole || (space === 'secret' && isBelow(name, place.name))
  const all = auditOf(replica, one).filter((entry) => {
    const about = whole || (entry.kind === 'change' && entry.change !== undefined)
    return about && timeOf(entry) >= since
  })
  if (!whole && all.length === 0 && since === 0) {
    throw new CofferError('not-found', 'no such secret was ever written', {
      reason: 'no-secret',
      next: 'see coffer ls, or coffer audit without a name',
    })
  }
  const authorOf = authors(session, replica)
  const show: Show = {
    author: (device) => {
      const label = deviceName(session, replica, device)
      return { ...(label === undefined ? {} : { device: label }), ...authorOf({ device }) }
    },
    device: (deviceId) => {
      const label = deviceName(session, replica, deviceId)
      return { deviceId, ...(label === undefined ? {} : { name: label }) }
    },
  }
  const shown = all.slice(-limit)
  return {
    vault: place.vault,
    entries: shown.map((entry) => row(entry, show)),
    more: shown.length < all.length,
    warnings: [],
  }
}
