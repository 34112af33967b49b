import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { DIRECTORY_SPACE, encodeRecord } from './directory.js'
import { selectionOf } from '../place.js'
import {
  createOrg,
  createProject,
  listOrgs,
  listProjects,
  removeProject,
  selectOrg,
  selectProject,
} from './scopes.js'
import { context, Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

await cryptoReady

const device = await Device.found({ net: new Net() })
test.after(() => device.end())
const { session } = device
const here = context()
const acme = context({ org: 'acme' })

const org = (name: string) => createOrg(session, { context: here, name })
const project = (name: string, where = acme) => createProject(session, { context: where, name })
const orgs = async () => (await listOrgs(session, { context: here })).orgs.map(({ name }) => name)
const projects = async () =>
  (await listProjects(session, { context: acme })).projects.map(({ name }) => name)

test('orgs and projects are made once each', async () => {
  assert.is((await org('acme')).name, 'acme')
  assert.equal(await refusedWith(() => org('acme')), ['exists', 'org-exists'])
  await project('web')
  assert.equal(await refusedWith(() => project('web')), ['exists', 'project-exists'])
  await project('api')
  assert.equal(await orgs(), ['acme'])
  assert.equal(await projects(), ['api', 'web'])
})

test('bad names, a missing org and no org are refused', async () => {
  for (const name of ['', 'user', 'a/b', 'a=b', 'a~2', '.', '\u202Eevil']) {
    assert.is((await refusedWith(() => org(name)))[0], 'format', name)
  }
  assert.is((await refusedWith(() => org('x'.repeat(300))))[0], 'limit')
  assert.equal(await refusedWith(() => project('p', here)), ['usage', 'no-org'])
  assert.equal(await refusedWith(() => project('p', context({ org: 'none' }))), [
    'not-found',
    'no-org',
  ])
})

test('two at once make one', async () => {
  const made = await Promise.allSettled([org('twice'), org('twice')])
  assert.equal(made.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
})

test('select is remembered by vault, org and project together', async () => {
  await org('beta')
  await project('web', context({ org: 'beta' }))
  await selectOrg(session, { context: here, name: 'acme' })
  await selectProject(session, { context: here, name: 'web' })
  const selected = async () => {
    const { org: o, project: p, projectFrom } = await selectionOf(session, here)
    return [o, p, projectFrom]
  }
  assert.equal(await selected(), ['acme', 'web', 'select'])
  await selectOrg(session, { context: here, name: 'beta' })
  assert.equal(await selected(), ['beta', undefined, 'nothing'])
  await selectProject(session, { context: here, name: 'web' })
  assert.equal(await selected(), ['beta', 'web', 'select'])
  assert.equal(await refusedWith(() => selectProject(session, { context: here, name: 'api' })), [
    'not-found',
    'no-project',
  ])
  await selectProject(session, { context: here, name: null })
  assert.equal(await selected(), ['beta', undefined, 'nothing'])
  await selectOrg(session, { context: here, name: null })
  assert.equal(await selected(), [undefined, undefined, 'nothing'])
})

test('a removed project is gone from list and selection', async () => {
  await project('old')
  await selectOrg(session, { context: here, name: 'acme' })
  await selectProject(session, { context: acme, name: 'old' })
  await removeProject(session, { context: acme, name: 'old' })
  assert.not.ok((await projects()).includes('old'))
  assert.is((await selectionOf(session, here)).project, undefined)
  assert.equal(await refusedWith(() => removeProject(session, { context: acme, name: 'old' })), [
    'not-found',
    'no-project',
  ])
})

test('what another device wrote into a directory is shown, or passed over when it is no entry', async () => {
  const record = encodeRecord({ kind: 'org', title: 'acme' })
  const other = 'ff'.repeat(32)
  await session.vaults.user.write(() => [
    { space: DIRECTORY_SPACE, name: other, value: record },
    { space: DIRECTORY_SPACE, name: 'no vault', value: record },
    { space: DIRECTORY_SPACE, name: 'ee'.repeat(32), value: Uint8Array.of(1, 2, 3) },
  ])
  const shown = await orgs()
  assert.equal(
    shown.filter((name) => name.startsWith('acme')),
    ['acme', 'acme~2'],
  )
  assert.is(device.errors.length, 1)
})

test.run()
