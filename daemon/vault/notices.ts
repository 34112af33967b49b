import type { LinkHash } from '../../shared/ids.js'
import { headOf } from '../../shared/log/membership.js'
import type { Alarm } from '../core/vault/alarm.js'
import { Alarms } from '../core/vault/alarms.js'
import { givenIn, newsOf, type Given, type News } from '../core/vault/news.js'
import type { AlarmRecord, Op, Row } from '../core/vault/records.js'
import type { Replica } from '../core/vault/replica.js'
import { Told } from '../core/vault/told.js'

/** What a person is to know of one vault: alarms, and who came and went. It is written with whatever batch comes next. */
export class Notices {
  readonly #alarms = new Alarms()
  readonly #told = new Told()
  /** What links did to members, up to the newest that was looked at: a status doesn't read a whole chain each time. */
  #looked:
    { readonly n: number; readonly hash: LinkHash; readonly news: readonly News[] } | undefined

  restore({ table, key, value }: Row): void {
    if (table === 'alarm') this.#alarms.restore(value)
    if (table === 'witness' && Told.isKey(key)) this.#told.restore(value)
  }

  /** Takes an alarm in; tells whether it is news. */
  note(alarm: Alarm, now: number): boolean {
    return this.#alarms.note(alarm, now)
  }

  /** Alarms that nobody has read (see Alarms). */
  get unread(): readonly Alarm[] {
    return this.#alarms.unread
  }

  /** All alarms, and when they were raised. */
  get alarms(): readonly AlarmRecord[] {
    return this.#alarms.all
  }

  /** Who came and went by other devices' doing, that nobody said to have read. */
  members(replica: Replica): readonly News[] {
    const { membership: m } = replica
    if (m === undefined) return []
    const { read } = this.#told.of(replica)
    const head = headOf(m)
    const known = this.#looked
    // A batch that failed may have taken links back.
    const holds = known !== undefined && m.hashes[known.n] === known.hash
    const before = holds ? known.news.filter(({ n }) => n > read) : []
    const from = holds ? Math.max(known.n, read) + 1 : read + 1
    const news = from > head.n ? before : [...before, ...newsOf(replica, from)]
    this.#looked = { ...head, news }
    return news
  }

  /** What other devices gave to runners, that nobody said to have read. */
  grants(replica: Replica): readonly Given[] {
    const { readGrants } = this.#told.of(replica)
    return this.#given(replica).filter(({ id }) => !readGrants.includes(id))
  }

  #given(replica: Replica): readonly Given[] {
    return replica.membership === undefined ? [] : givenIn(replica, this.#told.start(replica))
  }

  /** Members and grants as far as no command has announced them yet: from now on it has. */
  announce(replica: Replica): readonly (News | Given)[] {
    const { membership } = replica
    if (membership === undefined) return []
    const { n } = headOf(membership)
    const { told, toldGrants } = this.#told.of(replica)
    const given = this.#given(replica)
    const fresh = given.filter(({ id }) => !toldGrants.includes(id))
    if (told < n || fresh.length > 0) this.#advance(replica, n, given, false)
    return [...newsOf(replica, told + 1), ...fresh]
  }

  #advance(replica: Replica, n: number, given: readonly Given[], read: boolean): void {
    const ids = given.map(({ id }) => id)
    this.#told.advance(replica, n, ids, read)
  }

  /** A person has read it all. Gives how much of it nobody had read before. */
  acknowledge(replica: Replica, now: number): number {
    const { membership } = replica
    const news = this.members(replica).length + this.grants(replica).length
    if (membership !== undefined)
      this.#advance(replica, headOf(membership).n, this.#given(replica), true)
    return news + this.#alarms.acknowledge(now)
  }

  get unsaved(): readonly Op[] {
    return [...this.#alarms.unsaved, ...this.#told.unsaved]
  }

  saved(ops: readonly Op[]): void {
    this.#alarms.saved(ops)
    this.#told.saved(ops)
  }
}
