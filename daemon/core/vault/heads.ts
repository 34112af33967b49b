import { u64be, type Bytes } from '../../../shared/bytes.js'
import { decode, encode } from '../../../shared/codec.js'
import { idOf, type DeviceId, type LogHash } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { signedHead, type Head } from '../../../shared/log/head.js'
import { headOf, linkAt, roleAt } from '../../../shared/log/membership.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { logStart } from '../../../shared/log/entry.js'
import { alarmOf, type Alarm } from './alarm.js'
import type { Chain, Identity } from './chain.js'
import type { Env, LogCursor } from './records.js'

type Place = { readonly generation: number; readonly pos: number }

/** Whether `a` is later in a log than `b`: of a later generation, or behind it in the same. */
function isPast(a: Place, b: Place): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.pos > b.pos)
}

/** Signed heads (SPEC section 9): devices tell each other what they saw, through a relay that can't forge it. */
export class Heads {
  readonly #env: Env
  readonly #identity: Identity
  readonly #chain: Chain
  /** The latest head of each device that is past our cursor, to compare once we get there. */
  readonly #ahead = new Map<DeviceId, Head>()
  readonly #seen = new Map<DeviceId, number>()
  #newest: number | undefined

  constructor(env: Env, identity: Identity, chain: Chain) {
    this.#env = env
    this.#identity = identity
    this.#chain = chain
  }

  get newest(): number | undefined {
    return this.#newest
  }

  /** When (its clock, milliseconds since 1970) another device made its newest head that held here. */
  seenAt(device: DeviceId): number | undefined {
    return this.#seen.get(device)
  }

  sign({ pos, logHash, generation }: LogCursor): Bytes {
    const head: Head = {
      vaultId: this.#chain.vaultId,
      device: this.#identity.device,
      memberHead: headOf(this.#chain.known()),
      generation,
      pos,
      logHash,
      time: this.#env.now(),
    }
    return encode(signedCodec, signedHead.make(head, this.#identity.sign.privateKey))
  }

  check(body: Bytes, cursor: LogCursor): Alarm[] {
    try {
      const signed = decode(signedCodec, body, 'a signed head', LIMITS.signedHead)
      const head = signedHead.read(signed)
      const m = this.#chain.known()
      const device = m.devices.get(head.device)
      if (device === undefined || head.device === this.#identity.device) return []
      // With a hostile relay a removed device would vouch for a stale log, or raise alarms, for ever.
      if (roleAt(m, head.device) === undefined) return []
      signedHead.check(signed, device.keys.sign)
      if (head.vaultId !== this.#chain.vaultId)
        return [{ reason: 'foreign-vault', detail: 'head of another vault' }]
      return this.#compare(head, cursor)
    } catch (error) {
      return [alarmOf(error, 'head')]
    }
  }

  /** Heads that the cursor has reached since they came. */
  recheck(cursor: LogCursor): Alarm[] {
    const reached = [...this.#ahead.values()].filter((head) => !isPast(head, cursor))
    for (const { device } of reached) this.#ahead.delete(device)
    const m = this.#chain.membership
    return reached.flatMap((head) =>
      m === undefined || roleAt(m, head.device) === undefined ? [] : this.#compare(head, cursor),
    )
  }

  /** The furthest place that another device has signed to have read, past our cursor. */
  get ahead(): Place | undefined {
    let furthest: Head | undefined
    for (const head of this.#ahead.values()) {
      if (roleAt(this.#chain.known(), head.device) === undefined) continue
      if (furthest === undefined || isPast(head, furthest)) furthest = head
    }
    return furthest && { generation: furthest.generation, pos: furthest.pos }
  }

  #compare(head: Head, cursor: LogCursor): Alarm[] {
    if (isPast(head, cursor)) {
      // An older one, said again, doesn't take back what was said.
      const known = this.#ahead.get(head.device)
      if (known === undefined || isPast(head, known)) this.#ahead.set(head.device, head)
      return []
    }
    // Positions of an earlier generation say nothing about this one.
    if (head.generation < cursor.generation) return []
    const alarms: Alarm[] = []
    if (this.#logHash(head.pos, cursor) !== head.logHash) {
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
    if (alarms.length === 0) {
      this.#newest = Math.max(this.#newest ?? 0, head.time)
      this.#seen.set(head.device, Math.max(this.#seen.get(head.device) ?? 0, head.time))
    }
    return alarms
  }

  #logHash(pos: number, cursor: LogCursor): LogHash | undefined {
    if (pos === 0) return logStart(this.#chain.vaultId)
    if (pos === cursor.pos) return cursor.logHash
    const record = this.#env.reader.get('log', u64be(pos))
    return record && idOf<LogHash>(record)
  }
}
