import type { Bytes } from '../../shared/bytes.js'
import type { Alarm } from '../core/vault/alarm.js'
import type { Outcome } from '../core/vault/intake.js'
import type { Op } from '../core/vault/records.js'
import type { Replica } from '../core/vault/replica.js'
import type { BasePiece, LogPlace, SealLimits } from '../core/sync/port.js'
import type { Notices } from './notices.js'

/** What syncing asks of a replica, each call made durable by whoever holds it. */
export abstract class ReplicaPort {
  abstract get replica(): Replica
  abstract get notices(): Notices
  abstract change<T extends { readonly ops: readonly Op[] }>(
    call: (replica: Replica) => T,
  ): Promise<T>
  abstract take(call: (replica: Replica) => Outcome): Promise<readonly Alarm[]>

  async seal(limits: SealLimits): Promise<void> {
    await this.change((replica) => replica.sealNext(limits) ?? { ops: [] })
  }

  async rewind(): Promise<void> {
    await this.change((replica) => ({ ops: replica.rewind() }))
  }

  takeBase(piece: BasePiece): Promise<readonly Alarm[]> {
    return this.take((replica) => replica.adopting.take(piece))
  }

  async confirm(places: readonly LogPlace[]): Promise<void> {
    await this.change((replica) => ({ ops: replica.confirm(places) }))
  }

  async chainEntries(from: number): Promise<readonly Bytes[]> {
    return this.replica.chainEntries(from)
  }

  async signedHead(): Promise<Bytes> {
    return this.replica.signedHead()
  }

  /** Changes what a person was told; durable when it resolves. */
  async told<T>(change: (notices: Notices, replica: Replica) => T): Promise<T> {
    const call = (replica: Replica): { ops: Op[]; result: T } => {
      return { ops: [], result: change(this.notices, replica) }
    }
    return (await this.change(call)).result
  }
}
