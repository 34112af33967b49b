import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { systemRandom } from '../../random.js'
import { storageError } from '../../store/store.js'
import { generateSecret, generateValue, randomText } from './generate.js'
import { secretEnvironment } from './environment.js'
import { getSecret, listSecrets, secretHistory } from './secrets-read.js'
import { moveSecret, removeSecrets, rollbackSecret, setMany, setSecret } from './secrets-write.js'
import { createOrg, createProject } from '../people/scopes.js'
import { context, Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

await cryptoReady

const device = await Device.found({ net: new Net() })
test.after(() => device.end())
const { session } = device
const signal = new AbortController().signal
const here = context()
const web = context({ org: 'acme', project: 'web' })

await createOrg(session, { context: here, name: 'acme' })
await createProject(session, { context: context({ org: 'acme' }), name: 'web' })
await createProject(session, { context: context({ org: 'acme' }), name: 'api' })

const b64 = (text: string): string => Buffer.from(text).toString('base64')
const set = (name: string, text: string, where = here) =>
  setSecret(session, { context: where, name, value: b64(text) })
async function get(name: string, where = here): Promise<string> {
  const { value } = await getSecret(session, { context: where, name }, signal)
  return Buffer.from(value, 'base64').toString()
}
const names = async (prefix?: string, where = here): Promise<string[]> => {
  const params = { context: where, ...(prefix === undefined ? {} : { prefix }) }
  return (await listSecrets(session, params, signal)).secrets.map(({ name }) => name)
}

test('what was set comes back; a second set is a new version', async () => {
  const first = await set('db/PASSWORD', 'one')
  assert.equal(
    [first.reference, first.version.number, first.created],
    ['/user/db/PASSWORD', 1, true],
  )
  const second = await set('db/PASSWORD', 'two')
  assert.equal([second.version.number, second.created], [2, false])
  assert.is(await get('db/PASSWORD'), 'two')
  const old = { context: here, name: 'db/PASSWORD', version: '1' }
  assert.is((await getSecret(session, old, signal)).value, b64('one'))
  const byId = { ...old, version: first.version.id.slice(0, 12) }
  assert.is((await getSecret(session, byId, signal)).value, b64('one'))
  for (const version of ['3', '0', 'ffffffffff']) {
    const wrong = getSecret(session, { ...old, version }, signal)
    assert.equal(await refusedWith(() => wrong), ['not-found', 'no-version'], version)
  }
})

test('values are bytes, the empty one and 512 KiB of them too', async () => {
  for (const bytes of [new Uint8Array(0), Uint8Array.of(0, 255, 10), systemRandom(512 * 1024)]) {
    const value = Buffer.from(bytes).toString('base64')
    await setSecret(session, { context: here, name: 'BYTES', value })
    assert.is((await getSecret(session, { context: here, name: 'BYTES' }, signal)).value, value)
  }
})

test('names are kept apart by project and reached from anywhere by reference', async () => {
  await set('SAME', 'mine')
  await set('SAME', 'web', web)
  assert.is(await get('SAME'), 'mine')
  assert.is(await get('SAME', web), 'web')
  assert.is(await get('coffer://acme/web/SAME'), 'web')
  assert.is(await get('/user/SAME', web), 'mine')
  assert.equal(await refusedWith(() => get('coffer://acme/api/SAME')), ['not-found', 'no-secret'])
  assert.equal(await refusedWith(() => get('coffer://acme/none/SAME')), ['not-found', 'no-project'])
  assert.equal(await refusedWith(() => get('coffer://none/web/SAME')), ['not-found', 'no-org'])
  assert.equal(await refusedWith(() => get('SAME', context({ org: 'acme' }))), [
    'usage',
    'no-project',
  ])
})

test('a listing is sorted by code point and cut by its prefix', async () => {
  const odd = ['p/b', 'p/a', 'p/\u{1F600}', 'p/\uFB00', 'pq']
  for (const name of odd) await set(name, 'x')
  assert.equal(await names('p'), ['p/a', 'p/b', 'p/\uFB00', 'p/\u{1F600}'])
  assert.ok((await names()).includes('pq'))
  assert.equal(await names('nothing/here'), [])
})

test('many at once: created, changed, unchanged, in one transaction', async () => {
  await set('M1', 'same')
  await set('M2', 'old')
  const items = [
    { name: 'M1', value: b64('same') },
    { name: 'M2', value: b64('new') },
    { name: 'M3', value: b64('fresh') },
  ]
  const dry = await setMany(session, { context: here, items, dryRun: true })
  assert.equal([dry.created, dry.changed, dry.unchanged], [['M3'], ['M2'], ['M1']])
  assert.equal(await refusedWith(() => get('M3')), ['not-found', 'no-secret'])
  const before = session.vaults.user.facts().drafts
  const done = await setMany(session, { context: here, items, dryRun: false })
  assert.equal([done.created, done.changed, done.unchanged], [['M3'], ['M2'], ['M1']])
  assert.is(session.vaults.user.facts().drafts, before + 1)
  assert.is(await get('M2'), 'new')
})

test('many at once refuse doubled names, two vaults and more than fits', async () => {
  const many = (items: { name: string; value: string }[]) =>
    refusedWith(() => setMany(session, { context: here, items, dryRun: false }))
  const one = { name: 'X', value: b64('x') }
  assert.equal(await many([one, one]), ['usage', 'doubled-name'])
  assert.equal(await many([one, { ...one, name: '/user/X' }]), ['usage', 'doubled-name'])
  assert.equal(await many([one, { ...one, name: 'coffer://acme/web/X' }]), ['usage', 'two-vaults'])
  const big = Buffer.alloc(500 * 1024).toString('base64')
  const heavy = Array.from({ length: 17 }, (_, i) => ({ name: `H${i}`, value: big }))
  assert.equal(await many(heavy), ['limit', 'transaction'])
  assert.equal(await refusedWith(() => get('X')), ['not-found', 'no-secret'])
})

test('rm takes all names or none, and rollback brings one back', async () => {
  await set('R1', 'one')
  await set('R2', 'two')
  const rm = (wanted: string[]) => removeSecrets(session, { context: here, names: wanted })
  assert.equal(await refusedWith(() => rm(['R1', 'NOPE'])), ['not-found', 'no-secret'])
  assert.is(await get('R1'), 'one')
  assert.equal((await rm(['R1', 'R2'])).references, ['/user/R1', '/user/R2'])
  assert.equal(await refusedWith(() => get('R1')), ['not-found', 'no-secret'])
  assert.not.ok((await names()).includes('R1'))
  const back = await rollbackSecret(session, { context: here, name: 'R1', version: '1' })
  assert.equal([back.version.number, back.created], [3, true])
  assert.is(await get('R1'), 'one')
  const gone = rollbackSecret(session, { context: here, name: 'R1', version: '2' })
  assert.equal(await refusedWith(() => gone), ['usage', 'deleted-version'])
})

test('a history tells kind, size and what is current', async () => {
  await set('HIST', 'abc')
  await removeSecrets(session, { context: here, names: ['HIST'] })
  await setSecret(session, { context: here, name: 'HIST', value: b64('defgh'), note: 'rotated' })
  const { versions } = await secretHistory(session, { context: here, name: 'HIST' }, signal)
  const told = versions.map(({ kind, size, current, note, version }) => {
    return [version.number, kind, size, current, note]
  })
  assert.equal(told, [
    [3, 'put', 5, true, 'rotated'],
    [2, 'delete', undefined, false, undefined],
    [1, 'put', 3, false, undefined],
  ])
  assert.ok(versions.every(({ author, queued }) => author.self && !queued))
})

test('mv renames in one transaction, crosses vaults, and spares what is there', async () => {
  const mv = (from: string, to: string, force = false) =>
    moveSecret(session, { context: here, from, to, force })
  await set('MV', 'v')
  const before = session.vaults.user.facts().drafts
  await mv('MV', 'MV2')
  assert.is(session.vaults.user.facts().drafts, before + 1)
  assert.is(await get('MV2'), 'v')
  assert.equal(await refusedWith(() => get('MV')), ['not-found', 'no-secret'])
  await set('TAKEN', 't')
  assert.equal(await refusedWith(() => mv('MV2', 'TAKEN')), ['exists', 'secret-exists'])
  assert.equal(await refusedWith(() => mv('MV2', '/user/MV2')), ['usage', 'same-name'])
  assert.equal(await refusedWith(() => mv('NOPE', 'X')), ['not-found', 'no-secret'])
  await mv('MV2', 'TAKEN', true)
  assert.is(await get('TAKEN'), 'v')
  await mv('TAKEN', 'coffer://acme/api/MOVED')
  assert.is(await get('coffer://acme/api/MOVED'), 'v')
  assert.equal(await refusedWith(() => get('TAKEN')), ['not-found', 'no-secret'])
})

test('a generated value has its length and letters, and comes back only when asked for', async () => {
  const make = (name: string, force: boolean, reveal: boolean) =>
    generateSecret(session, {
      context: here,
      name,
      length: 40,
      charset: 'base64url',
      force,
      reveal,
    })
  assert.is((await make('GEN', false, false)).value, undefined)
  assert.match(await get('GEN'), /^[A-Za-z0-9_-]{40}$/)
  assert.equal(await refusedWith(() => make('GEN', false, false)), ['exists', 'secret-exists'])
  const { value } = await make('GEN', true, true)
  assert.is(Buffer.from(value ?? '', 'base64').toString(), await get('GEN'))
})

test('a value can be made without being written', () => {
  const before = session.vaults.user.facts().drafts
  const text = (): string =>
    Buffer.from(generateValue(session, { length: 24, charset: 'hex' }).value, 'base64').toString()
  assert.match(text(), /^[0-9a-f]{24}$/)
  assert.is.not(text(), text())
  assert.is(session.vaults.user.facts().drafts, before)
})

test('generated letters are uniform', () => {
  const counts = new Map<string, number>()
  for (const letter of randomText('digits', 100_000, systemRandom)) {
    counts.set(letter, (counts.get(letter) ?? 0) + 1)
  }
  assert.is(counts.size, 10)
  // Ten thousand each, give or take six standard deviations of 95.
  for (const count of counts.values()) assert.ok(Math.abs(count - 10_000) < 570, String(count))
})

test('an environment holds the identifiers of a project, or what was asked for', async () => {
  await set('API_KEY', 'k', web)
  await set('nested/KEY', 'n', web)
  const all = await secretEnvironment(session, { context: web, allow: [] }, signal)
  assert.equal(
    all.variables.map(({ name }) => name),
    ['API_KEY', 'SAME'],
  )
  assert.equal(all.skipped, ['nested/KEY'])
  const only = { context: web, allow: [], only: ['API_KEY'] }
  const one = await secretEnvironment(session, only, signal)
  assert.equal(one.variables, [{ name: 'API_KEY', value: b64('k') }])
  const none = { ...only, only: ['NOPE'] }
  assert.equal(await refusedWith(() => secretEnvironment(session, none, signal)), [
    'not-found',
    'no-secret',
  ])
  await set('PATH', '/evil', web)
  const loader = { context: web, allow: [] }
  assert.equal(await refusedWith(() => secretEnvironment(session, loader, signal)), [
    'refused',
    'loader-variable',
  ])
  await secretEnvironment(session, { ...loader, allow: ['PATH'] }, signal)
})

test('a full disk refuses the write by name and reads go on', async () => {
  await set('FULL', 'before')
  const disk = device.disks.get(session.vaults.userVault)!
  disk.failure = storageError('full', 'the disk is full')
  assert.equal(await refusedWith(() => set('FULL', 'after')), ['storage', 'full'])
  assert.is(await get('FULL'), 'before')
  disk.failure = undefined
  await set('FULL', 'after')
  assert.is(await get('FULL'), 'after')
})

test('everything is there after a restart, and nothing while locked', async () => {
  await set('KEEP', 'me', web)
  await device.engine.guarded.close()
  assert.equal(await refusedWith(() => device.session), ['locked', 'locked'])
  await device.engine.guarded.open(device.unlocked)
  const again = await getSecret(device.session, { context: web, name: 'KEEP' }, signal)
  assert.is(again.value, b64('me'))
})

test.run()
