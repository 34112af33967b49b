import { randomBytes } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex, utf8 } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { idOf, type VaultId } from '../../shared/ids.js'
import { keyedHash, open, seal } from '../core/crypto/seal.js'
import { repairOrQuarantine } from './doctor.js'
import { listVaultDirs, openVaultStore, vaultDir } from './open.js'
import type { SealedStore } from './sealed.js'
import { refusedWith } from '../../shared/testing/refusal.js'

await cryptoReady

const root = mkdtempSync(join(tmpdir(), 'coffer-open-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))

const TABLES = {
  draft: { byte: 'd', ordered: true },
  item: { byte: 'i', ordered: false },
} as const
type Name = keyof typeof TABLES
const vaultId: VaultId = idOf(new Uint8Array(32).fill(7))
const sealing = {
  seal: (key: Uint8Array, aad: Uint8Array, plain: Uint8Array) =>
    seal(key, aad, plain, (length) => new Uint8Array(randomBytes(length))),
  open,
  keyedHash,
}
const keys = { cache: new Uint8Array(32).fill(1), index: new Uint8Array(32).fill(2) }

let homes = 0
function newHome(): string {
  const home = join(root, String(homes++))
  mkdirSync(home, { mode: 0o700 })
  return home
}

function openIn(home: string): Promise<SealedStore<Name>> {
  return openVaultStore(home, { vaultId, tables: TABLES, keys, sealing })
}

test('makes private folders, and finds its records again', async () => {
  const home = newHome()
  assert.equal(await listVaultDirs(home), [])
  const store = await openIn(home)
  await store.batch([{ table: 'item', key: utf8('a'), value: utf8('1') }])
  assert.equal(await refusedWith(() => openIn(home)), ['storage', 'busy'])
  await store.close()
  for (const dir of [join(home, 'vaults'), vaultDir(home, vaultId)]) {
    assert.is(statSync(dir).mode & 0o777, 0o700)
  }
  mkdirSync(`${vaultDir(home, vaultId)}.corrupt-1`)
  assert.equal(await listVaultDirs(home), [vaultId])
  const again = await openIn(home)
  assert.equal(again.get('item', utf8('a')), utf8('1'))
  await again.close()
})

test('refuses a link or a file in the place of the folder, and a home that is not there', async () => {
  const home = newHome()
  mkdirSync(join(home, 'vaults'))
  symlinkSync(root, vaultDir(home, vaultId))
  assert.equal(await refusedWith(() => openIn(home)), ['storage', 'corrupt'])
  rmSync(vaultDir(home, vaultId))
  writeFileSync(vaultDir(home, vaultId), '')
  assert.equal(await refusedWith(() => openIn(home)), ['storage', 'corrupt'])
  assert.equal(await refusedWith(() => openIn(join(root, 'nowhere'))), ['storage', 'io'])
})

test('no value, name or key of a record is in any file', async () => {
  const home = newHome()
  const store = await openIn(home)
  const canary = randomBytes(16).toString('hex')
  const ops = Array.from({ length: 2000 }, (_, i) => ({
    table: 'item' as const,
    key: utf8(`${canary}/${i}`),
    value: utf8(canary.repeat(30)),
  }))
  await store.batch(ops)
  await store.close()
  const dir = vaultDir(home, vaultId)
  for (const file of readdirSync(dir)) {
    const bytes = readFileSync(join(dir, file))
    for (const form of [canary, Buffer.from(canary).toString('base64').slice(0, 40)]) {
      assert.not.ok(bytes.includes(form), `${file} shows a canary`)
    }
  }
})

test('a damaged vault is refused, and after doctor its drafts are there', async () => {
  const home = newHome()
  const dir = vaultDir(home, vaultId)
  const store = await openIn(home)
  for (let i = 0; i < 100; i++) {
    await store.batch([
      { table: 'item', key: utf8(`item ${i}`), value: new Uint8Array(1000) },
      { table: 'draft', key: Uint8Array.of(i), value: utf8(`draft ${i}`) },
    ])
  }
  await store.close()
  const log = join(dir, readdirSync(dir).find((name) => name.endsWith('.log')) ?? '')
  const bytes = readFileSync(log)
  bytes.fill(0xff, 50_000, 50_020)
  writeFileSync(log, bytes)
  assert.equal(await refusedWith(() => openIn(home)), ['storage', 'corrupt'])
  const repair = await repairOrQuarantine(dir, (key) => key[0] === 0x64)
  assert.ok(repair.outcome === 'rebuilt')
  const rebuilt = await openIn(home)
  let drafts = 0
  for await (const { table } of rebuilt.rows(['draft', 'item'])) {
    assert.is(table, 'draft')
    drafts++
  }
  assert.ok(drafts >= 95, `${drafts} of 100 drafts were saved`)
  assert.equal(await rebuilt.damaged(), [])
  await rebuilt.close()
})

test('a crash between the two moves of a repair loses nothing', async () => {
  const home = newHome()
  const store = await openIn(home)
  await store.batch([{ table: 'draft', key: utf8('a'), value: utf8('1') }])
  await store.close()
  renameSync(vaultDir(home, vaultId), `${vaultDir(home, vaultId)}.new`)
  const again = await openIn(home)
  assert.equal(again.get('draft', utf8('a')), utf8('1'))
  await again.close()
  assert.equal(await repairOrQuarantine(vaultDir(home, vaultId), () => true), { outcome: 'sound' })
})

test('a record that does not open is told by its database key, and doctor leaves it behind', async () => {
  const home = newHome()
  const dir = vaultDir(home, vaultId)
  const store = await openIn(home)
  await store.batch([{ table: 'draft', key: utf8('a'), value: utf8('1') }])
  await store.close()
  const altered = await openVaultStore(home, {
    vaultId,
    tables: TABLES,
    keys,
    // Writes a box that doesn't open, as a fault outside the files would.
    sealing: { ...sealing, seal: () => new Uint8Array(60) },
  })
  await altered.batch([{ table: 'draft', key: utf8('b'), value: utf8('2') }])
  const damaged = await altered.damaged()
  assert.equal(damaged.map(toHex), [toHex(utf8('db'))])
  await altered.close()
  const repair = await repairOrQuarantine(dir, () => true, damaged)
  assert.ok(repair.outcome === 'rebuilt' && repair.kept === 2)
  const again = await openIn(home)
  assert.equal(await again.damaged(), [])
  assert.equal(again.get('draft', utf8('a')), utf8('1'))
  await again.close()
})

test.run()
