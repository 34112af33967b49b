import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { LEVELS, orgRole, projectRole } from '../../../shared/log/levels.js'
import { listMembers, removeMember, updateMember } from './org-members.js'
import { listProjectMembers, setProjectMember } from './project-members.js'
import { createProject } from './scopes.js'
import { listSecrets } from '../secrets/secrets-read.js'
import { context, until } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { get, person, set, signal, web } from '../testing/pairing.js'
import { acme, member, orgOf, projectOf, roleAtRelay } from '../testing/team.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

await cryptoReady

test('each level has its roles in the org and in its projects', async () => {
  const net = new Net()
  const ann = await person(net)
  const org = orgOf(ann)?.vaultId
  const project = projectOf(ann, 'web')?.vaultId
  for (const [i, level] of LEVELS.entries()) {
    const one = await member(net, ann, level, `m${i}`)
    await until(`${level} in the project`, () => {
      return roleAtRelay(net, project, one) === projectRole(level)
    })
    assert.is(roleAtRelay(net, org, one), orgRole(level))
    if (level !== 'read') {
      await until(
        'the project',
        () => projectOf(one, 'web')?.replica.get('secret', 'WEB') !== undefined,
      )
      assert.is(await get(one, 'WEB', web), 'web')
    }
    await one.end()
  }
  const { members } = await listMembers(ann.session, { context: acme })
  assert.equal(
    members.map(({ level, email }) => [level, email]),
    [
      ['owner', ''],
      ['owner', 'm0@example.org'],
      ['admin', 'm1@example.org'],
      ['write', 'm2@example.org'],
      ['read+secrets', 'm3@example.org'],
      ['read', 'm4@example.org'],
    ],
  )
  assert.equal(ann.errors, [])
  await ann.end()
})

test('who is removed from the org is out of its projects, and what they could read is told', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  await until(
    'the secrets',
    () => projectOf(bob, 'web')?.replica.get('secret', 'WEB') !== undefined,
  )
  const project = projectOf(ann, 'web')
  const { exposed, left } = await removeMember(ann.session, {
    context: acme,
    who: 'BOB@example.org',
  })
  assert.equal([exposed, left], [[{ project: 'web', names: ['WEB'] }], []])
  assert.is(roleAtRelay(net, project?.vaultId, bob), undefined)
  assert.is(roleAtRelay(net, orgOf(ann)?.vaultId, bob), undefined)
  await set(ann, 'WEB', 'new', web)
  await set(ann, 'NEW', 'new', web)
  await ann.session.sync.barrier('all', { timeout: 1000 })
  const again = await removeMember(ann.session, { context: acme, who: 'bob@example.org' })
  assert.equal(again.exposed, [])
  assert.equal((await listMembers(ann.session, { context: acme })).members.length, 1)
  for (const one of [ann, bob]) await one.end()
})

test('a level changes in the org and all projects, and up again', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  const project = projectOf(ann, 'web')?.vaultId
  const who = 'bob@example.org'
  const lowered = await updateMember(ann.session, { context: acme, who, level: 'read' })
  assert.equal(lowered.exposed, [{ project: 'web', names: ['WEB'] }])
  assert.is(roleAtRelay(net, project, bob), 'viewer')
  assert.is(roleAtRelay(net, orgOf(ann)?.vaultId, bob), 'reader')
  await set(ann, 'LATER', 'x', web)
  const raised = await updateMember(ann.session, { context: acme, who, level: 'admin' })
  assert.equal([raised.exposed, raised.left], [[], []])
  assert.is(roleAtRelay(net, project, bob), 'admin')
  await until('what was written meanwhile', () => {
    return projectOf(bob, 'web')?.replica.get('secret', 'LATER') !== undefined
  })
  assert.is(await get(bob, 'LATER', web), 'x')
  for (const one of [ann, bob]) await one.end()
})

test("a new project has the org's members; a project decides otherwise, and the decision stays", async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'read+secrets')
  const api = context({ org: 'acme', project: 'api' })
  await createProject(ann.session, { context: acme, name: 'api' })
  await set(ann, 'K', 'v', api)
  await until(
    'the new project',
    () => projectOf(bob, 'api')?.replica.get('secret', 'K') !== undefined,
  )
  const who = 'bob@example.org'
  await setProjectMember(ann.session, { context: api, who, level: 'write' })
  const id = projectOf(ann, 'api')?.vaultId
  assert.is(roleAtRelay(net, id, bob), 'writer')
  await until('the right to write', () => projectOf(bob, 'api')?.replica.mayWrite === true)
  await set(bob, 'FROM', 'bob', api)
  await until('it', () => projectOf(ann, 'api')?.replica.get('secret', 'FROM') !== undefined)
  const { secrets } = await listSecrets(ann.session, { context: api }, signal)
  assert.equal(
    secrets.map(({ author: { user } }) => user),
    ['bob@example.org', 'Ann'],
  )
  const { members } = await listProjectMembers(ann.session, { context: api })
  assert.equal(
    members.map(({ member: one, own }) => [one.level, own]),
    [
      ['owner', false],
      ['write', true],
    ],
  )
  const out = await setProjectMember(ann.session, { context: api, who, level: 'none' })
  assert.equal(out.exposed, ['FROM', 'K'])
  assert.is(roleAtRelay(net, id, bob), 'viewer')
  assert.equal((await listProjectMembers(ann.session, { context: api })).members.length, 1)
  assert.is(roleAtRelay(net, projectOf(ann, 'web')?.vaultId, bob), 'reader')
  for (const one of [ann, bob]) await one.end()
})

test('a writer makes no project and manages nobody; nobody takes their own level', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  const made = createProject(bob.session, { context: acme, name: 'mine' })
  assert.equal(await refusedWith(() => made), ['refused', 'role'])
  const who = bob.session.identity.userId
  const raising = updateMember(bob.session, { context: acme, who, level: 'admin' })
  assert.equal(await refusedWith(() => raising), ['refused', 'role'])
  const own = updateMember(ann.session, {
    context: acme,
    who: ann.session.identity.userId,
    level: 'read',
  })
  assert.equal(await refusedWith(() => own), ['refused', 'self'])
  const nobody = updateMember(ann.session, { context: acme, who: 'eve@example.org', level: 'read' })
  assert.equal(await refusedWith(() => nobody), ['not-found', 'no-member'])
  for (const one of [ann, bob]) await one.end()
})

test.run()
