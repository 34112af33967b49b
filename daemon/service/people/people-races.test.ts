import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import type { DeviceId } from '../../../shared/ids.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { devicesOf, roleAt } from '../../../shared/log/membership.js'
import { planMember, planRemoval } from '../../core/vault/removing.js'
import { pairsOf, todosOf } from './grants.js'
import { deviceOf, freshDevice } from '../../keystore/device.js'
import { systemRandom } from '../../random.js'
import { addLink } from '../links.js'
import { listMembers, removeMember, updateMember } from './org-members.js'
import { setProjectMember } from './project-members.js'
import { removing } from '../removal/removal.js'
import { membersOf } from './org-people.js'
import { createProject } from './scopes.js'
import { identityOf } from '../session.js'
import { until, type Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { joined, person, set, web } from '../testing/pairing.js'
import { acme, member, orgOf, projectOf, roleAtRelay } from '../testing/team.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

// Several admins at once, and some who are interrupted: in the end one outcome, whoever looks.

await cryptoReady

const BOB = 'bob@example.org'

/** Removes a person from the org alone, as a device does that is interrupted right after it. */
async function removeAndStop(by: Device, who: Device): Promise<void> {
  const org = orgOf(by)
  if (org === undefined) throw new Error('no org')
  const { userId } = who.session.identity
  await addLink(by.session, org, (replica) => {
    const { membership } = replica
    const devices = membership === undefined ? [] : devicesOf(membership, userId)
    return planRemoval(removing(by.session, replica), new Set(devices.map(({ id }) => id)))
  })
  await by.engine.guarded.close()
}

test('a removal that was interrupted after its first link is finished by another admin', async () => {
  const net = new Net()
  const ann = await person(net)
  const cleo = await member(net, ann, 'admin', 'cleo')
  const bob = await member(net, ann, 'write')
  const project = projectOf(ann, 'web')?.vaultId
  await until('everybody in the project', () => {
    return roleAtRelay(net, project, bob) === 'writer' && projectOf(cleo, 'web') !== undefined
  })
  const disk = net.vaults.get(project!)!
  const before = disk.membership.epochs.length
  await removeAndStop(ann, bob)
  await until('the other admin', () => roleAtRelay(net, project, bob) === undefined)
  assert.is(disk.membership.epochs.length, before + 1)
  for (const one of [ann, cleo, bob]) await one.end()
})

test('attack 31: removed by one admin while another lets the same person into projects, a person is out of all', async () => {
  const net = new Net()
  const ann = await person(net)
  const cleo = await member(net, ann, 'admin', 'cleo')
  const bob = await member(net, ann, 'write')
  await until('cleo to see all', () => {
    const org = orgOf(cleo)
    return projectOf(cleo, 'web') !== undefined && membersOf(org!.replica).length === 3
  })
  await Promise.allSettled([
    removeMember(ann.session, { context: acme, who: BOB }),
    setProjectMember(cleo.session, { context: web, who: BOB, level: 'admin' }),
    setProjectMember(cleo.session, { context: web, who: BOB, level: 'write' }),
    createProject(cleo.session, { context: acme, name: 'ops' }),
  ])
  await until('both projects on both sides', () => {
    return [ann, cleo].every((one) => projectOf(one, 'web') && projectOf(one, 'ops'))
  })
  await until('bob to be out', () => {
    return ['web', 'ops'].every((title) => {
      return roleAtRelay(net, projectOf(cleo, title)?.vaultId, bob) === undefined
    })
  })
  assert.is(roleAtRelay(net, orgOf(ann)?.vaultId, bob), undefined)
  for (const one of [ann, cleo, bob]) await one.end()
})

test('two owners who remove each other: one stays, and hears of it no wrong', async () => {
  const net = new Net()
  const ann = await person(net)
  const cleo = await member(net, ann, 'owner', 'cleo')
  await until('cleo to see all', () => projectOf(cleo, 'web') !== undefined)
  const ends = await Promise.allSettled([
    removeMember(ann.session, { context: acme, who: 'cleo@example.org' }),
    removeMember(cleo.session, { context: acme, who: ann.session.identity.userId }),
  ])
  const org = net.vaults.get(orgOf(ann)!.vaultId)!.membership
  const left = [ann, cleo].filter((one) => devicesOf(org, one.session.identity.userId).length > 0)
  assert.is(left.length, 1)
  assert.is(ends.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const one of [ann, cleo]) await one.end()
})

test('attack 34: an admin, a reader and a second device tell the same levels', async () => {
  const net = new Net()
  const ann = await person(net)
  const second = await joined(net, ann)
  const bob = await member(net, ann, 'read+secrets')
  const cleo = await member(net, ann, 'read', 'cleo')
  await updateMember(ann.session, { context: acme, who: BOB, level: 'write' })
  const told = (device: Device): string => {
    const org = orgOf(device)
    const all = org === undefined ? [] : membersOf(org.replica)
    return all.map(({ userId, level, email }) => `${userId} ${level} ${email}`).join(', ')
  }
  const wanted = told(ann)
  assert.match(wanted, / write bob@example.org/)
  for (const one of [second, bob, cleo]) {
    await until('the same word', () => told(one) === wanted)
    const { members } = await listMembers(one.session, { context: acme })
    assert.is(members.length, 3)
  }
  for (const one of [ann, second, bob, cleo]) await one.end()
})

test("a person's second device comes into the org's projects by itself", async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  await until(
    'the project',
    () => projectOf(bob, 'web')?.replica.get('secret', 'WEB') !== undefined,
  )
  bob.useRelay()
  await bob.restart()
  await until('his own vault at the relay', () => net.vaults.has(bob.session.vaults.userVault))
  const second = await joined(net, bob)
  await until(
    'the secret',
    () => projectOf(second, 'web')?.replica.get('secret', 'WEB') !== undefined,
  )
  await set(second, 'X', 'y', web)
  await until('the write', () => projectOf(ann, 'web')?.replica.get('secret', 'X') !== undefined)
  const { exposed } = await removeMember(ann.session, { context: acme, who: BOB })
  assert.equal(exposed, [{ project: 'web', names: ['WEB', 'X'] }])
  const project = net.vaults.get(projectOf(ann, 'web')!.vaultId)!
  assert.equal(devicesOf(project.membership, bob.session.identity.userId), [])
  for (const one of [ann, bob, second]) await one.end()
})

