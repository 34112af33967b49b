import { toBase64 } from './base64.js'
import { utf8 } from './bytes.js'
import { displayText } from './display.js'
import { CofferError } from './errors.js'
import { LIMITS } from './limits.js'
import { secretName, value as base64Value } from './protocol/local-common.js'
import {
  base64Size,
  flag,
  integer,
  isObject,
  list,
  object,
  optional,
  text,
  type Infer,
  type Schema,
} from './protocol/schema.js'

// What a backup says once it is decrypted (SPEC section 14): one JSON document that can be read with no coffer at all.
// Daemon and command line both read it: the one from a file that it decrypts, the other from what gpg decrypted.

export const BACKUP_FORMAT = 'coffer-backup'
export const BACKUP_VERSION = 1

/** A value as text, or as base64 where it isn't UTF-8. */
export type BackupValue = string | { readonly base64: string }

const valueSchema: Schema<BackupValue> = {
  check: (value, at) =>
    isObject(value)
      ? object({ base64: base64Value }).check(value, at)
      : text(LIMITS.value).check(value, at),
}

/** ISO 8601; for people. */
const date = text(64)
const note = text(LIMITS.note)
const older = object({
  version: integer(1),
  changed: date,
  note: optional(note),
  deleted: optional(flag),
})
const other = object({ value: optional(valueSchema), changed: date, note: optional(note) })
const secretSchema = object({
  name: secretName,
  value: valueSchema,
  version: integer(1),
  changed: date,
  note: optional(note),
  /** Versions before it, newest first: dates, no values. */
  older: optional(list(older, LIMITS.backupOlder)),
  /** What was written apart and is not served; without a value where that one is sealed or a delete. */
  others: optional(list(other, LIMITS.parents)),
})
export type BackupSecret = Infer<typeof secretSchema>

const vaultSchema = object({
  /** `/user` or `ORG/PROJECT`. */
  vault: text(LIMITS.reference),
  secrets: list(secretSchema, LIMITS.listed),
  /** Names of sealed secrets, whose values nobody but runners has. */
  sealed: list(secretName, LIMITS.listed),
})
export type BackupVault = Infer<typeof vaultSchema>

const backupSchema = object({
  format: text(64),
  version: integer(1, 255),
  about: text(LIMITS.message),
  created: date,
  vaults: list(vaultSchema, LIMITS.vaultsPerConnection),
})

function notOne(): CofferError {
  return new CofferError('format', 'this is not the text of a backup', {
    reason: 'backup',
    next: 'take what coffer backup wrote, or what gpg --decrypt makes of it',
  })
}

/**
 * The vaults of a decrypted backup, each with names of its own.
 * @throws CofferError `format` (`backup`, `schema`), `limit`, `home` (`newer`)
 */
export function readBackup(plain: string): readonly BackupVault[] {
  let value: unknown
  try {
    value = JSON.parse(plain)
  } catch {
    // Its message would quote the text.
    throw notOne()
  }
  if (!isObject(value) || value['format'] !== BACKUP_FORMAT) throw notOne()
  if (value['version'] !== BACKUP_VERSION) {
    throw new CofferError('home', 'the backup was made by a newer coffer', {
      reason: 'newer',
      next: 'upgrade coffer on this machine',
    })
  }
  const { vaults } = backupSchema.check(value, 'the backup')
  checkOnce(vaults.map(({ vault }) => vault))
  for (const { secrets } of vaults) checkOnce(secrets.map(({ name }) => name))
  return vaults
}

function checkOnce(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) {
      const shown = displayText(name.slice(0, 80))
      throw new CofferError('format', `the backup holds '${shown}' twice`, {
        reason: 'doubled-name',
      })
    }
    seen.add(name)
  }
}

/** A secret to be stored: its value as base64. */
export type StoredItem = {
  readonly name: string
  readonly value: string
  readonly note?: string
}

export function itemOf({ name, value, note: said }: BackupSecret): StoredItem {
  const stored = typeof value === 'string' ? toBase64(utf8(value)) : value.base64
  return { name, value: stored, ...(said === undefined ? {} : { note: said }) }
}

/** Items in their order, in parts that one transaction takes each. */
export function* transactionsOf(items: readonly StoredItem[]): Generator<readonly StoredItem[]> {
  let [part, size]: [StoredItem[], number] = [[], 0]
  for (const item of items) {
    const more = base64Size(item.value)
    if (part.length === LIMITS.items || (part.length > 0 && size + more > LIMITS.transaction)) {
      yield part
      ;[part, size] = [[], 0]
    }
    part.push(item)
    size += more
  }
  if (part.length > 0) yield part
}
