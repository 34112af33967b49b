import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../shared/crypto/hash.js'
import { refusedWith } from '../shared/testing/refusal.js'
import { loadIdentity, prepareFolder } from './identity.js'

await cryptoReady

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-identity-'))
  try {
    await body(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a data folder is made with those above it, and closed to others', () =>
  inFolder(async (folder) => {
    const data = join(folder, 'deep/data')
    await prepareFolder(data)
    assert.is(statSync(data).mode & 0o777, 0o700)
    chmodSync(data, 0o755)
    await prepareFolder(data)
    assert.is(statSync(data).mode & 0o777, 0o700)
    const file = join(folder, 'file')
    writeFileSync(file, '')
    assert.equal(await refusedWith(() => prepareFolder(file)), ['storage', 'not-a-folder'])
  }))

test('a data folder where none can be made is refused, not tried for ever', async () => {
  if (!existsSync('/proc/self')) return
  assert.equal(await refusedWith(() => prepareFolder('/proc/coffer/data')), [
    'storage',
    'unavailable',
  ])
})

test('the key is made once, and read only while nobody else can', () =>
  inFolder(async (folder) => {
    const { key } = await loadIdentity(folder)
    assert.is((await loadIdentity(folder)).key, key)
    const file = join(folder, 'relay.key')
    chmodSync(file, 0o644)
    assert.equal(await refusedWith(() => loadIdentity(folder)), ['storage', 'permissions'])
    chmodSync(file, 0o600)
    writeFileSync(file, 'coffer-relay-key-1 00\n')
    assert.equal(await refusedWith(() => loadIdentity(folder)), ['storage', 'damaged'])
  }))

test.run()
