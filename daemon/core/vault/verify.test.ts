import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { u32be, u64be, type Bytes } from '../../../shared/bytes.js'
import { encode } from '../../../shared/codec.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { bytesOf, type ChangesetHash } from '../../../shared/ids.js'
import { changeIdOf } from '../../../shared/log/changeset.js'
import { decodeEntry, encodeEntry } from '../../../shared/log/entry.js'
import { signedCodec } from '../../../shared/log/signed.js'
import { CofferError } from '../../../shared/errors.js'
import { reload, type TestDevice } from './testing/devices.js'
import { changeset, pair, take, write } from './testing/pair.js'
import type { Table } from './records.js'
import type { Verified } from './verify.js'

await cryptoReady

function verify({ replica }: TestDevice): Verified {
  const verification = replica.verification()
  const steps = verification.steps()
  for (let count = 0; ; count++) {
    const step = steps.next()
    if (step.done !== true) continue
    assert.is(count, verification.total, 'a step for each link and changeset')
    return step.value
  }
}

/** Code, reason and message of a vault that doesn't verify. */
function failure(device: TestDevice): string {
  try {
    verify(device)
  } catch (error) {
    if (error instanceof CofferError) return `${error.code}/${error.reason} ${error.message}`
    throw error
  }
  return 'holds'
}

/** Two devices with a history that both have read. */
function story(): { a: TestDevice; b: TestDevice; log: Bytes[]; first: ChangesetHash } {
  const { a, b, log } = pair()
  const x = write(a, 'x', new Uint8Array(300).fill(7))
  const all = [...log, ...x]
  for (const one of [a, b]) take(one, all)
  all.push(...write(b, 'y'))
  for (const one of [a, b]) take(one, all)
  const [first] = a.replica.graph.nodes.keys()
  assert.ok(first)
  return { a, b, log: all, first }
}

test('two devices at one place print one fingerprint, and others another', () => {
  const { a, b, log } = story()
  const said = verify(a)
  assert.equal(
    { ...said, fingerprint: '' },
    { links: 2, changesets: 2, items: 2, unopened: 0, pos: 4, fingerprint: '' },
  )
  assert.match(said.fingerprint, /^([a-z2-7]{4}-){3}[a-z2-7]{4}$/)
  assert.is(verify(b).fingerprint, said.fingerprint)
  b.replica = reload(b)
  assert.is(verify(b).fingerprint, said.fingerprint, 'from disk')
  const more = [...log, ...write(a, 'z')]
  assert.is(verify(a).fingerprint, said.fingerprint, 'what is not in the log is no place of it')
  take(a, more)
  assert.is.not(verify(a).fingerprint, said.fingerprint)
  take(b, more)
  assert.is(verify(b).fingerprint, verify(a).fingerprint)
})

const flip = (bytes: Bytes, at: number): Bytes =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))

test('whatever is bent on disk is found and named', () => {
  const bent = (what: (device: TestDevice, first: ChangesetHash) => void): string => {
    const { a, first } = story()
    what(a, first)
    return failure(a)
  }
  const change = (
    device: TestDevice,
    table: Table,
    key: Bytes,
    to: (old: Bytes) => Bytes | undefined,
  ): void => {
    const old = device.store.get(table, key)
    assert.ok(old)
    device.store.write([{ table, key, value: to(old) }])
  }
  const item = (first: ChangesetHash): Bytes => bytesOf(changeIdOf(first, 0))
  const last = (bytes: Bytes): Bytes => flip(bytes, bytes.length - 1)

  assert.match(
    bent((a) => change(a, 'link', u32be(1), (old) => withSignature(old))),
    /^tampering\/bad-signature link 1: /,
  )
  assert.match(
    bent((a) => change(a, 'link', u32be(0), () => undefined)),
    /^tampering\/corrupt link 0: /,
  )
  assert.match(
    bent((a, first) => change(a, 'item', item(first), last)),
    /^tampering\/bad-item changeset 1 of device [0-9a-f]{12}: /,
  )
  assert.match(
    bent((a, first) => change(a, 'item', item(first), () => undefined)),
    /^tampering\/corrupt changeset 1 /,
  )
  assert.match(
    bent((a, first) => change(a, 'header', bytesOf(first), last)),
    /^tampering\/bad-signature changeset 1 /,
  )
  assert.match(
    bent((a, first) => change(a, 'header', bytesOf(first), () => otherHeader())),
    /^tampering\/bad-hash changeset 1 /,
  )
  assert.match(
    bent((a, first) => change(a, 'change', item(first), (old) => renamed(old))),
    /^tampering\/bad-item changeset 1 .*what is shown/,
  )
  assert.match(
    bent((a) => change(a, 'epochKey', u32be(1), last)),
    /^tampering\/key-commitment the vault: the key of epoch 1/,
  )
  assert.match(
    bent((a) => change(a, 'log', u64be(4), last)),
    /^tampering\/two-logs the vault: /,
  )
  assert.match(
    bent((a) => change(a, 'log', u64be(2), () => undefined)),
    /^tampering\/corrupt the vault: /,
  )
  assert.is(
    bent(() => undefined),
    'holds',
  )
})

/** The link with a signature that isn't its author's. */
function withSignature(old: Bytes): Bytes {
  const entry = decodeEntry(old)
  assert.ok(entry.kind === 'link')
  const { signed, ...rest } = entry.body
  const bad = { ...signed, signature: flip(signed.signature, 3) }
  return encodeEntry({ kind: 'link', body: { signed: bad, ...rest } })
}

/** A header of another history. */
function otherHeader(): Bytes {
  const { a } = pair()
  const [body = new Uint8Array()] = write(a, 'other')
  return encode(signedCodec, changeset(body).signed)
}

/** The change record under another name of the same length. */
function renamed(old: Bytes): Bytes {
  const at = old.findIndex((byte, i) => byte === 0x61 && old[i + 1] === 0x78)
  return flip(old, at + 1)
}

test.run()
