import { randomBytes } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, fromUtf8, toHex, u64be, utf8, type Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import type { Random } from '../../shared/crypto/random.js'
import { idOf, type VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { keyedHash, open, seal } from '../core/crypto/seal.js'
import { MemoryStore } from './memory.js'
import { SealedStore, type Sealing } from './sealed.js'
import { walk, type Entry, type Store } from './store.js'
import { refusedWith } from '../../shared/testing/refusal.js'

await cryptoReady

const TABLES = {
  log: { byte: 'g', ordered: true },
  name: { byte: 'n', ordered: false },
  other: { byte: 'o', ordered: false },
} as const
type Name = keyof typeof TABLES

const vaultId: VaultId = idOf(new Uint8Array(32).fill(7))
const keys = { cache: new Uint8Array(32).fill(1), index: new Uint8Array(32).fill(2) }
const random: Random = (length) => new Uint8Array(randomBytes(length))
const CORRUPT = ['storage', 'corrupt']

function sealing(nonces: Random = random): Sealing {
  return { seal: (key, aad, plain) => seal(key, aad, plain, nonces), open, keyedHash }
}

function openSealed(store: Store, over: object = {}): Promise<SealedStore<Name>> {
  return SealedStore.open(store, { vaultId, tables: TABLES, keys, sealing: sealing(), ...over })
}

async function raw(store: Store): Promise<Entry[]> {
  const out: Entry[] = []
  for await (const entry of walk(store)) out.push(entry)
  return out
}

async function show(rows: AsyncIterable<{ key: Bytes; value: Bytes }>): Promise<string[]> {
  const out: string[] = []
  for await (const { key, value } of rows) out.push(`${fromUtf8(key)}=${fromUtf8(value)}`)
  return out
}

const put = (table: Name, key: string, value: string) => ({
  table,
  key: utf8(key),
  value: utf8(value),
})
const del = (table: Name, key: string) => ({ table, key: utf8(key), value: undefined })

test('gives back records, table by table', async () => {
  const sealed = await openSealed(new MemoryStore())
  await sealed.batch([put('name', 'a', '1'), put('other', 'a', '2'), put('log', 'a', '3')])
  await sealed.batch([put('name', 'gone', ''), del('name', 'gone'), del('log', 'never')])
  assert.equal(sealed.get('name', utf8('a')), utf8('1'))
  assert.equal(sealed.get('other', utf8('a')), utf8('2'))
  assert.equal(sealed.get('log', utf8('a')), utf8('3'))
  assert.is(sealed.get('name', utf8('gone')), undefined)
  assert.is(sealed.has('name', utf8('gone')), false)
  assert.is(sealed.has('name', utf8('a')), true)
  assert.equal(await show(sealed.rows(['other', 'log', 'name'])), ['a=2', 'a=3', 'a=1'])
  assert.equal(await sealed.damaged(), [])
})

test('keeps empty and large keys and values', async () => {
  const sealed = await openSealed(new MemoryStore())
  const large = random(LIMITS.entry)
  const key = random(1000)
  await sealed.batch([
    { table: 'name', key, value: large },
    { table: 'name', key: utf8(''), value: utf8('') },
    { table: 'log', key: utf8(''), value: utf8('') },
  ])
  assert.equal(sealed.get('name', key), large)
  assert.equal(sealed.get('name', utf8('')), utf8(''))
  assert.equal(await show(sealed.rows(['log'])), ['='])
})

test('ranges over an ordered table follow its keys', async () => {
  const sealed = await openSealed(new MemoryStore())
  const positions = [300, 1, 255, 2, 256, 70_000]
  await sealed.batch(positions.map((n) => ({ table: 'log', key: u64be(n), value: utf8(`${n}`) })))
  const values = async (bounds: object): Promise<string> => {
    const out: (string | undefined)[] = []
    for await (const { value } of sealed.range('log', bounds)) out.push(fromUtf8(value))
    return out.join(' ')
  }
  assert.is(await values({}), '1 2 255 256 300 70000')
  assert.is(await values({ gte: u64be(2), lt: u64be(300) }), '2 255 256')
  assert.is(await values({ reverse: true, limit: 2 }), '70000 300')
})

test('neither names nor values are in the store, nor the same hash in another vault', async () => {
  const here = new MemoryStore()
  const there = new MemoryStore()
  const other: VaultId = idOf(new Uint8Array(32).fill(8))
  await (await openSealed(here)).batch([put('name', 'canary-name', 'canary-value')])
  await (await openSealed(there, { vaultId: other })).batch([put('name', 'canary-name', 'x')])
  const entries = await raw(here)
  for (const { key, value } of entries) {
    assert.not.match(new TextDecoder().decode(concat(key, value)), /canary/)
  }
  assert.is(entries.length, 2)
  assert.not.equal((await raw(there))[1]?.key, entries[1]?.key)
})

test('the same record written twice gives other bytes', async () => {
  const store = new MemoryStore()
  const sealed = await openSealed(store)
  await sealed.batch([put('name', 'a', '1')])
  const before = await raw(store)
  await sealed.batch([put('name', 'a', '1')])
  assert.not.equal((await raw(store))[1]?.value, before[1]?.value)
})

test('a record that was altered, cut or moved is damaged, and the others are read', async () => {
  const store = new MemoryStore()
  const sealed = await openSealed(store)
  await sealed.batch([put('log', 'a', '1'), put('log', 'b', '2'), put('name', 'a', '3')])
  const at = concat(utf8('g'), utf8('a'))
  const good = store.getSync(at) ?? new Uint8Array(0)
  const altered = Array.from(good, (_, i) => good.map((byte, j) => (i === j ? byte ^ 1 : byte)))
  const moved = store.getSync(concat(utf8('g'), utf8('b')))
  assert.ok(moved && good.length === 24 + 1 + 16)
  for (const value of [
    ...altered,
    good.subarray(1),
    good.subarray(0, -1),
    new Uint8Array(0),
    moved,
  ]) {
    await store.batch([{ type: 'put', key: at, value }])
    assert.equal(await refusedWith(() => sealed.get('log', utf8('a'))), CORRUPT)
    assert.equal(await refusedWith(() => show(sealed.rows(['log']))), CORRUPT)
    assert.equal((await sealed.damaged()).map(toHex), [toHex(at)])
    assert.equal(sealed.get('log', utf8('b')), utf8('2'))
  }
  await store.batch([{ type: 'put', key: at, value: good }])
  assert.equal(sealed.get('log', utf8('a')), utf8('1'))
})

test('a record of another vault does not open here', async () => {
  const store = new MemoryStore()
  await (await openSealed(store)).batch([put('log', 'a', '1')])
  const foreign = new MemoryStore()
  await foreign.batch((await raw(store)).map(({ key, value }) => ({ type: 'put', key, value })))
  const other: VaultId = idOf(new Uint8Array(32).fill(8))
  assert.equal(await refusedWith(() => openSealed(foreign, { vaultId: other })), [
    'cannot-decrypt',
    'wrong-key',
  ])
})

test('other keys, a newer layout and a lost or altered layout record are told apart', async () => {
  const store = new MemoryStore()
  await (await openSealed(store)).batch([put('log', 'a', '1')])
  const wrong = { cache: new Uint8Array(32).fill(9), index: keys.index }
  assert.equal(await refusedWith(() => openSealed(store, { keys: wrong })), [
    'cannot-decrypt',
    'wrong-key',
  ])
  const format = Uint8Array.of(0, 1)
  await store.batch([{ type: 'put', key: format, value: new Uint8Array(40) }])
  assert.equal(await refusedWith(() => openSealed(store)), CORRUPT)
  // A rebuilt database may have lost the record: it is written again.
  await store.batch([{ type: 'del', key: format }])
  assert.equal((await openSealed(store)).get('log', utf8('a')), utf8('1'))
  assert.ok(store.has(format))
  await store.batch([{ type: 'del', key: format }])
  await store.batch([{ type: 'put', key: Uint8Array.of(0, 2), value: utf8('what comes') }])
  assert.equal(await refusedWith(() => openSealed(store)), ['storage', 'newer'])
})

// SPEC section 11: computed apart from this code, in Python from hashlib and RFC 8439.
const VECTOR: readonly (readonly [key: string, box: string])[] = [
  ['0001', '0303030303030303030303030303030303030303030303033eef2febcbe64c0e24a32681b165f971'],
  [
    '676b',
    '03030303030303030303030303030303030303030303030321726b14825ab6f481ecf854431e7247be36fa37a3f219',
  ],
  [
    '6ef18ac10b67a7fd45ef9c01a0e9eee0aa50ffefcc847ad4f844177638a979bdde',
    '0303030303030303030303030303030303030303030303034e0c4838a4778783b489ea770879b56264bf41c686ccc437f81a8ef54286205360d17b82',
  ],
]

test('the bytes are those of the specification', async () => {
  const store = new MemoryStore()
  const sealed = await openSealed(store, { sealing: sealing((n) => new Uint8Array(n).fill(3)) })
  await sealed.batch([put('log', 'k', 'ordered'), put('name', 'GITHUB_TOKEN', 'hashed')])
  const found = (await raw(store)).map(({ key, value }) => [toHex(key), toHex(value)])
  assert.equal(found, VECTOR)
})

test.run()
