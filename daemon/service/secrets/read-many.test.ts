import { Buffer } from 'node:buffer'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { createOrg, createProject } from '../people/scopes.js'
import { context, Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { readMany } from './read-many.js'
import { removeSecrets, setMany, setSecret } from './secrets-write.js'

await cryptoReady

const device = await Device.found({ net: new Net() })
const folder = mkdtempSync(join(tmpdir(), 'coffer-many-'))
test.after(async () => {
  await device.end()
  rmSync(folder, { recursive: true, force: true })
})
const { session } = device
const here = context()
const web = context({ org: 'acme', project: 'web' })
await createOrg(session, { context: here, name: 'acme' })
await createProject(session, { context: context({ org: 'acme' }), name: 'web' })

const b64 = (text: string): string => Buffer.from(text).toString('base64')
const put = (name: string, text: string, where = web) =>
  setSecret(session, { context: where, name, value: b64(text) })
type Asked = Omit<Params<'secretReadMany'>, 'context'>
const read = (asked: Asked, where = web): Promise<Result<'secretReadMany'>> =>
  readMany(session, { context: where, ...asked }, new AbortController().signal)
const pairs = ({ secrets }: Result<'secretReadMany'>): [string, string][] =>
  secrets.map(({ asked, value }) => [asked, Buffer.from(value, 'base64').toString()])

await put('B', 'two')
await put('A', 'one')
await put('db/PASSWORD', 'three')
await put('MINE', 'own', here)

test('names come in the order they were asked for, from several vaults, and what is missing is told', async () => {
  const answer = await read({ names: ['B', '/user/MINE', 'NOT', 'coffer://acme/web/A', 'B'] })
  assert.equal(pairs(answer), [
    ['B', 'two'],
    ['/user/MINE', 'own'],
    ['coffer://acme/web/A', 'one'],
    ['B', 'two'],
  ])
  assert.equal(
    answer.missing.map(({ asked, reference }) => [asked, reference]),
    [['NOT', 'coffer://acme/web/NOT']],
  )
  assert.is(answer.next, null)
})

test('a whole vault, or what is under a path', async () => {
  assert.equal(
    pairs(await read({})).map(([name]) => name),
    ['A', 'B', 'db/PASSWORD'],
  )
  assert.equal(pairs(await read({ prefix: 'db' })), [['db/PASSWORD', 'three']])
  assert.equal(pairs(await read({}, here)), [['MINE', 'own']])
})

test('an org or project that is not there fails the whole', async () => {
  const wrong = read({ names: ['A', 'coffer://acme/nothing/A'] })
  assert.equal(await refusedWith(() => wrong), ['not-found', 'no-project'])
})

test('large values come in pages that lose and double nothing', async () => {
  await createProject(session, { context: context({ org: 'acme' }), name: 'large' })
  const large = context({ org: 'acme', project: 'large' })
  const names = Array.from({ length: 20 }, (_, i) => `L${String(i).padStart(2, '0')}`)
  const value = Buffer.alloc(512 * 1024, 7).toString('base64')
  for (const half of [names.slice(0, 10), names.slice(10)]) {
    const items = half.map((name) => ({ name, value }))
    await setMany(session, { context: large, items, dryRun: false })
  }
  const seen: string[] = []
  let after: string | undefined
  let pages = 0
  do {
    const answer: Result<'secretReadMany'> = await read(after === undefined ? {} : { after }, large)
    seen.push(...answer.secrets.map(({ name }) => name))
    after = answer.next ?? undefined
    pages++
  } while (after !== undefined)
  assert.equal([seen, pages], [names, 2])
})

test('what comes and goes between two pages shifts no other', async () => {
  await createProject(session, { context: context({ org: 'acme' }), name: 'moving' })
  const moving = context({ org: 'acme', project: 'moving' })
  const value = Buffer.alloc(512 * 1024, 7).toString('base64')
  const names = Array.from({ length: 18 }, (_, i) => `M${String(i).padStart(2, '0')}`)
  for (const half of [names.slice(0, 9), names.slice(9)]) {
    const items = half.map((name) => ({ name, value }))
    await setMany(session, { context: moving, items, dryRun: false })
  }
  const asked = ['A', ...names]
  const whole = await read({}, moving)
  const some = await read({ names: asked }, moving)
  await removeSecrets(session, { context: moving, names: ['M00'] })
  const rest = async (more: Asked, { next }: Result<'secretReadMany'>) =>
    read({ ...more, ...(next === null ? {} : { after: next }) }, moving)
  const all = [...whole.secrets, ...(await rest({}, whole)).secrets]
  assert.equal(
    all.map(({ name }) => name),
    names,
  )
  await setMany(session, {
    context: moving,
    items: ['A', 'M00'].map((name) => ({ name, value: 'QQ==' })),
    dryRun: false,
  })
  const both = [...some.secrets, ...(await rest({ names: asked }, some)).secrets]
  assert.equal(
    both.map(({ name }) => name),
    names,
  )
  assert.equal(
    some.missing.map((one) => one.asked),
    ['A'],
  )
})

test('a .coffer.yaml of somebody else may not choose what a program gets', async () => {
  writeFileSync(join(folder, '.coffer.yaml'), 'org: acme\nproject: web\n')
  const there = { ...here, cwd: folder }
  assert.is(pairs(await read({ names: ['A'] }, there)).length, 1)
  for (const asked of [{ names: ['A'] }, {}]) {
    const forChild = read({ ...asked, forChild: true }, there)
    assert.equal(await refusedWith(() => forChild), ['refused', 'not-allowed'])
  }
  assert.is(pairs(await read({ names: ['A'], forChild: true })).length, 1)
})

test.run()
