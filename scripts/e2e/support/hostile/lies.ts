// Lies that several attacks tell.
import { type Bytes } from '../../../../shared/bytes.js'
import { decodeEntry, encodeEntry, type Entry } from '../../../../shared/log/entry.js'
import { type RelayMessage } from '../../../../shared/protocol/relay.js'
import { type Lie, type Wire } from './relay.js'
import { type Player, type Project } from './stage.js'

/** A log as one device is shown it: each entry may be another, in the same place. */
export function shown(
  to: Player,
  { vaultId }: Project,
  change: (body: Bytes, pos: number) => Bytes,
): Lie {
  return {
    down: (message, wire) => {
      if (wire.device !== to.device || message.kind !== 'entries') return [message]
      if (message.body.vaultId !== vaultId) return [message]
      const { from } = message.body
      const entries = message.body.entries.map((body, i) => change(body, from + i))
      return [{ ...message, body: { ...message.body, entries } }]
    },
  }
}

/** A log that ends for one device where it is. */
export function ended(to: Player, { vaultId }: Project): Lie {
  return {
    down: (message, wire) => {
      if (wire.device !== to.device) return [message]
      if (message.kind === 'entries' && message.body.vaultId === vaultId) return []
      return [message.kind === 'opened' ? atItsCursor(message, wire, vaultId) : message]
    },
  }
}

type Opened = Extract<RelayMessage, { kind: 'opened' }>

/** The answer to `open` that says: you have read all there is. */
function atItsCursor(message: Opened, wire: Wire, vaultId: string): Opened {
  const request = wire.requests.get(message.id)
  if (request?.kind !== 'open' || request.body.vaultId !== vaultId) return message
  return { ...message, body: { ...message.body, head: request.body.after } }
}

export type Changeset = Extract<Entry, { kind: 'changeset' }>['body']

export function changesetOf(body: Bytes): Changeset | undefined {
  const entry = decodeEntry(body)
  return entry.kind === 'changeset' ? entry.body : undefined
}

/** The entry with another changeset in it; anything else as it is. */
export function altered(body: Bytes, change: (one: Changeset) => Changeset): Bytes {
  const changeset = changesetOf(body)
  return changeset === undefined
    ? body
    : encodeEntry({ kind: 'changeset', body: change(changeset) })
}

/** One bit of the bytes turned over. */
export function flipped(bytes: Bytes, at = bytes.length - 1): Bytes {
  return bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
}
