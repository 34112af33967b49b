import { Buffer } from 'node:buffer'
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  type BackupSecret,
  type BackupValue,
} from '../../../shared/backup.js'
import { fromUtf8, utf8, type Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Change } from '../../core/vault/change.js'
import type { Current } from '../../core/vault/names.js'
import type { Replica } from '../../core/vault/replica.js'
import { base64 } from '../secrets/secrets-read.js'
import { historyOf } from '../secrets/versions.js'

// A backup's text, made as it is written: a secret a line, so that a person finds one with nothing but an editor.

const ABOUT =
  'A backup of secrets, made by coffer. "value" is the text, or {"base64": ...} where it is not UTF-8. "sealed" lists ' +
  'secrets whose values only machines have, and which are not in here. To bring it back: coffer restore FILE, or ' +
  'gpg --decrypt FILE | coffer restore -'

/** Plaintext that is encrypted at once. */
const PIECE = 64 * 1024

/** The last moment that a Date can be: a hostile clock may say any number. */
const LAST = 8.64e15

/** One vault as it was when the backup began. */
export type BackupPart = {
  /** `/user` or `ORG/PROJECT`. */
  readonly vault: string
  readonly replica: Replica
  readonly secrets: readonly Current[]
  readonly sealed: readonly string[]
}

const date = (wall: number): string => new Date(Math.min(wall, LAST)).toISOString()

export function valueOf(bytes: Bytes): BackupValue {
  const text = fromUtf8(bytes)
  // What decodes must come back as the same bytes.
  const same = text !== undefined && Buffer.from(text).equals(bytes)
  return same ? text : { base64: base64(bytes) }
}

const noteOf = ({ note }: Change): { note?: string } => (note === undefined ? {} : { note })

function secretOf(replica: Replica, { winner, siblings }: Current): BackupSecret {
  const history = historyOf(replica, winner.name)
  const live = new Set(siblings.map(({ id }) => id))
  const older = history.flatMap((change, i) => {
    if (live.has(change.id)) return []
    const deleted = change.kind === 'put' ? {} : { deleted: true }
    const at = { version: history.length - i, changed: date(change.wall) }
    return [{ ...at, ...noteOf(change), ...deleted }]
  })
  const others = siblings.slice(1, LIMITS.parents).map((change) => ({
    ...(change.kind === 'put' && change.sealed === undefined
      ? { value: valueOf(replica.value(change)) }
      : {}),
    changed: date(change.wall),
    ...noteOf(change),
  }))
  return {
    name: winner.name,
    value: valueOf(replica.value(winner)),
    version: history.length - Math.max(history.indexOf(winner), 0),
    changed: date(winner.wall),
    ...noteOf(winner),
    ...(older.length > 0 ? { older: older.slice(0, LIMITS.backupOlder) } : {}),
    ...(others.length > 0 ? { others } : {}),
  }
}

function* texts(parts: readonly BackupPart[], now: number): Generator<string> {
  const head = { format: BACKUP_FORMAT, version: BACKUP_VERSION, about: ABOUT, created: date(now) }
  yield `${JSON.stringify(head, undefined, 1).slice(0, -2)},\n "vaults": [`
  for (const [i, { vault, replica, secrets, sealed }] of parts.entries()) {
    yield `${i === 0 ? '' : ','}\n{"vault": ${JSON.stringify(vault)}, "secrets": [`
    for (const [j, current] of secrets.entries()) {
      yield `${j === 0 ? '' : ','}\n${JSON.stringify(secretOf(replica, current))}`
    }
    yield `\n], "sealed": ${JSON.stringify(sealed)}}`
  }
  yield '\n]}\n'
}

/**
 * The document's bytes in pieces; values are read as it goes.
 * @param told called with how many bytes there were
 * @throws CofferError `limit` (reason `backup`), and what reading a value throws
 */
export function* documentPieces(
  parts: readonly BackupPart[],
  now: number,
  told: (bytes: number) => void,
): Generator<Bytes> {
  let [held, size, total]: [string[], number, number] = [[], 0, 0]
  const flush = (): Bytes => {
    const piece = utf8(held.join(''))
    total += piece.length
    ;[held, size] = [[], 0]
    if (total > LIMITS.backup) throw tooLarge()
    told(total)
    return piece
  }
  for (const text of texts(parts, now)) {
    held.push(text)
    size += text.length
    if (size >= PIECE) yield flush()
  }
  if (size > 0) yield flush()
}

function tooLarge(): CofferError {
  return new CofferError('limit', `a backup holds at most ${LIMITS.backup} bytes`, {
    reason: 'backup',
    next: 'back up one project at a time: coffer backup --org ORG --project PROJECT -o FILE',
  })
}
