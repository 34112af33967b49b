import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import type { RelayKey, VaultId } from '../../shared/ids.js'
import { Secret } from '../../shared/redacted.js'
import { deriveLocalKeys } from '../core/crypto/passphrase.js'
import { prepareHome } from '../home/home.js'
import { systemRandom } from '../random.js'
import { SettingsFile } from './settings.js'
import { refusedWith } from '../../shared/testing/refusal.js'

await cryptoReady

const folder = mkdtempSync(join(tmpdir(), 'coffer-settings-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
const home = prepareHome(join(folder, 'home'), process.getuid?.() ?? 0)
const keys = deriveLocalKeys(new Secret(systemRandom(32)))
const vault = 'a'.repeat(64) as VaultId
const relay = { url: 'wss://relay.example', key: 'b'.repeat(64) as RelayKey, registration: 't0ken' }

test('what is updated is there after opening again; undefined takes a field out', () => {
  const file = SettingsFile.create(home, keys, systemRandom, { vault, loading: [] })
  file.update({ relay, org: vault })
  assert.equal(SettingsFile.open(home, keys, systemRandom).current, {
    vault,
    loading: [],
    relay,
    org: vault,
  })
  file.update({ org: undefined, loading: [vault] })
  assert.equal(SettingsFile.open(home, keys, systemRandom).current, {
    vault,
    loading: [vault],
    relay,
  })
})

test('nothing of it stands on the disk in the clear', () => {
  const file = SettingsFile.create(home, keys, systemRandom, { vault, loading: [] })
  file.update({ relay })
  const raw = readFileSync(home.file('settings'))
  for (const secret of [relay.url, relay.registration, vault]) assert.is(raw.indexOf(secret), -1)
})

test('changed, missing and foreign files are refused', async () => {
  const good = readFileSync(home.file('settings'))
  const open = (): unknown => SettingsFile.open(home, keys, systemRandom)
  const flipped = Buffer.from(good)
  flipped[30]! ^= 1
  writeFileSync(home.file('settings'), flipped)
  assert.is((await refusedWith(open))[0], 'cannot-decrypt')
  writeFileSync(home.file('settings'), good.subarray(0, 10))
  assert.is((await refusedWith(open))[0], 'cannot-decrypt')
  writeFileSync(home.file('settings'), good)
  const others = deriveLocalKeys(new Secret(systemRandom(32)))
  assert.is(
    (await refusedWith(() => SettingsFile.open(home, others, systemRandom)))[0],
    'cannot-decrypt',
  )
  rmSync(home.file('settings'))
  assert.equal(await refusedWith(open), ['home', 'no-settings'])
})

test.run()
