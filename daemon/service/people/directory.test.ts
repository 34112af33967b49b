import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../../shared/bytes.js'
import type { RelayKey, VaultId } from '../../../shared/ids.js'
import { decodeRecord, encodeRecord, isVaultId, listed, type DirectoryRecord } from './directory.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

const id = (first: string): VaultId => first.padEnd(64, '0') as VaultId
const org = (title: string): DirectoryRecord => ({ kind: 'org', title })

test('a record comes back as it was', () => {
  const record = {
    kind: 'project' as const,
    title: 'wéb',
    url: 'wss://relay.example:443',
    relay: id('a') as string as RelayKey,
  }
  assert.equal(decodeRecord(encodeRecord(record)), record)
  assert.equal(decodeRecord(encodeRecord(org('acme'))), org('acme'))
})

test('half a relay, other bytes and trailing bytes are refused', async () => {
  const half = encodeRecord({ kind: 'org', title: 'a', url: 'wss://x' })
  assert.equal(await refusedWith(() => decodeRecord(half)), ['format', 'malformed'])
  assert.equal(await refusedWith(() => decodeRecord(utf8('nonsense'))), ['format', 'malformed'])
  const whole = encodeRecord(org('acme'))
  const trailing = new Uint8Array([...whole, 0])
  assert.equal(await refusedWith(() => decodeRecord(trailing)), ['format', 'malformed'])
  assert.is((await refusedWith(() => decodeRecord(new Uint8Array(4096))))[0], 'limit')
})

test('only 64 hex digits name a vault', () => {
  assert.ok(isVaultId(id('ab')))
  for (const name of ['', 'ab', id('AB'), `${id('a')}0`]) assert.not.ok(isVaultId(name), name)
})

test('the same titles are told apart by vault id, whatever the order of entries', () => {
  const entries = [
    [id('c'), org('acme')],
    [id('a'), org('acme')],
    [id('b'), org('acme')],
    [id('d'), org('beta')],
    [id('e'), { kind: 'project', title: 'acme' }],
  ] as const
  const shown = (list: typeof entries | (typeof entries)[number][]) =>
    listed([...list], 'org').map(({ vaultId, name }) => [vaultId[0], name])
  const wanted = [
    ['a', 'acme'],
    ['b', 'acme~2'],
    ['c', 'acme~3'],
    ['d', 'beta'],
  ]
  assert.equal(shown(entries), wanted)
  assert.equal(shown(entries.toReversed()), wanted)
})

test('a title that looks like a shown name takes nobody else away', () => {
  const entries = [
    [id('a'), org('acme~2')],
    [id('b'), org('acme')],
    [id('c'), org('acme')],
  ] as const
  const names = new Map(listed(entries, 'org').map(({ vaultId, name }) => [vaultId, name]))
  assert.is(names.get(id('b')), 'acme')
  assert.is(names.get(id('c')), 'acme~2')
  assert.is(names.get(id('a')), 'acme~2~2')
})

test.run()
