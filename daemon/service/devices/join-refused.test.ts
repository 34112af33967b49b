import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { formatInviteCode, parseInviteCode } from '../../../shared/log/code.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { deviceIdOf, makeStatement } from '../../../shared/log/device.js'
import { deviceOf, freshDevice } from '../../keystore/device.js'
import { systemRandom } from '../../random.js'
import { addDevice, confirmDevice } from './devices.js'
import { wholeFingerprint } from './requests.js'
import { requestJoin } from './join.js'
import { waitJoined } from './joining.js'
import { addLink, letIn } from '../links.js'
import { Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { HOUR, get, here, joiner, person, quiet, set, signal } from '../testing/pairing.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

await cryptoReady

test('a fingerprint counts only when it is whole and right', async () => {
  for (const typed of ['', 'abcd', 'abcd-abcd-abcd', 'abcd-abcd-abcd-abc1', 'a'.repeat(17)]) {
    assert.equal(await refusedWith(() => wholeFingerprint(typed)), ['format', 'fingerprint'], typed)
  }
  const net = new Net()
  const first = await person(net)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  const near = fingerprint.replace(/.$/, (last) => (last === 'a' ? 'e' : 'a'))
  const wrong = confirmDevice(first.session, { context: here, fingerprint: near })
  assert.equal(await refusedWith(() => wrong), ['not-found', 'no-request'])
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
  assert.equal(await refusedWith(() => late), ['expired', 'invite-expired'])
  first.clock = 0
  device.clock = 2 * HOUR
  await device.restart()
  const waiting = waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  assert.equal(await refusedWith(() => waiting), ['expired', 'invite-expired'])
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
  assert.equal(await refusedWith(() => waiting), ['expired', 'invite-withdrawn'])
  await first.end()
  await device.end()
})

test('waiting is over in time, goes on after a restart, and nothing can be written before', async () => {
  const net = new Net()
  const first = await person(net)
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  const { device, fingerprint } = await joiner(net, code)
  const soon = waitJoined(device.session, { context: here, timeout: 1 }, quiet, signal)
  assert.equal(await refusedWith(() => soon), ['timed-out', 'not-confirmed'])
  assert.equal(await refusedWith(() => set(device, 'X', 'x')), ['stale', 'not-member'])
  assert.is((await refusedWith(() => get(device, 'MINE')))[0], 'stale')
  await device.restart()
  await confirmDevice(first.session, { context: here, fingerprint })
  await waitJoined(device.session, { context: here, timeout: HOUR }, quiet, signal)
  assert.is(await get(device, 'MINE'), 'mine')
  await first.end()
  await device.end()
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
    [{ ...real, vaultId: foreign.vaultId }, 'invite-missing'],
    [{ ...real, link: foreign.link }, 'invite-missing'],
    [{ ...real, secret: systemRandom(13) }, 'foreign-user'],
  ] as const
  for (const [mixed, reason] of wrong) {
    const device = new Device({ net, userId: real.user! })
    await device.engine.enter(device.unlocked, mixed.vaultId)
    const outcome = await refusedWith(() => requestJoin(device.session, mixed, 'x'))
    assert.equal(outcome, ['tampering', reason])
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
  assert.equal(await refusedWith(() => requestJoin(device.session, real, code)), [
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
    const { wraps, wrapsHash, label } = letIn(first.session, replica, forged, '', 'owner')
    const body = { statement: forged, role: 'owner' as const, wraps: wrapsHash, label }
    return { action: { kind: 'add-device', body }, wraps }
  })
  assert.is((await refusedWith(() => adding))[0], 'tampering')
  assert.not.ok(user.replica.membership?.devices.has(deviceIdOf(stranger.keys)))
  const { log } = net.vaults.get(user.vaultId)!
  assert.is(log.filter((body) => decodeEntry(body).kind === 'link').length, 2)
  await first.end()
})

test.run()
