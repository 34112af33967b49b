import { decodeEntry } from '../../shared/log/entry.js'
import { signedHeader } from '../../shared/log/changeset.js'
import { toHex, utf8, type Bytes } from '../../shared/bytes.js'
import type { ChangesetHash } from '../../shared/ids.js'
import type { Change } from '../../daemon/core/vault/change.js'
import type { OutboxEntry } from '../../daemon/core/sync/port.js'
import type { Replica } from '../../daemon/core/vault/replica.js'
import { foldOf, voidIn } from './reference.js'

/** The names that devices write, few so that they meet. */
export const NAMES = ['a', 'b', 'db/user', 'db/password', 'x y'] as const

/** What was so when a barrier was asked for: the relay's log, and how many changes this device had promised. */
export type Asked = {
  readonly length: number
  readonly restores: number
  readonly promised: number
}

/** A value that tells its change. */
export function valueOf(note: string, size = 0): Bytes {
  const value = new Uint8Array(Math.max(size, note.length))
  value.set(utf8(note))
  return value
}

/** Which of the changes with these notes are drafts that may be sealed still, or sealed and not met in the log. */
export function stillQueued(
  replica: Replica,
  outbox: readonly OutboxEntry[],
  notes: readonly string[],
): string[] {
  const waiting = new Set(outbox.map(({ body }) => changesetOf(body)))
  const changes = NAMES.flatMap((name) => replica.history('secret', name))
  const places = new Map(changes.map(({ note, place }) => [note, place?.changeset]))
  return notes.filter((note) => {
    const place = places.get(note)
    return place === undefined ? replica.mayWrite : waiting.has(place)
  })
}

function changesetOf(body: Bytes): ChangesetHash | undefined {
  const entry = decodeEntry(body)
  if (entry.kind === 'link') return undefined
  return entry.kind === 'items' ? entry.body.changeset : signedHeader.id(entry.body.signed)
}

/**
 * All that a person could see of what was sent, as text: equal on two devices that converged. Drafts are left out: those of
 * one that may not write stay its own.
 */
export function viewOf(replica: Replica): string {
  const isVoid = voidIn(replica)
  const value = (change: Change): string =>
    change.kind === 'delete' ? 'deleted' : toHex(replica.value(change).slice(0, 32))
  const old = (change: Change): string => {
    const cut = change.place !== undefined && isVoid(change.place.changeset)
    return `${change.note}/${change.id.slice(0, 16)}${cut ? '/void' : ''}`
  }
  const lines = NAMES.map((name) => {
    const all = replica.history('secret', name).filter(({ place }) => place !== undefined)
    const live = foldOf(all, isVoid).live.map((one) => `${old(one)}=${value(one)}`)
    return `${name}: ${live.join()} after ${all.map(old).toSorted().join()}`
  })
  return lines.join('\n')
}
