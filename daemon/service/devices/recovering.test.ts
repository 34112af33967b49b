import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { epochAt, roleAt } from '../../../shared/log/membership.js'
import { Secret } from '../../../shared/redacted.js'
import { refusal, refusedWith } from '../../../shared/testing/refusal.js'
import { finishHome } from '../../home/home.js'
import { decryptUnder } from '../../pgp/messages.js'
import { knock, recover } from './recovering.js'
import { revokeDevice } from '../removal/removal.js'
import { createRecovery, hasRecovery } from './recovery.js'
import { readRecoveryText } from './recovery-message.js'
import type { Visit } from '../engine.js'
import type { Session } from '../session.js'
import { syncAll } from '../sync.js'
import { createProject } from '../people/scopes.js'
import { context, Device, until } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { b64, get, here, joined, person, quiet, set, signal, web } from '../testing/pairing.js'

await cryptoReady

const PASSPHRASE = 'abcd-efgh-ijkl-mnop-qrst-uvwx'

async function made(first: Device): Promise<{ text: string; file: string; id: string }> {
  const file = join(first.folder, 'recovery.asc')
  const to = { kind: 'passphrase', passphrase: b64(PASSPHRASE) } as const
  const { deviceId } = await createRecovery(first.session, { context: here, file, to })
  const message = readFileSync(file, 'utf8')
  const text = await decryptUnder(new Secret(utf8(PASSPHRASE)), message)
  return { text, file, id: deviceId }
}

/** A fresh home of the message's user, in no vault yet. */
async function fresh(net: Net, text: string): Promise<Device> {
  const { device, userVault, relay } = readRecoveryText(text)
  const home = new Device({ net, userId: device.userId })
  await home.engine.enter(home.unlocked, userVault, relay)
  finishHome(home.home)
  return home
}

function visiting(home: Device, text: string): Promise<Visit> {
  const { device, userVault: vault, relay } = readRecoveryText(text)
  return home.engine.visit({ home: home.home, device }, { vault, loading: [vault], relay })
}

const calm = { timeout: 2000, signal, onProgress: quiet }

async function use(home: Device, text: string, revokeOthers = false, early?: Visit) {
  const options = { ...calm, revokeOthers }
  let visit = early ?? (await visiting(home, text))
  const again = async (): Promise<Session> => {
    await visit.end()
    visit = await visiting(home, text)
    await knock(visit.session, options)
    return visit.session
  }
  try {
    if (early === undefined) await knock(visit.session, options)
    return await recover(home.session, visit.session, again, options)
  } finally {
    await visit.end()
  }
}

const isEverywhere = (net: Net, id: string): boolean =>
  [...net.vaults.values()].every(({ membership }) => roleAt(membership, id as never) === 'owner')
const isNowhere = (net: Net, id: string): boolean =>
  [...net.vaults.values()].every(({ membership }) => roleAt(membership, id as never) === undefined)

test('a recovery device is in every vault, marked, also in those that come later', async () => {
  const net = new Net()
  const first = await person(net)
  const { id, file } = await made(first)
  assert.is(statSync(file).mode & 0o777, 0o600)
  assert.ok(hasRecovery(first.session))
  assert.ok(isEverywhere(net, id))
  const second = await joined(net, first)
  await first.end()
  await createProject(second.session, { context: context({ org: 'acme' }), name: 'api' })
  await until('the new vault to know it', () => net.vaults.size === 4 && isEverywhere(net, id))
  for (const { membership } of net.vaults.values()) {
    assert.is(membership.devices.get(id as never)?.recovery, true)
  }
  await second.end()
})

test('it brings a fresh home back alone, wherever it was cut short, and ends', async () => {
  for (let cut = 0; cut <= 6; cut++) {
    const net = new Net()
    const first = await person(net)
    const { text, id } = await made(first)
    await first.end()
    const home = await fresh(net, text)
    let links = 0
    net.beforeLink = async () => {
      if (links++ === cut) net.connect(false)
    }
    const interrupted = await use(home, text).then(
      () => false,
      () => true,
    )
    // Three vaults, two links each: in, and out.
    assert.is(interrupted, cut < 6, `cut at link ${cut}`)
    net.beforeLink = undefined
    net.connect(true)
    await home.restart()
    if (interrupted) await use(home, text)
    const own = home.session.identity.device
    assert.ok(isEverywhere(net, own), `in after a cut at ${cut}`)
    assert.ok(isNowhere(net, id), `out after a cut at ${cut}`)
    assert.is(await get(home, 'MINE'), 'mine')
    assert.is(await get(home, 'WEB', web), 'web')
    await set(home, 'AFTER', 'a', web)
    assert.equal(await refusedWith(() => use(home, text)), ['expired', 'recovery-used'])
    await home.end()
  }
})

test('a visitor whose last link was still under way when it knocked is told that it is out', async () => {
  const net = new Net()
  const first = await person(net)
  const { text } = await made(first)
  const home = await fresh(net, text)
  const late = await visiting(home, text)
  await knock(late.session, calm)
  await use(home, text)
  assert.equal(await refusedWith(() => use(home, text, false, late)), ['expired', 'recovery-used'])
  for (const one of [first, home]) await one.end()
})

test('a visitor that is taken out of a vault it has read begins anew, and ends it', async () => {
  for (const cut of [4, 5]) {
    const net = new Net()
    const first = await person(net)
    const { text, id } = await made(first)
    const home = await fresh(net, text)
    const late = await visiting(home, text)
    await knock(late.session, calm)
    await syncAll(late.session, calm)
    // The command before comes as far as leaving one vault, or two, of three.
    let links = 0
    net.beforeLink = async () => {
      if (links++ === cut) net.connect(false)
    }
    await refusal(() => use(home, text))
    net.beforeLink = undefined
    net.connect(true)
    await use(home, text, false, late)
    assert.ok(isEverywhere(net, home.session.identity.device))
    assert.ok(isNowhere(net, id), `out after a cut at ${cut}`)
    for (const one of [first, home]) await one.end()
  }
})

