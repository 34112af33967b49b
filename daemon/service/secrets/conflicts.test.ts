import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { conflictCount } from '../testing/counts.js'
import { until, type Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { b64, get, here, isUploaded, joined, person, set } from '../testing/pairing.js'
import { listConflicts, resolveConflict } from './conflicts.js'
import { removeSecrets } from './secrets-write.js'

await cryptoReady

/** Two devices of one person, in step. */
async function pair(): Promise<{ net: Net; first: Device; second: Device }> {
  const net = new Net()
  const first = await person(net)
  return { net, first, second: await joined(net, first) }
}

/** Waits until the second device holds what the first wrote. */
async function carried(net: Net, { session }: Device, other: Device): Promise<void> {
  await until('the upload', () => isUploaded(net, session.vaults.user))
  await other.session.sync.barrier('all', { timeout: 1000 })
}

async function apart(net: Net, both: readonly Device[], write: () => Promise<void>): Promise<void> {
  net.connect(false)
  await write()
  net.connect(true)
  await until('the conflict', () => both.every((one) => conflictCount(one) === 1))
}

const conflictsOf = async ({ session }: Device) =>
  (await listConflicts(session, { context: here, all: true })).conflicts

test('both devices tell what the values were written over, and it is over when one is chosen', async () => {
  const { net, first, second } = await pair()
  const both = [first, second]
  await set(first, 'C', 'before')
  await carried(net, first, second)
  await apart(net, both, async () => {
    await set(first, 'C', 'one')
    await set(second, 'C', 'other')
  })
  for (const device of both) {
    const [conflict, ...more] = await conflictsOf(device)
    assert.equal([conflict?.reference, more], ['/user/C', []])
    const { base, siblings } = conflict!
    assert.equal([base?.version.number, base?.kind, base?.size], [1, 'put', 6])
    assert.is(base?.author.self, device === first)
    assert.not('winner' in base!)
    assert.is(siblings.length, 2)
    assert.not(siblings.some(({ version }) => version.id === base?.version.id))
  }
  const [conflict] = await conflictsOf(first)
  const other = conflict!.siblings.find(({ author }) => !author.self)!
  const choice = { kind: 'version', version: other.version.id } as const
  await resolveConflict(first.session, { context: here, name: '/user/C', choice })
  assert.is(await get(first, 'C'), 'other')
  assert.equal(await conflictsOf(first), [])
  for (const one of both) await one.end()
})

test('there is no base where a name was made apart; a delete may be one', async () => {
  const { net, first, second } = await pair()
  const both = [first, second]
  const write = async (): Promise<void> => {
    await set(first, 'C', 'one')
    await set(second, 'C', 'other')
  }
  await apart(net, both, write)
  assert.is((await conflictsOf(second))[0]?.base, undefined)
  const choice = { kind: 'value', value: b64('both') } as const
  await resolveConflict(first.session, { context: here, name: '/user/C', choice })
  await removeSecrets(first.session, { context: here, names: ['C'] })
  await carried(net, first, second)
  await apart(net, both, write)
  const base = (await conflictsOf(second))[0]?.base
  assert.equal([base?.kind, base?.size], ['delete', undefined])
  for (const one of both) await one.end()
})

test.run()
