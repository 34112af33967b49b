import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { systemRandom } from '../random.js'
import { formatInviteCode, parseInviteCode } from '../../shared/log/code.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { deviceIdOf, makeStatement } from '../../shared/log/device.js'
import { roleAt } from '../../shared/log/membership.js'
import type { VaultShell } from '../vault/shell.js'
import { finishHome } from '../home/home.js'
import { deviceOf, freshDevice } from '../keystore/device.js'
import {
  addDevice,
  confirmDevice,
  deviceRequests,
  listDevices,
  wholeFingerprint,
} from './devices.js'
import { requestJoin } from './join.js'
import { keepJoining, waitJoined } from './joining.js'
import { addLink, letIn } from './links.js'
import { conflictCount } from './testing/counts.js'
import { createOrg, createProject } from './scopes.js'
import { getSecret } from './secrets-read.js'
import { setSecret } from './secrets-write.js'
import { context, Device, until } from './testing/device.js'
import { Net } from './testing/net.js'
import { refusal } from './testing/refusal.js'

await cryptoReady

const signal = new AbortController().signal
const here = context()
const HOUR = 3600_000
const web = context({ org: 'acme', project: 'web' })
const b64 = (text: string): string => Buffer.from(text).toString('base64')
const quiet = (): void => undefined

async function get(device: Device, name: string, where = here): Promise<string> {
  const { value } = await getSecret(device.session, { context: where, name }, signal)
  return Buffer.from(value, 'base64').toString()
}
const set = (device: Device, name: string, text: string, where = here) =>
  setSecret(device.session, { context: where, name, value: b64(text) })

function isUploaded(net: Net, shell: VaultShell): boolean {
  const { drafts, outbox } = shell.facts()
  return net.vaults.has(shell.vaultId) && drafts === 0 && outbox.length === 0
}

/** A person with a relay, an org and a project. */
async function person(net: Net): Promise<Device> {
  const first = await Device.found({ net })
  first.useRelay()
  await createOrg(first.session, { context: here, name: 'acme' })
  await createProject(first.session, { context: context({ org: 'acme' }), name: 'web' })
  await set(first, 'MINE', 'mine')
  await set(first, 'WEB', 'web', web)
  await first.restart()
  await until('everything to be at the relay', () => {
    const all = first.session.vaults.all()
    return (
      all.length === 3 && all.every(({ shell }) => shell !== undefined && isUploaded(net, shell))
    )
  })
  return first
}

/** A device that has asked to be let in by `code`. */
async function joiner(net: Net, typed: string): Promise<{ device: Device; fingerprint: string }> {
  const code = parseInviteCode(typed)
  const device = new Device({ net, userId: code.user! })
  await device.engine.enter(device.unlocked, code.vaultId)
  const { fingerprint } = await requestJoin(device.session, code, typed)
  finishHome(device.home)
  keepJoining(device.session)
  return { device, fingerprint }
}

async function joined(net: Net, first: Device): Promise<Device> {
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  await confirmDevice(first.session, { context: here, fingerprint })
  await waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  return device
}

test('a second device sees everything, writes too, and is known by its name', async () => {
  const net = new Net()
  const first = await person(net)
  const { code, expiresAt } = await addDevice(first.session, { context: here, expires: HOUR })
  assert.ok(Math.abs(expiresAt - Date.now() - HOUR) < 60_000)
  const { device, fingerprint } = await joiner(net, code)
  const { requests } = await deviceRequests(first.session)
  assert.equal(
    requests.map((one) => [one.fingerprint, one.expired]),
    [[fingerprint, false]],
  )
  const waiting = waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  const typed = fingerprint.toUpperCase().replaceAll('-', ' ')
  const confirmed = await confirmDevice(first.session, { context: here, fingerprint: typed })
  assert.equal([confirmed.deviceId, confirmed.vaults], [device.session.device.deviceId, 3])
  const done = await waiting
  assert.equal([done.vaults, done.secrets], [3, 2])
  assert.is(await get(device, 'MINE'), 'mine')
  assert.is(await get(device, 'WEB', web), 'web')
  await set(device, 'BACK', 'b', web)
  await until('the write on the other device', () => {
    const shell = first.session.vaults.all().find(({ record }) => record?.title === 'web')?.shell
    return shell?.replica.get('secret', 'BACK') !== undefined
  })
  await until('the name', () => {
    return (
      first.session.vaults.user.replica.get('setting', `device/${confirmed.deviceId}`) !== undefined
    )
  })
  const { devices } = await listDevices(first.session)
  assert.equal(
    devices.map(({ name, self }) => [name, self]),
    [
      ['laptop', true],
      ['desk', false],
    ],
  )
  assert.is(device.session.settings.current.join, undefined)
  assert.equal(device.session.settings.current.loading, [])
  assert.equal((await deviceRequests(first.session)).requests, [])
  await first.end()
  await device.end()
})

