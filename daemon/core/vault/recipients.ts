import type { DeviceId } from '../../../shared/ids.js'
import { runnersOf, type DeviceRecord } from '../../../shared/log/membership.js'
import type { Chain } from './chain.js'
import type { Change } from './change.js'
import { grantedTo, grantOf, type Source } from './grants.js'
import type { Names } from './names.js'

/** A runner to which an item's keys are boxed; without `value` it is told of the change only. */
export type Recipient = { readonly runner: DeviceRecord; readonly value: boolean }

/**
 * To which runners the keys of changes are boxed when they are sent (SPEC section 6): as grants and members stand then.
 * For one batch; grants are read once.
 */
export class Recipients {
  readonly #names: Names
  readonly #runners: readonly DeviceRecord[]
  readonly #granted = new Map<string, Set<DeviceId>>()
  readonly #expired = new Set<DeviceId>()

  /** @param now milliseconds since 1970: an expired runner is given nothing more, but for a grant that prolongs it */
  constructor(chain: Chain, names: Names, source: Source, now: number) {
    this.#names = names
    this.#runners = runnersOf(chain.known()).toSorted((a, b) => (a.id < b.id ? -1 : 1))
    for (const { id } of this.#runners) {
      const grant = grantOf(source, id)
      if (grant !== undefined && grant.expires <= now) this.#expired.add(id)
      for (const name of grant?.names ?? []) {
        const all = this.#granted.get(name) ?? new Set()
        this.#granted.set(name, all.add(id))
      }
    }
  }

  /** The runners that a change goes to, ascending by device. */
  of(change: Change): Recipient[] {
    const { space, name, kind, sealed, readers } = change
    if (this.#runners.length === 0 || space === 'vault') return []
    if (space === 'setting') {
      const to = grantedTo(name)
      return this.#runners.filter(({ id }) => id === to).map((runner) => ({ runner, value: true }))
    }
    const given = sealed === undefined ? this.#granted.get(name) : new Set(readers)
    const told = this.#readersBefore(change)
    return this.#runners
      .filter(({ id }) => !this.#expired.has(id) && (given?.has(id) === true || told.has(id)))
      .map((runner) => ({ runner, value: kind === 'put' && given?.has(runner.id) === true }))
  }

  /** Who was given, or told of, what a change supersedes: nobody goes on with a value that is gone. */
  #readersBefore({ space, name, parents }: Change): Set<DeviceId> {
    const all = new Set<DeviceId>()
    if (parents.length === 0) return all
    for (const { id, readers } of this.#names.history(space, name)) {
      if (readers !== undefined && parents.includes(id)) for (const one of readers) all.add(one)
    }
    return all
  }
}
