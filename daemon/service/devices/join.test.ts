import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { parseInviteCode } from '../../../shared/log/code.js'
import { roleAt } from '../../../shared/log/membership.js'
import { addDevice, confirmDevice, deviceRequests, listDevices } from './devices.js'
import { waitJoined } from './joining.js'
import { createProject } from '../people/scopes.js'
import { conflictCount } from '../testing/counts.js'
import { context, until } from '../testing/device.js'
import { Net } from '../testing/net.js'
import {
  HOUR,
  get,
  here,
  joined,
  joiner,
  person,
  quiet,
  set,
  signal,
  web,
} from '../testing/pairing.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

await cryptoReady

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

test('without the relay nothing is added, and nothing stays behind', async () => {
  const net = new Net()
  const first = await person(net)
  net.connect(false)
  const before = first.session.vaults.user.replica.membership!.hashes.length
  const adding = addDevice(first.session, { context: here, expires: HOUR })
  assert.equal(await refusedWith(() => adding), ['unreachable', 'relay'])
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

test.run()
