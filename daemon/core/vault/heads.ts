import { u64be, type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { bytesOf, idOf, type DeviceId, type LogHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { signedHead, type Head } from '../../../shared/log/head.js'
import { headOf, linkAt, roleAt } from '../../../shared/log/membership.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { logStart } from '../../../shared/log/entry.js'
import { alarmOf, type Alarm } from './alarm.js'
import type { Chain, Identity } from './chain.js'
import type { Forks } from './forks.js'
import { witnessRecordCodec, type Env, type LogCursor, type Op } from './records.js'

type Place = { readonly generation: number; readonly pos: number }

/** A head as it came. */
type Heard = { readonly head: Head; readonly body: Bytes }
/** One that agreed, and when it came (milliseconds since 1970). */
type Agreed = Heard & { readonly heard: number }

/** What comparing a head gave. */
type Compared = { readonly ops: readonly Op[]; readonly alarms: readonly Alarm[] }
const NOTHING: Compared = { ops: [], alarms: [] }

/** Whether `a` is later in a log than `b`: of a later generation, or behind it in the same. */
function isPast(a: Place, b: Place): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.pos > b.pos)
}

/**
 * Signed heads (SPEC section 9): devices tell each other what they saw, through a relay that can't forge it. What they
 * said is kept, so that the age of what is here survives a restart, and so does a claim that there is more.
 */
export class Heads {
  readonly #env: Env
  readonly #identity: Identity
  readonly #chain: Chain
  readonly #forks: Forks
  /** The latest head of each device that is past our cursor, to compare once we get there. */
  readonly #ahead = new Map<DeviceId, Heard>()
  readonly #agreed = new Map<DeviceId, Agreed>()
  /** When each device made its newest head that held here, by its clock, however wrong that is. */
  readonly #seen = new Map<DeviceId, number>()

  constructor(env: Env, identity: Identity, chain: Chain, forks: Forks) {
    this.#forks = forks
    this.#env = env
    this.#identity = identity
    this.#chain = chain
  }

  /** When the newest head was made that a device signed which is active now; undefined: unconfirmed. */
  get newest(): number | undefined {
    const m = this.#chain.membership
    let newest: number | undefined
    for (const [device, { head, heard }] of this.#agreed) {
      if (m === undefined || roleAt(m, device) === undefined) continue
      // Not after it came: then it would still be new when it is old.
      newest = Math.max(newest ?? 0, Math.min(head.time, heard))
    }
    return newest
  }

  /** When (its clock, milliseconds since 1970) another device made its newest head that held here. */
  seenAt(device: DeviceId): number | undefined {
    return this.#seen.get(device)
  }

  /** The latest that any of them said it is. */
  get latest(): number | undefined {
    return this.#seen.size === 0 ? undefined : Math.max(...this.#seen.values())
  }