test('a third device can be let in by the second', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const third = await joined(net, second)
  assert.is(await get(third, 'WEB', web), 'web')
  for (const one of [first, second, third]) await one.end()
})

test('a vault made while the other device was away is opened to it when they meet', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  net.connect(false)
  await createProject(second.session, { context: context({ org: 'acme' }), name: 'api' })
  const api = context({ org: 'acme', project: 'api' })
  await set(second, 'K', 'made apart', api)
  assert.is(await get(second, 'K', api), 'made apart')
  net.connect(true)
  const shell = () =>
    first.session.vaults.all().find(({ record }) => record?.title === 'api')?.shell
  await until('the project on the first device', () => {
    return shell()?.replica.get('secret', 'K') !== undefined
  })
  assert.is(await get(first, 'K', api), 'made apart')
  await first.end()
  await second.end()
})

test('the same name written apart keeps both, and both serve the same one', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  net.connect(false)
  await set(first, 'C', 'from first')
  await set(second, 'C', 'from second')
  assert.is(await get(first, 'C'), 'from first')
  net.connect(true)
  const both = [first, second]
  await until('the conflict', () => both.every((one) => conflictCount(one) === 1))
  assert.is(await get(first, 'C'), await get(second, 'C'))
  for (const one of both) await one.end()
})

test('a fingerprint counts only when it is whole and right', async () => {
  for (const typed of ['', 'abcd', 'abcd-abcd-abcd', 'abcd-abcd-abcd-abc1', 'a'.repeat(17)]) {
    assert.equal(await refusal(() => wholeFingerprint(typed)), ['format', 'fingerprint'], typed)
  }
  const net = new Net()
  const first = await person(net)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  const near = fingerprint.replace(/.$/, (last) => (last === 'a' ? 'e' : 'a'))
  const wrong = confirmDevice(first.session, { context: here, fingerprint: near })
  assert.equal(await refusal(() => wrong), ['not-found', 'no-request'])
  const { membership } = first.session.vaults.user.replica
  assert.not.ok(membership?.devices.has(device.session.device.deviceId))
  await first.end()
  await device.end()
})

test('an expired invite lets nobody in, on either side', async () => {
  const net = new Net()
  const first = await person(net)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  first.clock = 2 * HOUR
  const late = confirmDevice(first.session, { context: here, fingerprint })
  assert.equal(await refusal(() => late), ['expired', 'invite-expired'])
  first.clock = 0
  device.clock = 2 * HOUR
  await device.restart()
  const waiting = waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  assert.equal(await refusal(() => waiting), ['expired', 'invite-expired'])
  assert.is(code, formatInviteCode(parseInviteCode(code)))
  await first.end()
  await device.end()
})

test('a withdrawn invite ends the waiting', async () => {
  const net = new Net()
  const first = await person(net)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device } = await joiner(net, code)
  const [invite] = first.session.vaults.user.replica.membership!.invites.values()
  await addLink(first.session, first.session.vaults.user, () => {
    return { action: { kind: 'withdraw-invite', body: { inviteKey: invite!.key } } }
  })
  const waiting = waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  assert.equal(await refusal(() => waiting), ['expired', 'invite-withdrawn'])
  await first.end()
  await device.end()
})

test('waiting is over in time, goes on after a restart, and nothing can be written before', async () => {
  const net = new Net()
  const first = await person(net)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  const soon = waitJoined(device.session, { context: here, timeout: 1 }, quiet, signal)
  assert.equal(await refusal(() => soon), ['timed-out', 'not-confirmed'])
  assert.equal(await refusal(() => set(device, 'X', 'x')), ['stale', 'not-member'])
  assert.is((await refusal(() => get(device, 'MINE')))[0], 'stale')
  await device.restart()
  await confirmDevice(first.session, { context: here, fingerprint })
  await waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  assert.is(await get(device, 'MINE'), 'mine')
  await first.end()
  await device.end()
})

