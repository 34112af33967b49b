import type { Params, Result } from '../../../shared/protocol/local.js'
import type { AlarmRecord } from '../../core/vault/records.js'
import { refOf } from '../place.js'
import type { Session } from '../session.js'

// What was raised against the relay or members, for a person to read.

type Listed = Result<'alarmsList'>['alarms'][number]
type Raised = AlarmRecord['first']

function raisedOf({ at, detail }: Raised): Listed['first'] {
  return { at, message: detail }
}

export function listAlarms(session: Session): Result<'alarmsList'> {
  const alarms = session.vaults.all().flatMap(({ vaultId, shell }) => {
    const vault = refOf(session, vaultId)
    if (vault === undefined || shell === undefined) return []
    return shell.notices.alarms.map(({ reason, first, newest, read }) => ({
      vault,
      reason,
      first: raisedOf(first),
      ...(newest === undefined ? {} : { newest: raisedOf(newest) }),
      readAt: read ?? null,
    }))
  })
  return { alarms }
}

/** @throws CofferError `storage` */
export async function acknowledgeAlarms(
  session: Session,
  _params: Params<'alarmsAcknowledge'>,
): Promise<Result<'alarmsAcknowledge'>> {
  let acknowledged = 0
  const now = session.world.now()
  for (const { shell } of session.vaults.all()) {
    const read = shell?.told((notices, replica) => notices.acknowledge(replica, now))
    acknowledged += (await read) ?? 0
  }
  return { acknowledged, warnings: [] }
}
