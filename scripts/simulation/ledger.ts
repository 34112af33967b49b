import { equal, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { idOf, type EntryId, type RelayKey } from '../../shared/ids.js'
import type { Membership } from '../../shared/log/membership.js'
import {
  candidate,
  openVault,
  planEntries,
  type Candidate,
  type VaultState,
} from '../../sync-server/core/vault.js'

export const RELAY_KEY: RelayKey = idOf(new Uint8Array(32).fill(7))

export type Vault = {
  readonly log: readonly Candidate[]
  readonly state: VaultState
  /** Link entries by their number. */
  readonly links: readonly Bytes[]
}

/** The vault of nothing but these links. @throws CofferError */
export function vaultOf(links: readonly Bytes[]): Vault {
  return { log: links.map(candidate), state: openVault(links).state, links }
}

export function refusal(code: CofferError['code'], reason: string): CofferError {
  return new CofferError(code, 'the simulated relay refuses', { reason })
}

/** What the simulated relay has on its disk, by the real rules of acceptance; and what it had. */
export class Ledger {
  vault: Vault | undefined
  readonly #backups: (Vault | undefined)[] = [undefined]
  #places = new Map<EntryId, number>()
  /** The longest chain that was ever ordered, and what it makes of the vault. */
  #chain: readonly Bytes[] = []
  #chainState: VaultState | undefined
  /** Something came into a log against the rules. */
  #forced = false

  get log(): readonly Candidate[] {
    return this.vault?.log ?? []
  }

  get newest(): { readonly membership: Membership | undefined; readonly links: readonly Bytes[] } {
    return { membership: this.#chainState?.membership, links: this.#chain }
  }

  placeOf(body: Bytes): number {
    return this.#places.get(candidate(body).id) ?? 0
  }

  keep(vault: Vault | undefined): void {
    this.#backups.push(vault)
  }

  /** Goes back to one of the backups. */
  restore(pick: (count: number) => number): void {
    this.#replace(this.#backups[pick(this.#backups.length)])
  }

  #replace(vault: Vault | undefined): void {
    this.vault = vault
    this.#places = new Map()
    this.#place(0)
  }

  /** An entry that came twice is where it came first. */
  #place(from: number): void {
    this.log.slice(from).forEach(({ id }, i) => {
      if (!this.#places.has(id)) this.#places.set(id, from + i + 1)
    })
  }

  /** @throws CofferError (reason `busy`) for a second link in a place */
  store(vault: Vault): void {
    this.#checkPlaces(vault.links)
    const known = this.log.length
    this.vault = vault
    this.#place(known)
    if (vault.links.length < this.#chain.length) return
    this.#chain = vault.links
    this.#chainState = vault.state
  }

  /**
   * A fork of the chain has no end yet: a restored relay orders no second link in a place. Whoever lacks the first waits
   * until somebody has brought it back.
   */
  #checkPlaces(links: readonly Bytes[]): void {
    links.forEach((link, n) => {
      const known = this.#chain[n]
      if (known !== undefined && known !== link && !equal(known, link)) {
        throw refusal('limit', 'busy')
      }
    })
  }

  /** The vault with these entries, as far as they aren't in it. @throws CofferError where the rules of acceptance do */
  with(vault: Vault, entries: readonly Bytes[]): Vault {
    const all = new Map(entries.map(candidate).map((entry) => [entry.id, entry]))
    const fresh = [...all.values()].filter(({ id }) => !this.#places.has(id))
    if (fresh.length === 0) return vault
    const plan = planEntries(vault.state, fresh, RELAY_KEY)
    const links = [...vault.links, ...plan.links.map(({ body }) => body)]
    this.#checkPlaces(links)
    return { log: [...vault.log, ...fresh], state: plan.state, links }
  }

  /** Takes an entry by the rules; tells whether it is new. @throws CofferError where they don't allow it */
  accept(entry: Bytes): boolean {
    if (this.vault === undefined) throw refusal('not-found', 'no-vault')
    const next = this.with(this.vault, [entry])
    if (next === this.vault) return false
    this.store(next)
    return true
  }

  /** Puts an entry into the log whatever the rules say. */
  force(entry: Bytes): void {
    if (this.vault === undefined) return
    this.store({ ...this.vault, log: [...this.log, candidate(entry)] })
    this.#forced = true
  }

  /** Begins the log anew with what the rules allow of it; tells whether there was anything to mend. */
  reform(): boolean {
    const [genesis] = this.vault?.links ?? []
    if (!this.#forced || genesis === undefined) return false
    const { log } = this
    this.#replace(vaultOf([genesis]))
    for (const { body } of log) {
      try {
        this.accept(body)
      } catch (error) {
        if (!(error instanceof CofferError)) throw error
      }
    }
    return true
  }
}