test('with --revoke-others the others are out of everything, under new keys', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const { text, id } = await made(second)
  const spare = await made(first)
  const home = await fresh(net, text)
  const result = await use(home, text, true)
  assert.equal([result.revoked, result.vaults, result.secrets], [2, 3, 2])
  assert.equal(result.rotate, ['/user/MINE', 'coffer://acme/web/WEB'])
  assert.equal(result.warnings, [])
  for (const one of [first, second]) assert.ok(isNowhere(net, one.session.identity.device))
  assert.ok(isNowhere(net, id))
  assert.ok(isEverywhere(net, home.session.identity.device))
  // The other recovery device stays: nobody but itself takes it out.
  assert.ok(isEverywhere(net, spare.id))
  for (const { membership } of net.vaults.values()) assert.is(epochAt(membership), 3)
  await set(home, 'NEW', 'not theirs', web)
  assert.is(await get(home, 'NEW', web), 'not theirs')
  for (const one of [first, second, home]) await one.end()
})

test('used on a device that is in, it only ends the recovery device', async () => {
  const net = new Net()
  const first = await person(net)
  const { text, id } = await made(first)
  const result = await use(first, text)
  assert.equal([result.revoked, result.vaults, result.secrets], [0, 3, 2])
  assert.ok(isNowhere(net, id))
  assert.is(net.vaults.get(first.session.vaults.userVault)?.membership.devices.size, 2)
  await set(first, 'ON', 'goes on', web)
  assert.is(await get(first, 'ON', web), 'goes on')
  await first.end()
})

test('a recovery device stays when its maker goes, unless who removes them was there before', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const [old, late] = [(await made(first)).id, (await made(second)).id]
  for (const one of [first, second]) await one.session.sync.barrier('all', { timeout: 1000 })
  const revoke = (by: typeof first, device: string) =>
    revokeDevice(by.session, { context: here, device, keep: [] })
  assert.equal(await refusedWith(() => revoke(second, old)), ['refused', 'recovery-device'])
  const { warnings } = await revoke(second, first.session.device.deviceId)
  assert.is(warnings[0]?.code, 'recovery-kept')
  assert.ok(isEverywhere(net, old))
  assert.equal(await refusedWith(() => revoke(second, late)), ['refused', 'recovery-device'])
  for (const one of [first, second]) await one.end()
})

test('a recovery device that a stolen one made goes with it', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const { id } = await made(second)
  await first.session.sync.barrier('all', { timeout: 1000 })
  const { warnings } = await revokeDevice(first.session, {
    context: here,
    device: second.session.device.deviceId,
    keep: [],
  })
  assert.equal(warnings, [])
  assert.ok(isNowhere(net, id))
  for (const one of [first, second]) await one.end()
})

test('without the relay nothing is made, and no file stays', async () => {
  const net = new Net()
  const first = await person(net)
  net.connect(false)
  const file = join(first.folder, 'recovery.asc')
  assert.equal(await refusedWith(() => made(first)), ['unreachable', 'relay'])
  assert.not.ok(existsSync(file))
  assert.not.ok(hasRecovery(first.session))
  await first.end()
})

test('what was altered in a message is not used', async () => {
  const net = new Net()
  const first = await person(net)
  const { text } = await made(first)
  const other = '00'.repeat(32)
  const altered: readonly [string, string, string][] = [
    ['not JSON', 'hello', 'recovery-message'],
    ['another format', text.replace('coffer-recovery', 'coffer-other'), 'recovery-message'],
    ['a field too many', text.replace('{', '{"more": 1,'), 'schema'],
    ['other seeds', text.replace(/"signSeed": "..../, '"signSeed": "AAAA'), 'recovery-message'],
    [
      'another device',
      text.replace(/"deviceId": "\w+/, `"deviceId": "${other}`),
      'recovery-message',
    ],
    ['cut off', text.slice(0, -10), 'recovery-message'],
  ]
  for (const [what, bad, reason] of altered) {
    assert.equal(await refusedWith(() => readRecoveryText(bad)), ['format', reason], what)
  }
  const newer = text.replace('"version": 1', '"version": 2')
  assert.equal(await refusedWith(() => readRecoveryText(newer)), ['home', 'newer'])
  // Another user's id beside true seeds: the chain says whose device it is.
  const user = text.replace(/"userId": "\w+/, `"userId": "${'00'.repeat(16)}`)
  const home = await fresh(net, user)
  assert.equal(await refusedWith(() => use(home, user)), ['format', 'recovery-message'])
  for (const one of [first, home]) await one.end()
})

test('a passphrase that a person thought of is refused', async () => {
  const net = new Net()
  const first = await person(net)
  const file = join(first.folder, 'recovery.asc')
  const under = (typed: string) =>
    refusedWith(() => {
      const to = { kind: 'passphrase', passphrase: b64(typed) } as const
      return createRecovery(first.session, { context: here, file, to })
    })
  for (const weak of [
    '',
    'correct horse battery staple',
    'pass-word-pass-word-pass-word',
    'a'.repeat(32),
  ]) {
    assert.equal(await under(weak), ['refused', 'weak-passphrase'])
  }
  assert.not.ok(existsSync(file))
  const to = { kind: 'passphrase', passphrase: b64('00112233445566778899aabbcc') } as const
  await createRecovery(first.session, { context: here, file, to })
  assert.equal(await under(PASSPHRASE), ['exists', 'file-exists'])
  await first.end()
})

test.run()
