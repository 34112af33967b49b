import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { epochAt, roleAt } from '../../../shared/log/membership.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { listLost, restoreLost } from './lost.js'
import { bringInto } from '../devices/own-devices.js'
import { revokeDevice, rotateProject } from './removal.js'
import { until, type Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { get, here, isUploaded, joined, person, set, web } from '../testing/pairing.js'

await cryptoReady

const idOf = (device: Device): string => device.session.device.deviceId
const revoke = (by: Device, whom: Device, keep: readonly Device[] = []) =>
  revokeDevice(by.session, { context: here, device: idOf(whom), keep: keep.map(idOf) })

/** In how many of its vaults the relay has this device as active. */
function vaultsOf(net: Net, device: Device): number {
  const { deviceId } = device.session.device
  return [...net.vaults.values()].filter((one) => roleAt(one.membership, deviceId) !== undefined)
    .length
}

test('a revoked device is out of every vault, with those that it brought in and without those that are kept', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const third = await joined(net, second)
  const fourth = await joined(net, third)
  const done = await revoke(first, second, [fourth])
  assert.equal(
    done.devices.map(({ deviceId }) => deviceId).toSorted(),
    [idOf(second), idOf(third)].toSorted(),
  )
  assert.equal([done.vaults, done.remaining], [3, 0])
  assert.equal(done.rotate, ['/user/MINE', 'coffer://acme/web/WEB'])
  assert.equal(
    [first, second, third, fourth].map((one) => vaultsOf(net, one)),
    [3, 0, 0, 3],
  )
  for (const { membership } of net.vaults.values()) assert.is(epochAt(membership), 2)
  await set(first, 'AFTER', 'x', web)
  await until('the kept device to read on', () => {
    const shells = fourth.session.vaults.all().flatMap(({ shell }) => shell ?? [])
    return shells.some(({ replica }) => replica.get('secret', 'AFTER') !== undefined)
  })
  for (const one of [first, second, third, fourth]) await one.end()
})

test('what a removal leaves to be done is finished by any device of the person', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  const lost = await joined(net, first)
  let links = 0
  net.beforeLink = async () => {
    if (++links > 1) net.online = false
  }
  const done = await revoke(first, lost)
  assert.equal([done.vaults, done.remaining], [1, 2])
  assert.is(done.warnings[0]?.code, 'removal-open')
  assert.is(vaultsOf(net, lost), 2)
  await first.end()
  net.beforeLink = undefined
  net.connect(true)
  await second.restart()
  await until('the others to be done', () => vaultsOf(net, lost) === 0)
  assert.is(vaultsOf(net, second), 3)
  assert.equal(second.errors, [])
  await second.end()
  await lost.end()
})

test('a device that is out is never let in again by the background of another', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  await revoke(first, second)
  const { statement } = second.session.identity
  for (const { shell, vaultId } of first.session.vaults.all()) {
    if (shell === undefined || vaultId === first.session.vaults.userVault) continue
    assert.not(await bringInto(first.session, shell, second.session.identity.device, statement))
  }
  await first.end()
  await second.end()
})

test('the last device stays; names that mean none or several are refused', async () => {
  const net = new Net()
  const first = await person(net)
  const refused = (device: string) =>
    refusedWith(() => revokeDevice(first.session, { context: here, device, keep: [] }))
  assert.equal(await refused('laptop'), ['refused', 'last-device'])
  const [second, third] = [await joined(net, first), await joined(net, first)]
  await until('both names', () =>
    [second, third].every((one) =>
      first.session.vaults.user.replica.get('setting', `device/${idOf(one)}`),
    ),
  )
  assert.equal(await refused('desk'), ['usage', 'ambiguous-device'])
  assert.equal(await refused('nobody'), ['not-found', 'no-device'])
  assert.equal(await refused(idOf(second).slice(0, 5)), ['not-found', 'no-device'])
  net.connect(false)
  assert.equal(await refused(idOf(second).slice(0, 12)), ['unreachable', 'relay'])
  for (const one of [first, second, third]) await one.end()
})

test('what a device wrote that nobody had read is listed as lost, and may be written anew', async () => {
  const net = new Net()
  const first = await person(net)
  const second = await joined(net, first)
  // Its write reaches the relay after the removal, as if it had been under way.
  const shell = second.session.vaults.all().find(({ record }) => record?.title === 'web')?.shell
  assert.ok(shell)
  second.session.sync.detach(shell?.vaultId ?? first.session.vaults.userVault)
  await set(second, 'WEB', 'late', web)
  await shell?.seal({ entries: 1, bytes: 1 })
  const bodies = shell?.facts().outbox.map(({ body }) => body) ?? []
  assert.is(bodies.length, 1)
  await revoke(first, second)
  for (const body of bodies) net.append(shell?.vaultId ?? first.session.vaults.userVault, body)
  const lost = () => listLost(first.session, { context: web })
  await until('it to arrive', () => {
    const mine = first.session.vaults.all().find(({ record }) => record?.title === 'web')?.shell
    return (mine?.replica.lost().length ?? 0) > 0
  })
  assert.is(await get(first, 'WEB', web), 'web')
  assert.equal(
    (await lost()).lost.map(({ reference }) => reference),
    ['coffer://acme/web/WEB'],
  )
  const restore = () => restoreLost(first.session, { context: web, name: 'WEB' })
  await restore()
  assert.is(await get(first, 'WEB', web), 'late')
  assert.equal((await lost()).lost, [])
  assert.equal(await refusedWith(restore), ['not-found', 'not-lost'])
  await first.end()
  await second.end()
})

test('a project gets a new key when asked, and nothing but a project', async () => {
  const net = new Net()
  const first = await person(net)
  assert.is((await rotateProject(first.session, { context: web })).epoch, 2)
  await set(first, 'WEB', 'again', web)
  await until('it to be sent', () =>
    first.session.vaults.all().every(({ shell }) => shell !== undefined && isUploaded(net, shell)),
  )
  assert.is(await get(first, 'WEB', web), 'again')
  assert.equal(await refusedWith(() => rotateProject(first.session, { context: here })), [
    'usage',
    'no-project',
  ])
  await first.end()
})

test.run()
