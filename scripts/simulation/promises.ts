import { decodeEntry } from '../../shared/log/entry.js'
import { signedHeader } from '../../shared/log/changeset.js'
import type { Bytes } from '../../shared/bytes.js'
import type { ChangesetHash } from '../../shared/ids.js'
import type { OutboxEntry } from '../../daemon/core/sync/port.js'
import type { Replica } from '../../daemon/core/vault/replica.js'

/** The names that devices write, few so that they meet. */
export const NAMES = ['a', 'b', 'db/user', 'db/password', 'x y'] as const

/** What was so when a barrier was asked for: the relay's log, and how many changes this device had promised. */
export type Asked = {
  readonly length: number
  readonly restores: number
  readonly promised: number
}

/** Which of the changes with these notes are drafts still, or sealed and not met in the log. */
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
    return place === undefined || waiting.has(place)
  })
}

function changesetOf(body: Bytes): ChangesetHash | undefined {
  const entry = decodeEntry(body)
  if (entry.kind === 'link') return undefined
  return entry.kind === 'items' ? entry.body.changeset : signedHeader.id(entry.body.signed)
}
