import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../shared/base64.js'
import { utf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { createOrg, createProject } from '../people/scopes.js'
import { setMany, setSecret } from '../secrets/secrets-write.js'
import { listSecrets } from '../secrets/secrets-read.js'
import { context, Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { createBackup } from './backup.js'
import { restoreBackup, restoreItems } from './restore.js'

await cryptoReady

const net = new Net()
const ann = await Device.found({ net })
const other = await Device.found({ net, name: 'Other' })
test.after(async () => {
  await ann.end()
  await other.end()
})
const here = context()
const file = join(ann.folder, 'b.pgp')
const { signal } = new AbortController()
const told: number[] = []
const call = { signal, progress: (_: string, done: number) => void told.push(done) }
const passphrase = toBase64(utf8('abcd-efgh-ijkl-mnop-qrst-uvwx'))
const to = { kind: 'passphrase', passphrase } as const
const open = to
const make = (where = here, replace = true) =>
  createBackup(ann.session, { context: where, file, replace, to }, call)
const back = (more: object = {}) =>
  restoreBackup(
    other.session,
    { context: here, file, open, create: true, dryRun: false, ...more },
    call,
  )

const MANY = 2300
await createOrg(ann.session, { context: here, name: 'acme' })
for (const name of ['web', 'api']) {
  await createProject(ann.session, { context: context({ org: 'acme' }), name })
}
for (let at = 0; at < MANY; at += 1000) {
  const items = Array.from({ length: Math.min(1000, MANY - at) }, (_, i) => {
    return { name: `N${at + i}`, value: toBase64(utf8(`value ${at + i} ${'x'.repeat(100)}`)) }
  })
  const where = context({ org: 'acme', project: 'web' })
  await setMany(ann.session, { context: where, items, dryRun: false })
}
await setSecret(ann.session, { context: here, name: 'mine', value: toBase64(utf8('my own')) })

test('all vaults, more than a transaction of them, there and back', async () => {
  const made = await make()
  assert.equal(
    made.vaults.map(({ vault, secrets }) => [vault, secrets]),
    [
      ['/user', 1],
      ['acme/api', 0],
      ['acme/web', MANY],
    ],
  )
  assert.is(statSync(file).mode & 0o777, 0o600)
  assert.is(readFileSync(file).includes('my own'), false)
  assert.ok(told.length > 3, 'it was written in pieces')
  const restored = await back()
  assert.equal(
    restored.vaults.map(({ vault, created }) => [vault, created.length]),
    [
      ['/user', 1],
      ['acme/api', 0],
      ['acme/web', MANY],
    ],
  )
  const listing = { context: context({ org: 'acme', project: 'web' }) }
  assert.is((await listSecrets(other.session, listing, signal)).secrets.length, MANY)
  const again = await back()
  assert.equal(
    again.vaults.map(({ created, changed, unchanged }) => [
      created.length,
      changed.length,
      unchanged.length,
    ]),
    [
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, MANY],
    ],
  )
})

test('flags choose, a selection does not', async () => {
  const names = async (where = here) => (await make(where)).vaults.map(({ vault }) => vault)
  assert.equal(await names(context({ org: 'acme' })), ['acme/api', 'acme/web'])
  assert.equal(await names(context({ org: 'acme', project: 'api' })), ['acme/api'])
  const selected = { ...here, env: { COFFER_ORG: 'acme', COFFER_PROJECT: 'api' } }
  assert.equal(await names(selected), ['/user', 'acme/api', 'acme/web'])
})

test('a project that is still loading makes no backup, nor do those beside it', async () => {
  const [org] = ann.session.vaults.orgs()
  const [api] = org === undefined ? [] : ann.session.vaults.projects(org.vaultId)
  if (api === undefined) throw new Error('no project')
  ann.session.loading.begin(api.vaultId)
  assert.equal(await refusedWith(() => make()), ['stale', 'loading'])
  ann.session.loading.end(api.vaultId)
  assert.is((await make()).vaults.length, 3)
})

test('a vault that is not here as a whole makes no backup, and no file is left', async () => {
  const { vaultId } = ann.session.vaults.user
  ann.session.loading.begin(vaultId)
  const before = readFileSync(file)
  assert.equal(await refusedWith(() => make()), ['stale', 'loading'])
  ann.session.loading.end(vaultId)
  assert.ok(readFileSync(file).equals(before))
  assert.equal(await refusedWith(() => make(here, false)), ['exists', 'file-exists'])
  const gone = new AbortController()
  gone.abort()
  const params = { context: here, file: join(ann.folder, 'other.pgp'), replace: false, to }
  const ended = () => createBackup(ann.session, params, { ...call, signal: gone.signal })
  assert.equal((await refusedWith(ended))[0], 'cancelled')
  assert.not(existsSync(params.file))
  assert.equal(
    readdirSync(ann.folder).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

test('only vaults are named as vaults, and names that could not be asked for are refused', async () => {
  const put = (vault: string, name: string) =>
    restoreItems(other.session, {
      context: here,
      vault,
      items: [{ name, value: '' }],
      create: true,
      dryRun: true,
    })
  for (const vault of ['', 'acme', '/acme/web', 'acme/web/x', 'user/x', '/user/x']) {
    assert.equal(await refusedWith(() => put(vault, 'A')), ['usage', 'bad-vault'], vault)
  }
  assert.equal(await refusedWith(() => put('acme/web', 'user/A')), ['format', 'reserved'])
  assert.equal(await refusedWith(() => put('acme/web', '../A')), ['format', 'dot-segment'])
  writeFileSync(file, 'no message')
  assert.equal(await refusedWith(() => back()), ['format', 'pgp-message'])
})

test.run()
