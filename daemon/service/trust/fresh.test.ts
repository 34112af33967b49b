import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { secretEnvironment } from '../secrets/environment.js'
import { getSecret, listSecrets } from '../secrets/secrets-read.js'
import { checkLockFile, lockState } from './lock.js'
import { Net } from '../testing/net.js'
import { joined, person, signal, web } from '../testing/pairing.js'
import type { Device } from '../testing/device.js'
import { verifyAll } from './verify.js'

await cryptoReady

const folder = mkdtempSync(join(tmpdir(), 'coffer-lock-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

const vaultOf = (device: Device) =>
  device.session.vaults.all().find(({ record }) => record?.title === 'web')?.shell

/** The folder with this lock in it, and the project selected there. */
function checkout(lock: string) {
  mkdirSync(join(folder, '.coffer'), { recursive: true })
  writeFileSync(join(folder, '.coffer', 'lock'), lock)
  return { ...web, cwd: folder }
}

test('a vault is as old as the word of another device, for get, ls and run alike', async () => {
  const net = new Net()
  const first = await person(net)
  const ask = { context: web, maxAge: 1000 }
  const all = (device: Device, maxAge: number) => [
    () => getSecret(device.session, { ...ask, name: 'WEB', maxAge }, signal),
    () => listSecrets(device.session, { ...ask, maxAge }, signal),
    () => secretEnvironment(device.session, { ...ask, allow: [], maxAge }, signal),
  ]
  for (const read of all(first, 1_000_000)) {
    assert.equal(await refusedWith(read), ['stale', 'unconfirmed'])
  }
  const second = await joined(net, first)
  const head = await vaultOf(second)?.signedHead()
  await vaultOf(first)?.checkHead(head ?? new Uint8Array())
  await Promise.all(all(first, 1_000_000).map((read) => read()))
  first.clock = 2_000_000
  for (const read of all(first, 1_000_000)) {
    assert.equal(await refusedWith(read), ['stale', 'too-old'])
  }
  await first.end()
  await second.end()
})

test('a vault that is behind its lock is read by who knew it, and refused while it is loading', async () => {
  const net = new Net()
  const first = await person(net)
  const { content } = await lockState(first.session, { context: { ...web, cwd: folder } })
  const behind = content.replace(/^head .*$/m, `head ${'a'.repeat(64)} 7 ${'b'.repeat(64)}`)
  assert.is.not(behind, content)
  const context = checkout(behind)
  const read = { context, name: 'WEB' }
  const { warnings } = await getSecret(first.session, { ...read, lock: 'warn' }, signal)
  assert.equal(
    warnings.map(({ code }) => code),
    ['lock-behind'],
  )
  const strict = () => getSecret(first.session, { ...read, lock: 'refuse' }, signal)
  assert.equal(await refusedWith(strict), ['stale', 'lock-behind'])
  const vaultId = vaultOf(first)?.vaultId
  assert.ok(vaultId)
  first.session.loading.begin(vaultId)
  const fresh = () => getSecret(first.session, { ...read, lock: 'warn' }, signal)
  assert.equal(await refusedWith(fresh), ['stale', 'lock-behind'])
  first.session.loading.end(vaultId)
  checkout(content)
  assert.equal((await fresh()).warnings, [])
  const { satisfied } = await checkLockFile(first.session, { context, strict: true })
  assert.ok(satisfied)
  await first.end()
})

test('a vault that does not verify is named, and one that is loading is not called sound', async () => {
  const net = new Net()
  const first = await person(net)
  const { vaults } = await verifyAll(first.session, () => undefined, signal)
  assert.equal(vaults.map(({ vault }) => vault.kind).toSorted(), ['org', 'project', 'user'])
  const shell = vaultOf(first)
  assert.ok(shell)
  first.session.loading.begin(shell.vaultId)
  const partly = await verifyAll(first.session, () => undefined, signal)
  assert.is(partly.vaults.length, 2)
  assert.match(partly.warnings[0]?.message ?? '', /^acme\/web is still loading: it was not checked/)
  first.session.loading.end(shell.vaultId)
  shell.replica.chain.keys.get(1)?.fill(0)
  const failing = () => verifyAll(first.session, () => undefined, signal)
  assert.equal(await refusedWith(failing), ['tampering', 'key-commitment'])
  await first.end()
})

test.run()