  sign({ pos, logHash, generation }: LogCursor): Bytes {
    const head: Head = {
      vaultId: this.#chain.vaultId,
      device: this.#identity.device,
      memberHead: this.#forks.headToSay(headOf(this.#chain.known())),
      generation,
      pos,
      logHash,
      time: this.#env.now(),
    }
    return encode(signedCodec, signedHead.make(head, this.#identity.sign.privateKey))
  }

  check(body: Bytes, cursor: LogCursor): Compared {
    try {
      const head = this.#read(body)
      return head === undefined ? NOTHING : this.#compare({ head, body }, cursor)
    } catch (error) {
      return { ops: [], alarms: [alarmOf(error, 'head')] }
    }
  }

  /** Another device's head whose signature holds; undefined where its word counts for nothing. */
  #read(body: Bytes): Head | undefined {
    const signed = decode(signedCodec, body, 'a signed head', LIMITS.signedHead)
    const head = signedHead.read(signed)
    const m = this.#chain.known()
    const device = m.devices.get(head.device)
    if (device === undefined || head.device === this.#identity.device) return undefined
    // With a hostile relay a removed device would vouch for a stale log, or raise alarms, for ever.
    if (roleAt(m, head.device) === undefined) return undefined
    signedHead.check(signed, device.keys.sign)
    return head
  }

  /** Heads that the cursor has reached since they came. */
  recheck(cursor: LogCursor): Compared {
    const reached = [...this.#ahead.values()].filter(({ head }) => !isPast(head, cursor))
    if (reached.length === 0) return NOTHING
    for (const { head } of reached) this.#ahead.delete(head.device)
    const m = this.#chain.membership
    const counts = reached.filter(({ head }) => m !== undefined && roleAt(m, head.device))
    const all = counts.map((heard) => this.#compare(heard, cursor))
    const ops = reached.map(({ head }) => this.#op(head.device))
    return {
      ops: [...all.flatMap((one) => one.ops), ...ops],
      alarms: all.flatMap((one) => one.alarms),
    }
  }

  /** The furthest place that another device has signed to have read, past our cursor. */
  get ahead(): Place | undefined {
    const m = this.#chain.membership
    let furthest: Head | undefined
    for (const { head } of this.#ahead.values()) {
      // Whoever was removed may say what they like.
      if (m === undefined || roleAt(m, head.device) === undefined) continue
      if (furthest === undefined || isPast(head, furthest)) furthest = head
    }
    return furthest && { generation: furthest.generation, pos: furthest.pos }
  }

  #compare(heard: Heard, cursor: LogCursor): Compared {
    const { head } = heard
    if (head.vaultId !== this.#chain.vaultId) {
      return { ops: [], alarms: [{ reason: 'foreign-vault', detail: 'head of another vault' }] }
    }
    if (isPast(head, cursor)) {
      // An older one, said again, doesn't take back what was said.
      const known = this.#ahead.get(head.device)
      if (known !== undefined && !isPast(head, known.head)) return NOTHING
      this.#ahead.set(head.device, heard)
      return { ops: [this.#op(head.device)], alarms: [] }
    }
    // Positions of an earlier generation say nothing about this one.
    if (head.generation < cursor.generation) return NOTHING
    const said = this.#forks.takeHead(head)
    const alarms = this.#differences(head, cursor)
    const known = this.#agreed.get(head.device)
    if (alarms.length > 0) return { ops: said, alarms }
    this.#seen.set(head.device, Math.max(this.#seen.get(head.device) ?? 0, head.time))
    const now = this.#env.now()
    // One from a clock that runs far ahead confirms nothing: handed out bit by bit, such heads would keep old things new.
    if (head.time > now + LIMITS.clockAhead || head.time <= (known?.head.time ?? -1))
      return { ops: said, alarms: [] }
    this.#agreed.set(head.device, { ...heard, heard: now })
    return { ops: [...said, this.#op(head.device)], alarms: [] }
  }

  #differences(head: Head, cursor: LogCursor): Alarm[] {
    const alarms: Alarm[] = []
    const seen = this.#logHash(head.pos, cursor)
    // Who went on from a snapshot never saw the log before it.
    if (seen === undefined) return []
    if (seen !== head.logHash) {
      alarms.push({
        reason: 'two-logs',
        detail: `the relay showed another log up to entry ${head.pos}`,
      })
    }
    const { n, hash } = head.memberHead
    const m = this.#chain.known()
    if (n < m.hashes.length && linkAt(m, n) !== hash) {
      alarms.push({ reason: 'fork', detail: `the relay showed another link ${n}` })
    }
    return alarms
  }

  /** What is kept of a device's heads. */
  #op(device: DeviceId): Op {
    const [agreed, ahead] = [this.#agreed.get(device), this.#ahead.get(device)]
    const record = {
      ...(agreed === undefined ? {} : { agreed: agreed.body, heard: agreed.heard }),
      ...(ahead === undefined ? {} : { ahead: ahead.body }),
    }
    return { table: 'witness', key: bytesOf(device), value: encode(witnessRecordCodec, record) }
  }

  /** Restores what the store holds of one device, once the chain is there. @throws CofferError `format`, `tampering` */
  restore(record: Bytes): void {
    if (this.#chain.membership === undefined) return
    const { agreed, heard, ahead } = decode(
      witnessRecordCodec,
      record,
      "a device's heads",
      LIMITS.storeValue,
    )
    const [before, past] = [agreed, ahead].map((body) => body && this.#read(body))
    if (before !== undefined && agreed !== undefined && heard !== undefined) {
      this.#agreed.set(before.device, { head: before, body: agreed, heard })
      this.#seen.set(before.device, before.time)
    }
    if (past !== undefined && ahead !== undefined) {
      this.#ahead.set(past.device, { head: past, body: ahead })
    }
  }

  #logHash(pos: number, cursor: LogCursor): LogHash | undefined {
    if (pos === 0) return logStart(this.#chain.vaultId)
    if (pos === cursor.pos) return cursor.logHash
    const record = this.#env.reader.get('log', u64be(pos))
    return record && idOf<LogHash>(record)
  }
}
