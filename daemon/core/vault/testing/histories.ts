import * as assert from 'uvu/assert'
import { toHex, type Bytes } from '../../../../shared/bytes.js'
import { decode, encode } from '../../../../shared/codec.js'
import { signedCodec } from '../../../../shared/log/signed.js'
import { signedSnapshot, type Snapshot } from '../../../../shared/log/snapshot.js'
import type { MadeSnapshot } from '../snapshot.js'
import { addDeviceEntry, testIdentity, type TestDevice } from './devices.js'
import { device, pair, reasons, take, write } from './pair.js'

// For tests only: a log of two devices of one person, with what can be in it, and snapshots of it.

export const remove = (one: TestDevice, name: string): Bytes[] => {
  one.store.write(one.replica.write([{ space: 'secret', name, value: undefined }]).ops)
  const sealed = one.replica.sealNext({ entries: 1, bytes: 1 })
  one.store.write(sealed?.ops ?? [])
  return (sealed?.entries ?? []).map(({ body }) => body)
}

/** What a device sees of every secret: name, value, and how many siblings. */
export const seen = ({ replica }: TestDevice): string[] =>
  [...replica.live('secret')]
    .map(
      ({ winner, siblings }) => `${winner.name}=${toHex(replica.value(winner))}/${siblings.length}`,
    )
    .toSorted()

export function made(one: TestDevice): MadeSnapshot {
  const snapshot = one.replica.snapshots.make()
  if (snapshot === undefined) throw new TypeError('no snapshot')
  return snapshot
}

export const signedOf = ({ signed }: MadeSnapshot): Snapshot =>
  signedSnapshot.read(decode(signedCodec, signed, 'a snapshot', 1 << 20))

/** The snapshot, changed and signed anew by its maker: what a member who lies can sign. */
export function forged(by: TestDevice, { signed }: MadeSnapshot, change: Partial<Snapshot>): Bytes {
  const snapshot = signedSnapshot.read(decode(signedCodec, signed, 'a snapshot', 1 << 20))
  const { privateKey } = by.identity.sign
  return encode(signedCodec, signedSnapshot.make({ ...snapshot, ...change }, privateKey))
}

/** Two devices of one person, whose log holds writes of both, replaced and deleted ones among them. */
export function history(): { a: TestDevice; b: TestDevice; log: Bytes[] } {
  const { a, b, log } = pair()
  log.push(addDeviceEntry(a, testIdentity('c')))
  for (const one of [a, b]) take(one, log)
  const both = (entries: Bytes[]): void => {
    log.push(...entries)
    for (const one of [a, b]) take(one, log)
  }
  for (const name of ['k', 'l', 'm', 'n', 'o']) both(write(a, name, new Uint8Array(3).fill(1)))
  both(write(b, 'k', new Uint8Array(3).fill(2)))
  both(write(a, 'k', new Uint8Array(3).fill(3)))
  both(remove(b, 'l'))
  // Two at once: a conflict, which the snapshot keeps.
  const [one, two] = [
    write(a, 'm', new Uint8Array(3).fill(4)),
    write(b, 'm', new Uint8Array(3).fill(5)),
  ]
  both([...one, ...two])
  return { a, b, log }
}

/** `b` names what `a` made: the link is in the log, and both have it. */
export function checkpoint(a: TestDevice, b: TestDevice, log: Bytes[], what = made(a)): void {
  const action = b.replica.snapshots.confirm(what.signed)
  if (action === undefined) return assert.unreachable('not confirmed')
  const { ops, entry } = b.replica.propose(action)
  b.store.write(ops)
  log.push(entry)
  for (const one of [a, b]) assert.equal(reasons(take(one, log)), [])
}

/** A third device that holds the chain and nothing else. */
export function fresh(a: TestDevice): TestDevice {
  const one = device('c', a.replica)
  one.store.write(one.replica.ingestChain(a.replica.chainEntries(0)).ops)
  return one
}
