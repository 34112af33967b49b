import type { Bytes } from '../../../../shared/bytes.js'
import { signedHeader, type Header } from '../../../../shared/log/changeset.js'
import { decodeEntry, encodeEntry, type Entry } from '../../../../shared/log/entry.js'
import { createReplica } from '../create.js'
import type { Outcome } from '../intake.js'
import { Replica } from '../replica.js'
import { addDeviceEntry, testEnv, testIdentity, type TestDevice } from './devices.js'

// For tests only: two devices of one person, and a log in whatever state an attacker wants it.

/** A device with a vault of its own, or, with `of`, one that knows nothing of that vault yet. */
export function device(seed: string, of?: Replica, now?: () => number): TestDevice {
  const { store, env } = testEnv(seed, now)
  const identity = testIdentity(seed)
  if (of !== undefined) {
    return { identity, store, env, replica: new Replica(env, identity, of.vaultId) }
  }
  const { replica, ops } = createReplica(env, identity, { kind: 'user', label: seed })
  store.write(ops)
  return { identity, store, env, replica }
}

/** Two devices that both hold the chain, which is all that the log holds. */
export function pair(now?: () => number): { a: TestDevice; b: TestDevice; log: Bytes[] } {
  const a = device('a', undefined, now)
  const b = device('b', a.replica, now)
  const log = [...a.replica.chainEntries(0), addDeviceEntry(a, b.identity)]
  for (const one of [a, b]) take(one, log)
  return { a, b, log }
}

/** The device reads the log on from where it is. */
export function take(one: TestDevice, log: readonly Bytes[], generation = 1): Outcome {
  const { pos } = one.replica.cursor
  const outcome = one.replica.ingest(pos + 1, log.slice(pos), generation)
  one.store.write(outcome.ops)
  return outcome
}

/** What the alarms of an outcome say. */
export const reasons = (outcome: Outcome): string[] => outcome.alarms.map((alarm) => alarm.reason)

/** One write of a device, sealed: the entries that it would send. */
export function write(one: TestDevice, name: string, value: Bytes = new Uint8Array(3)): Bytes[] {
  one.store.write(one.replica.write([{ space: 'secret', name, value }]).ops)
  const sealed = one.replica.sealNext({ entries: 1, bytes: 1 })
  one.store.write(sealed?.ops ?? [])
  return (sealed?.entries ?? []).map((entry) => entry.body)
}

/** A changeset entry, taken apart. */
export function changeset(body: Bytes): Extract<Entry, { kind: 'changeset' }>['body'] {
  const entry = decodeEntry(body)
  if (entry.kind !== 'changeset') throw new TypeError('no changeset')
  return entry.body
}

/** The changeset made anew, with another header, signed by whomever. */
export function forge(by: TestDevice, body: Bytes, change: (header: Header) => Header): Bytes {
  const { signed, items } = changeset(body)
  const made = signedHeader.make(change(signedHeader.read(signed)), by.identity.sign.privateKey)
  return encodeEntry({ kind: 'changeset', body: { signed: made, items } })
}
