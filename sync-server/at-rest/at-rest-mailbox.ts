import type { Bytes } from '../../shared/bytes.js'
import type { EntryId, VaultId } from '../../shared/ids.js'
import type { Cursor } from '../../shared/protocol/relay.js'
import type {
  AppendOptions,
  Appended,
  LogEntry,
  Mailbox,
  PlacedEntry,
  ReadLimits,
  ReadResult,
  Register,
  RegisterPage,
  RegisterWrite,
  Snapshot,
  VaultInfo,
  VaultInit,
} from '../mailbox/mailbox.js'
import { unwrap, wrap, type WrapKey } from './packets.js'

/**
 * A mailbox whose bodies are wrapped before another one stores them: entries, registers, snapshots. That one's caps say
 * how much of each is the wrap (`MailboxCaps.wrap`). Ids, positions, sizes and the registers' keys stay as they are.
 */
export class AtRestMailbox implements Mailbox {
  readonly #inner: Mailbox
  readonly #key: WrapKey

  constructor(inner: Mailbox, key: WrapKey) {
    this.#inner = inner
    this.#key = key
  }

  #entry = ({ id, body }: LogEntry): LogEntry => ({ id, body: wrap(this.#key, body) })

  #placed = ({ id, pos, body }: PlacedEntry): PlacedEntry => {
    return { id, pos, body: unwrap(this.#key, body) }
  }

  /** A register's body has the same bytes each time: the store below compares them. */
  #named(vault: VaultId, key: string, body: Bytes): Bytes {
    return wrap(this.#key, body, `${vault}/${key}`)
  }

  #write(vault: VaultId, { key, expect, body }: RegisterWrite): RegisterWrite {
    const before = expect instanceof Uint8Array ? this.#named(vault, key, expect) : expect
    return {
      key,
      ...(before === undefined ? {} : { expect: before }),
      body: body && this.#named(vault, key, body),
    }
  }

  createVault(vault: VaultId, init: VaultInit): Promise<Appended & { readonly existed: boolean }> {
    return this.#inner.createVault(vault, {
      quota: init.quota,
      entries: init.entries.map(this.#entry),
      registers: init.registers.map((one) => this.#write(vault, one)),
    })
  }

  info(vault: VaultId): Promise<VaultInfo | undefined> {
    return this.#inner.info(vault)
  }

  append(
    vault: VaultId,
    base: Cursor,
    entries: readonly LogEntry[],
    { registers = [], ...options }: AppendOptions = {},
  ): Promise<Appended> {
    return this.#inner.append(vault, base, entries.map(this.#entry), {
      ...options,
      registers: registers.map((one) => this.#write(vault, one)),
    })
  }

  find(vault: VaultId, ids: readonly EntryId[]): Promise<(number | undefined)[]> {
    return this.#inner.find(vault, ids)
  }

  async read(vault: VaultId, after: Cursor, limits: ReadLimits): Promise<ReadResult> {
    const found = await this.#inner.read(vault, after, limits)
    return { ...found, entries: found.entries.map(this.#placed) }
  }

  heads(vaults: readonly VaultId[]): Promise<Map<VaultId, number>> {
    return this.#inner.heads(vaults)
  }

  putRegister(vault: VaultId, key: string, body: Bytes): Promise<void> {
    return this.#inner.putRegister(vault, key, this.#named(vault, key, body))
  }

  removeRegister(vault: VaultId, key: string): Promise<void> {
    return this.#inner.removeRegister(vault, key)
  }

  async registers(vault: VaultId, prefix: string, page?: RegisterPage): Promise<Register[]> {
    const found = await this.#inner.registers(vault, prefix, page)
    return found.map(({ key, body }) => ({ key, body: unwrap(this.#key, body) }))
  }

  putSnapshot(vault: VaultId, upto: number, body: Bytes): Promise<void> {
    return this.#inner.putSnapshot(vault, upto, wrap(this.#key, body))
  }

  async getSnapshot(vault: VaultId, upto?: number): Promise<Snapshot | undefined> {
    const found = await this.#inner.getSnapshot(vault, upto)
    return found && { upto: found.upto, body: unwrap(this.#key, found.body) }
  }

  prune(vault: VaultId, floor: number, kept?: ReadonlySet<number>): Promise<void> {
    return this.#inner.prune(vault, floor, kept)
  }

  async readAt(vault: VaultId, positions: readonly number[]): Promise<PlacedEntry[]> {
    return (await this.#inner.readAt(vault, positions)).map(this.#placed)
  }

  /** The store's mark says how it is wrapped; what a caller marks goes there wrapped, too. */
  async mark(): Promise<Bytes | undefined> {
    const body = await this.#inner.mark()
    return body && unwrap(this.#key, body)
  }

  setMark(body: Bytes): Promise<void> {
    return this.#inner.setMark(wrap(this.#key, body))
  }

  raiseGeneration(): Promise<number> {
    return this.#inner.raiseGeneration()
  }

  health(): Promise<void> {
    return this.#inner.health()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
