import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import { vaultDir } from '../store/open.js'
import { examine } from './doctor.js'
import { getSecret } from './secrets/secrets-read.js'
import { setSecret } from './secrets/secrets-write.js'
import { context, Device, until } from './testing/device.js'
import { Net } from './testing/net.js'
import { refusedWith } from '../../shared/testing/refusal.js'

await cryptoReady

const signal = new AbortController().signal
const here = context()
const quiet = (): void => undefined

async function get(device: Device, name: string): Promise<string> {
  const { value } = await getSecret(device.session, { context: here, name }, signal)
  return Buffer.from(value, 'base64').toString()
}
const set = (device: Device, name: string, text: string) =>
  setSecret(device.session, {
    context: here,
    name,
    value: Buffer.from(text).toString('base64'),
  })
const check = (device: Device, repair: boolean) =>
  examine(device.home, Date.now, device.engine.current, repair, quiet)
const storeLines = async (device: Device, repair: boolean) =>
  (await check(device, repair)).filter(({ name }) => name === 'store').map(({ level }) => level)

/** Flips one byte within each of the database's logs, as a bad disk does. */
function damage(device: Device, vaultId: VaultId): void {
  const dir = vaultDir(device.home.path, vaultId)
  const logs = readdirSync(dir).filter((name) => name.endsWith('.log'))
  for (const log of logs) {
    const path = join(dir, log)
    const bytes = readFileSync(path)
    if (bytes.length === 0) continue
    bytes[Math.floor(bytes.length / 3)]! ^= 0x40
    writeFileSync(path, bytes)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof CofferError ? error.code : 'something else'

test('a damaged vault comes back from the relay, with what was never sent', async () => {
  const net = new Net()
  const device = await Device.found({ net, onDisk: true })
  device.useRelay()
  for (let i = 0; i < 20; i++) await set(device, `S${i}`, `value ${i}`)
  await device.restart()
  const vaultId = device.session.vaults.userVault
  await until('the upload', () => {
    const { drafts, outbox } = device.session.vaults.user.facts()
    return drafts === 0 && outbox.length === 0 && net.vaults.has(vaultId)
  })
  net.connect(false)
  for (let i = 0; i < 10; i++) await set(device, `UNSENT${i}`, 'kept')
  assert.equal(await storeLines(device, false), ['ok'])
  await device.engine.guarded.close()
  damage(device, vaultId)
  await device.engine.guarded.open(device.unlocked)
  assert.equal(await refusedWith(() => get(device, 'S1')), ['storage', 'corrupt'])
  assert.equal(await storeLines(device, false), ['failure'])
  assert.equal(await storeLines(device, true), ['warning'], 'no relay to fetch from now')
  // Of what had been sent, all but what an unreadable batch would have deleted is missing, which is not 'gone'.
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) => get(device, `S${i}`).catch(codeOf)),
  )
  // How much that is depends on which writes shared the unreadable batch.
  outcomes.forEach((one, i) => assert.ok(one === 'stale' || one === `value ${i}`, one))
  net.connect(true)
  await until('the vault', () => !device.session.loading.has(vaultId))
  for (let i = 0; i < 20; i++) assert.is(await get(device, `S${i}`), `value ${i}`)
  assert.is(await get(device, 'UNSENT9'), 'kept')
  assert.equal(await storeLines(device, true), ['ok'])
  assert.equal(device.session.vaults.user.alarms, [])
  await set(device, 'AFTER', 'goes on')
  await until('the write at the relay', () => {
    const { drafts, outbox } = device.session.vaults.user.facts()
    return drafts === 0 && outbox.length === 0
  })
  await device.end()
})

test('a locked home is told, not examined', async () => {
  const device = await Device.found({ net: new Net(), onDisk: true })
  await device.engine.guarded.close()
  const checks = await check(device, true)
  assert.ok(checks.some(({ name, level }) => name === 'store' && level === 'warning'))
  await device.end()
})

test('damage without a relay keeps what can be read, and never silently', async () => {
  const device = await Device.found({ net: new Net(), onDisk: true })
  const vaultId = device.session.vaults.userVault
  for (let i = 0; i < 20; i++) await set(device, `S${i}`, `value ${i}`)
  await device.engine.guarded.close()
  damage(device, vaultId)
  await device.engine.guarded.open(device.unlocked)
  const [level] = await storeLines(device, true)
  assert.not.equal(level, 'ok')
  await device.end()
})

test.run()
