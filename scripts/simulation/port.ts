import type { Bytes } from '../../shared/bytes.js'
import type { Alarm, ReplicaLike } from '../../daemon/core/sync/port.js'
import type { PortWork } from '../../daemon/core/sync/effects.js'
import type { Op } from '../../daemon/core/vault/records.js'

/** What a piece of work on the replica gave. */
export type Done = {
  readonly ops: readonly Op[]
  /** What the machine hears of it. */
  readonly told?: { readonly answer?: readonly Bytes[]; readonly alarms?: readonly Alarm[] }
}

/** Does what the machine asks of the replica. */
export function perform(replica: ReplicaLike<Op>, work: PortWork): Done {
  switch (work.kind) {
    case 'ingest': {
      const { ops, alarms } = replica.ingest(work.from, work.bodies, work.generation)
      return { ops, told: { alarms } }
    }
    case 'seal':
      return replica.sealNext(work.limits) ?? { ops: [] }
    case 'links':
      return { ops: [], told: { answer: replica.chainEntries(work.from) } }
    case 'rewind':
      return { ops: replica.rewind() }
    case 'takeChain':
      return { ops: replica.ingestChain(work.links).ops }
    case 'adopt':
      return { ops: replica.adopting.adopt(work.snapshots) }
    case 'takePiece': {
      const { ops, alarms } = replica.adopting.take(work.piece)
      return { ops, told: { alarms } }
    }
    case 'restore':
      return { ops: replica.restoreLost().ops }
    case 'confirm':
      return { ops: replica.confirm(work.places) }
    case 'signHead':
      return { ops: [], told: { answer: [replica.signedHead()] } }
    case 'checkHead': {
      const { ops, alarms } = replica.checkHead(work.head)
      return { ops, told: { alarms } }
    }
  }
}
