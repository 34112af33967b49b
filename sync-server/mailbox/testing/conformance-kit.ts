import * as assert from 'uvu/assert'
import { equal, u32be, utf8 } from '../../../shared/bytes.js'
import { cryptoReady, hash } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import { idOf, type EntryId, type VaultId } from '../../../shared/ids.js'
import { LOG_START, type Cursor } from '../../../shared/protocol/relay.js'
import type { LogEntry, Mailbox, MailboxCaps, MailboxReason, PlacedEntry } from '../mailbox.js'

// What the mailbox's conformance suite is made with.

await cryptoReady

/** One store under test. */
export type Bench = {
  /** One or more instances over the same store, as several relays would hold. */
  readonly instances: readonly [Mailbox, ...Mailbox[]]
  /** Durable engines: closes everything and opens the store again. */
  readonly reopen?: () => Promise<Mailbox>
  readonly dispose: () => Promise<void>
}

export type Engine = { readonly make: (caps?: MailboxCaps) => Promise<Bench> }

export type Check = (bench: Bench, mailbox: Mailbox) => Promise<void>

/** A vault id of its own for each number. */
export function vaultOf(n: number): VaultId {
  return idOf(hash('test-vault', u32be(n)))
}

/** A deterministic entry of `size` bytes. */
export function entryOf(label: string, size = 64): LogEntry {
  const seed = hash('test-entry', utf8(label))
  const body = Uint8Array.from({ length: size }, (_, i) => (seed[i % 32] ?? 0) ^ (i >> 5))
  return { id: idOf<EntryId>(seed), body }
}

/** The reason that `run` was refused with; undefined when it wasn't. */
export async function reasonOf(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    return error.reason
  }
}

/** Asserts that `run` is refused with this reason. */
export const refusedWith = async (
  reason: MailboxReason,
  run: () => Promise<unknown>,
): Promise<void> => {
  assert.is(await reasonOf(run), reason)
}

export const ROOMY = { entries: 10_000, bytes: 64 * 1024 * 1024 } as const
export const V = vaultOf(1)

export async function makeVault(mailbox: Mailbox, vault = V, quota = 1 << 30): Promise<void> {
  await mailbox.createVault(vault, { quota, entries: [], registers: [] })
}

export async function all(
  mailbox: Mailbox,
  vault = V,
  after: Cursor = LOG_START,
): Promise<PlacedEntry[]> {
  return [...(await mailbox.read(vault, after, ROOMY)).entries]
}

/** Asserts that the vault's log is exactly `entries`, at positions from 1. */
export async function logIs(
  mailbox: Mailbox,
  entries: readonly LogEntry[],
  vault = V,
): Promise<void> {
  const log = await all(mailbox, vault)
  assert.equal(
    log.map(({ pos, id }) => [pos, id]),
    entries.map(({ id }, i) => [i + 1, id]),
  )
  log.forEach((entry, i) => assert.ok(equal(entry.body, entries[i]?.body ?? new Uint8Array(0))))
}

export const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((label) => entryOf(label)) as [
  LogEntry,
  LogEntry,
  LogEntry,
  LogEntry,
]
