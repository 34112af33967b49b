import type { Bytes } from '../shared/bytes.js'
import type { DeviceId, RelayKey, VaultId } from '../shared/ids.js'
import { relayOf } from '../shared/log/membership.js'
import { CofferError } from '../shared/errors.js'
import type { Cursor } from '../shared/protocol/relay.js'
import { notThere } from './core/access.js'
import { candidate, isMember, openVault } from './core/vault.js'
import type { Mailbox } from './mailbox/mailbox.js'
import { firstRegisters, RelayVault } from './vault.js'

/** Vaults whose state is kept in memory without anybody using them. */
const KEPT = 1000

/** The vaults of a relay: their states are read when first asked for and kept while they are used. */
export class Vaults {
  readonly #mailbox: Mailbox
  readonly #relay: RelayKey
  readonly #quota: number
  /** In order of use: the first is the one not used for longest. */
  readonly #vaults = new Map<VaultId, RelayVault>()

  constructor(mailbox: Mailbox, relay: RelayKey, quota: number) {
    this.#mailbox = mailbox
    this.#relay = relay
    this.#quota = quota
  }

  get size(): number {
    return this.#vaults.size
  }

  get(id: VaultId): RelayVault {
    const vault =
      this.#vaults.get(id) ??
      // Ids that strangers make up don't push the vaults in use out of memory.
      new RelayVault(id, this.#mailbox, this.#relay, () => this.#vaults.delete(id))
    this.#vaults.delete(id)
    this.#vaults.set(id, vault)
    for (const [oldest, one] of this.#vaults) {
      if (this.#vaults.size <= KEPT) break
      // Two objects of one vault at work would plan on each other's back; the mailbox would refuse, for nothing.
      if (one.idle && oldest !== id) this.#vaults.delete(oldest)
    }
    return vault
  }

  /**
   * Makes the vault of these link entries, unless it exists.
   * @param allowed whether the asker may register a vault; asked only when there is none
   * @throws CofferError of the rule that a link breaks, or `not-found` when the device is no member of the vault
   */
  async create(
    device: DeviceId,
    links: readonly Bytes[],
    allowed: () => Promise<void>,
  ): Promise<{ readonly vaultId: VaultId; readonly head: Cursor; readonly existed: boolean }> {
    const { vaultId, state } = openVault(links)
    const there = await this.#mailbox.info(vaultId)
    if (there !== undefined) {
      if (!isMember(await this.get(vaultId).state(), device)) throw notThere()
      return { vaultId, head: there.head, existed: true }
    }
    await allowed()
    if (!isMember(state, device)) {
      throw new CofferError('refused', "the chain doesn't make the device a member", {
        reason: 'not-member',
      })
    }
    const relay = relayOf(state.membership)
    if (links.length === 1 && relay !== undefined && relay !== this.#relay) {
      throw new CofferError('relay-refused', 'the chain names another relay', {
        reason: 'other-relay',
      })
    }
    const { head, existed } = await this.#mailbox.createVault(vaultId, {
      quota: this.#quota,
      entries: links.map(candidate),
      registers: firstRegisters(state, links),
    })
    return { vaultId, head, existed }
  }
}
