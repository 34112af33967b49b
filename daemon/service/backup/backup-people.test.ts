import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../shared/base64.js'
import { readBackup } from '../../../shared/backup.js'
import { concatAll, fromUtf8, utf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { until, type Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { here, person } from '../testing/pairing.js'
import { member, projectOf, roleAtRelay } from '../testing/team.js'
import { createBackup } from './backup.js'
import { documentPieces } from './document.js'
import { restoreItems } from './restore.js'

await cryptoReady

// What is in a backup goes by what its maker may read, and what is left out is said.

const to = {
  kind: 'passphrase',
  passphrase: toBase64(utf8('abcd-efgh-ijkl-mnop-qrst-uvwx')),
} as const
const call = { signal: new AbortController().signal, progress: () => undefined }

async function backedUp(who: Device): Promise<{ vaults: string[]; warnings: string[] }> {
  const file = join(who.folder, 'b.pgp')
  const params = { context: here, file, replace: true, to }
  const { vaults, warnings } = await createBackup(who.session, params, call)
  return {
    vaults: vaults.map(({ vault, secrets }) => `${vault} ${secrets}`),
    warnings: warnings.map(({ code, message }) => `${code}: ${message}`),
  }
}

const net = new Net()
const ann = await person(net)
const project = projectOf(ann, 'web')?.vaultId

test('who only sees that a project exists has a backup without it, and is told', async () => {
  const eve = await member(net, ann, 'read', 'eve')
  await until('a viewer', () => roleAtRelay(net, project, eve) === 'viewer')
  await until('the project', () => projectOf(eve, 'web') !== undefined)
  const { vaults, warnings } = await backedUp(eve)
  assert.equal(vaults, ['/user 0'])
  assert.equal(warnings, ['role: this device may not read, and left out: acme/web'])
  await eve.end()
})

test('a reader backs up, and stores nothing', async () => {
  const bob = await member(net, ann, 'read+secrets')
  const there = (): boolean => projectOf(bob, 'web')?.replica.get('secret', 'WEB') !== undefined
  await until('the project', there)
  const made = await backedUp(bob)
  assert.equal(made.warnings, [])
  assert.ok(made.vaults.some((one) => one.startsWith('acme/web ')))
  const items = [{ name: 'WEB', value: toBase64(utf8('theirs')) }]
  const params = { context: here, vault: 'acme/web', items, create: false, dryRun: true }
  assert.equal(await refusedWith(() => restoreItems(bob.session, params)), ['refused', 'role'])
  await bob.end()
})

test('what was written apart is all in it', async () => {
  const { user } = ann.session.vaults
  for (const value of ['one', 'two']) {
    await user.write(() => [{ space: 'secret', name: 'APART', value: utf8(value), parents: [] }])
  }
  const current = user.replica.get('secret', 'APART')
  assert.ok(current?.conflict)
  const part = { vault: '/user', replica: user.replica, secrets: [current], sealed: [] }
  const pieces = [...documentPieces([part], 0, () => undefined)]
  const [vault] = readBackup(fromUtf8(concatAll(pieces)) ?? '')
  const [secret] = vault?.secrets ?? []
  const values = [secret?.value, ...(secret?.others ?? []).map(({ value }) => value)]
  assert.equal(new Set(values), new Set(['one', 'two']))
  assert.is(values.length, 2)
  assert.is(secret?.older, undefined)
})

test.after(() => ann.end())
test.run()
