import { utf8, type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Alarm } from './alarm.js'
import { alarmRecordCodec, type AlarmRecord, type Op } from './records.js'

/** An alarm that a person has read is news again when it is raised so long (ms) after that. */
const ALARM_REST = 3600_000

/**
 * What is known against the relay or members of one vault (SPEC section 9): of each reason the first and the newest, so
 * that no flood of one hides another. It is kept on disk: a restart forgets nothing.
 */
export class Alarms {
  readonly #records = new Map<string, AlarmRecord>()
  /** Records that aren't on disk yet, by reason. */
  readonly #unsaved = new Map<string, Op>()

  /** Restores a record of the store. @throws CofferError `format` */
  restore(value: Bytes): void {
    const record = decode(alarmRecordCodec, value, 'an alarm record', LIMITS.storeValue)
    this.#records.set(record.reason, record)
  }

  /** Every reason that was ever raised, the oldest first: those of one instant as they came. */
  get all(): readonly AlarmRecord[] {
    return [...this.#records.values()].toSorted((a, b) => a.first.at - b.first.at)
  }

  /** What no person has read, by reason, the first of each before the newest. */
  get unread(): readonly Alarm[] {
    return this.all.flatMap(({ reason, first, newest, read }) => {
      if (read !== undefined) return []
      return [first, ...(newest === undefined ? [] : [newest])].map(({ detail }) => {
        return { reason, detail }
      })
    })
  }

  /** Takes an alarm in; tells whether it is news. */
  note({ reason, detail: whole }: Alarm, now: number): boolean {
    const detail = cut(whole)
    const known = this.#records.get(reason)
    if (known === undefined) {
      this.#keep({ reason, first: { detail, at: now } })
      return true
    }
    const { first, newest, read } = known
    const same = [first, newest].some((one) => one?.detail === detail)
    if (same && (read === undefined || now <= read + ALARM_REST)) return false
    this.#keep({ reason, first, newest: { detail, at: now } })
    return true
  }

  /** A person has read all of them. Gives how many weren't read before. */
  acknowledge(now: number): number {
    const fresh = [...this.#records.values()].filter(({ read }) => read === undefined)
    for (const record of fresh) this.#keep({ ...record, read: now })
    return fresh.length
  }

  #keep(record: AlarmRecord): void {
    const { reason } = record
    this.#records.set(reason, record)
    const value = encode(alarmRecordCodec, record)
    this.#unsaved.set(reason, { table: 'alarm', key: utf8(reason), value })
  }

  /** What is to be made durable. */
  get unsaved(): readonly Op[] {
    return [...this.#unsaved.values()]
  }

  /** These ops are durable; what changed meanwhile stays. */
  saved(ops: readonly Op[]): void {
    for (const [reason, op] of this.#unsaved) if (ops.includes(op)) this.#unsaved.delete(reason)
  }
}

/** As much of a sentence as a record takes. */
function cut(detail: string): string {
  let text = detail.slice(0, LIMITS.message)
  while (utf8(text).length > LIMITS.message) text = text.slice(0, -1)
  return text
}