test('without the relay nothing is added, and nothing stays behind', async () => {
  const net = new Net()
  const first = await person(net)
  net.connect(false)
  const before = first.session.vaults.user.replica.membership!.hashes.length
  const adding = addDevice(first.session, { context: here, expires: HOUR })
  assert.equal(await refusal(() => adding), ['unreachable', 'relay'])
  assert.is(first.session.vaults.user.replica.chain.proposed, undefined)
  net.connect(true)
  await first.session.sync.barrier('all', { timeout: 1000 })
  assert.is(first.session.vaults.user.replica.membership!.hashes.length, before)
  await first.end()
})

test('the loser of a race plans anew from the winner', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const user = first.session.vaults.userVault
  let raced = 0
  net.beforeLink = async () => {
    // Somebody else's link is in the log first, once.
    if (raced++ > 0) return
    await addDevice(second.session, { context: here, expires: HOUR })
  }
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  net.beforeLink = undefined
  assert.ok(raced >= 3, 'the loser tried again')
  const open = [...net.vaults.get(user)!.membership.invites.values()].filter(
    ({ state }) => state === 'open',
  )
  assert.is(open.length, 2)
  assert.ok(open.some(({ link }) => link === parseInviteCode(code).link))
  assert.equal(first.session.vaults.user.alarms, [])
  for (const one of [first, second]) await one.end()
})

test('two that confirm the same device at once let it in once', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  await second.session.sync.barrier('all', { timeout: 1000 })
  const { device, fingerprint } = await joiner(net, code)
  const both = await Promise.allSettled([
    confirmDevice(first.session, { context: here, fingerprint }),
    confirmDevice(second.session, { context: here, fingerprint }),
  ])
  assert.ok(both.some(({ status }) => status === 'fulfilled'))
  await waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  const id = device.session.device.deviceId
  for (const { membership } of net.vaults.values()) assert.ok(roleAt(membership, id) === 'owner')
  for (const one of [first, second, device]) await one.end()
})

test('a chain that is not of the code is refused', async () => {
  const net = new Net()
  const [first, other] = [await person(net), await person(net)]
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const foreign = parseInviteCode(
    (await addDevice(other.session, { context: here, expires: HOUR })).code,
  )
  const real = parseInviteCode(code)
  const wrong = [
    { ...real, vaultId: foreign.vaultId },
    { ...real, link: foreign.link },
    { ...real, secret: systemRandom(13) },
  ]
  for (const mixed of wrong) {
    const device = new Device({ net, userId: real.user! })
    await device.engine.enter(device.unlocked, mixed.vaultId)
    const [outcome] = await refusal(() => requestJoin(device.session, mixed, 'x'))
    assert.is(outcome, 'tampering')
    assert.is(device.session.settings.current.join, undefined)
    await device.end()
  }
  await first.end()
  await other.end()
})

test('a genesis in place of another is refused', async () => {
  const net = new Net()
  const [first, other] = [await person(net), await person(net)]
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const real = parseInviteCode(code)
  const kept = net.vaults.get(real.vaultId)!
  net.vaults.set(real.vaultId, {
    ...kept,
    links: net.vaults.get(other.session.vaults.userVault)!.links,
  })
  const device = new Device({ net, userId: real.user! })
  await device.engine.enter(device.unlocked, real.vaultId)
  assert.equal(await refusal(() => requestJoin(device.session, real, code)), [
    'tampering',
    'fake-genesis',
  ])
  for (const one of [first, other, device]) await one.end()
})

test('a device of somebody else is never brought in as an own one', async () => {
  const net = new Net()
  const first = await person(net)
  const stranger = deviceOf(
    freshDevice(
      { userId: first.session.identity.userId, name: '', email: '', device: '' },
      systemRandom,
    ),
  )
  const forged = makeStatement(
    stranger.keys,
    first.session.identity.userId,
    first.session.device.sign.privateKey,
  )
  const { user } = first.session.vaults
  const adding = addLink(first.session, user, (replica) => {
    const { wraps, wrapsHash, label } = letIn(first.session, replica, forged, '')
    const body = { statement: forged, role: 'owner' as const, wraps: wrapsHash, label }
    return { action: { kind: 'add-device', body }, wraps }
  })
  assert.is((await refusal(() => adding))[0], 'tampering')
  assert.not.ok(user.replica.membership?.devices.has(deviceIdOf(stranger.keys)))
  const { log } = net.vaults.get(user.vaultId)!
  assert.is(log.filter((body) => decodeEntry(body).kind === 'link').length, 2)
  await first.end()
})

test.run()