test('who comes back under the same user brings no removed device back into a project', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  const project = projectOf(ann, 'web')?.vaultId
  await until('bob in', () => roleAtRelay(net, project, bob) === 'writer')
  const gone = bob.session.identity.device
  await removeAndStop(ann, bob)
  // The same person, another device: let into the org while the old one is still in the project.
  const { userId } = bob.session.identity
  net.connect(false)
  await ann.engine.guarded.open(ann.unlocked)
  await until('the org', () => orgOf(ann) !== undefined)
  const org = orgOf(ann)!
  const labels = { name: '', email: '', device: '' }
  const { statement } = identityOf(deviceOf(freshDevice({ userId, ...labels }, systemRandom)))
  const entry = await org.change((replica) => {
    const plan = planMember(removing(ann.session, replica), [statement], 'writer', () => '')
    return replica.propose(plan.action, plan.wraps)
  })
  net.append(org.vaultId, entry.entry)
  net.connect(true)
  const role = (device: DeviceId) => roleAt(net.vaults.get(project!)!.membership, device)
  await until('the new device', () => role(deviceIdOf(statement.keys)) !== undefined)
  assert.is(role(gone), undefined)
  for (const one of [ann, bob]) await one.end()
})

test('what is left to be done is seen by who manages the project, and done when the relay is there', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  const project = projectOf(ann, 'web')?.vaultId
  await until('bob in', () => roleAtRelay(net, project, bob) === 'writer')
  await removeAndStop(ann, bob)
  net.connect(false)
  await ann.engine.guarded.open(ann.unlocked)
  await until('the project', () => projectOf(ann, 'web') !== undefined)
  const todo = (): unknown[] =>
    todosOf(ann.session, pairsOf(ann.session)).map(({ projectName, userId, may }) => {
      return [projectName, userId, may]
    })
  assert.equal(todo(), [['web', bob.session.identity.userId, true]])
  net.connect(true)
  await until('nothing left', () => todo().length === 0)
  assert.is(roleAtRelay(net, project, bob), undefined)
  for (const one of [ann, bob]) await one.end()
})

test('without the relay nobody is removed, and nothing stays behind', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  net.connect(false)
  const removal = removeMember(ann.session, { context: acme, who: BOB })
  assert.is((await refusedWith(() => removal))[0], 'unreachable')
  const change = updateMember(ann.session, { context: acme, who: BOB, level: 'read' })
  assert.is((await refusedWith(() => change))[0], 'unreachable')
  net.connect(true)
  await ann.session.sync.barrier('all', { timeout: 1000 })
  assert.is(roleAtRelay(net, orgOf(ann)?.vaultId, bob), 'writer')
  for (const one of [ann, bob]) await one.end()
})

test.run()
