import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, utf8 } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import { idOf, type UserId, type VaultId } from '../../shared/ids.js'
import { Secret } from '../../shared/redacted.js'
import { systemRandom } from '../random.js'
import { deriveLocalKeys } from '../core/crypto/passphrase.js'
import { deviceOf, freshDevice } from '../keystore/device.js'
import { SealedStore } from '../store/sealed.js'
import { storageError } from '../store/store.js'
import { identityOf } from '../service/session.js'
import { sealedOptions } from '../service/stores.js'
import { Disk } from '../service/testing/device.js'
import { VaultShell } from './shell.js'
import type { VaultEvent } from './vault-event.js'
import { refusedWith } from '../../shared/testing/refusal.js'

await cryptoReady

const keys = deriveLocalKeys(new Secret(systemRandom(32)))
const record = { userId: idOf<UserId>(systemRandom(16)), name: '', email: '', device: 'laptop' }
const identity = identityOf(deviceOf(freshDevice(record, systemRandom)))
const errors: unknown[] = []
const env = {
  random: systemRandom,
  now: () => 1_700_000_000_000,
  onError: (error: unknown) => errors.push(error),
}

function put(name: string, value: string) {
  return { space: 'secret' as const, name, value: utf8(value) }
}

function valueOf({ replica }: VaultShell, name: string): string | undefined {
  const current = replica.get('secret', name)
  return current && fromUtf8(replica.value(current.winner))
}

async function open(disk: Disk, vaultId: VaultId): Promise<VaultShell> {
  const store = await SealedStore.open(disk, sealedOptions({ keys }, vaultId, systemRandom))
  return VaultShell.open(env, identity, vaultId, store)
}

/** A person has read what there is. */
function read(shell: VaultShell): Promise<number> {
  return shell.told((notices, replica) => notices.acknowledge(replica, env.now()))
}

async function found(): Promise<{ shell: VaultShell; disk: Disk }> {
  const disk = new Disk()
  const what = { kind: 'user' as const, label: 'laptop' }
  const shell = await VaultShell.create(env, identity, what, (vaultId) =>
    SealedStore.open(disk, sealedOptions({ keys }, vaultId, systemRandom)),
  )
  return { shell, disk }
}

test('a write is one batch, told after it is durable, and there after opening again', async () => {
  const { shell, disk } = await found()
  const events: VaultEvent[] = []
  shell.watch((event) => events.push(event))
  const before = disk.batches
  const writing = shell.write(() => [put('A', '1'), put('B', '2')])
  assert.is(events.length, 0)
  await writing
  assert.is(disk.batches, before + 1)
  assert.equal(
    events.map(({ kind }) => kind),
    ['changed', 'counts'],
  )
  await shell.close()
  const again = await open(disk, shell.vaultId)
  assert.is(valueOf(again, 'A'), '1')
  assert.is(valueOf(again, 'B'), '2')
  assert.is(again.facts().drafts, 1)
})

test('a value can be read while its batch is still on the way', async () => {
  const { shell } = await found()
  const writing = shell.write(() => [put('A', '1')])
  await Promise.resolve()
  while (shell.replica.get('secret', 'A') === undefined) await Promise.resolve()
  assert.is(valueOf(shell, 'A'), '1')
  assert.is(shell.facts().drafts, 0, 'what is not durable is no fact yet')
  await writing
  assert.is(shell.facts().drafts, 1)
})

test('a failed batch leaves memory as the disk is, and reading goes on', async () => {
  const { shell, disk } = await found()
  await shell.write(() => [put('A', '1')])
  disk.failure = storageError('full', 'the disk is full')
  assert.equal(await refusedWith(() => shell.write(() => [put('A', '2'), put('B', '2')])), [
    'storage',
    'full',
  ])
  assert.is(valueOf(shell, 'A'), '1')
  assert.is(valueOf(shell, 'B'), undefined)
  assert.is(shell.facts().drafts, 1)
  disk.failure = undefined
  await shell.write(() => [put('A', '3')])
  assert.is(valueOf(shell, 'A'), '3')
})

test('a call that throws half-way is undone by loading anew', async () => {
  const { shell } = await found()
  await shell.write(() => [put('A', '1')])
  const failing = shell.change((replica) => {
    replica.write([put('A', '2')])
    throw new CofferError('limit', 'half done')
  })
  assert.equal(await refusedWith(() => failing), ['limit', undefined])
  assert.is(valueOf(shell, 'A'), '1')
})

test('a plan that refuses changes nothing; writes run one after another', async () => {
  const { shell, disk } = await found()
  const before = disk.batches
  const refused = shell.write(() => {
    throw new CofferError('exists', 'no')
  })
  const seen: (string | undefined)[] = []
  const first = shell.write(() => [put('A', '1')])
  const second = shell.write((replica) => {
    const current = replica.get('secret', 'A')
    seen.push(current && fromUtf8(replica.value(current.winner)))
    return []
  })
  assert.equal(await refusedWith(() => refused), ['exists', undefined])
  await Promise.all([first, second])
  assert.equal(seen, ['1'])
  assert.is(disk.batches, before + 1)
})

test('after closing every call is refused and the keys are gone', async () => {
  const { shell } = await found()
  const kept = [...shell.replica.chain.keys.values()]
  assert.is(kept.length, 1)
  await shell.close()
  assert.ok(kept.every((key) => key.every((byte) => byte === 0)))
  assert.equal(await refusedWith(() => shell.replica), ['locked', 'locked'])
  assert.equal(await refusedWith(() => shell.write(() => [put('A', '1')])), ['locked', 'locked'])
})

test('the same alarm is told once, and no flood of one is kept', async () => {
  const { shell } = await found()
  const told: VaultEvent[] = []
  shell.watch((event) => told.push(event))
  shell.alarm({ reason: 'fork', detail: 'x' })
  shell.alarm({ reason: 'fork', detail: 'x' })
  assert.is(told.length, 1)
  for (let i = 0; i < 200; i++) shell.alarm({ reason: 'fork', detail: String(i) })
  // The first and the newest of a reason are kept: a flood hides nothing and fills nothing.
  assert.equal(
    shell.alarms.map(({ detail }) => detail),
    ['x', '199'],
  )
})

test('alarms are there after a restart, those that syncing raised too, and stay read', async () => {
  const { shell, disk } = await found()
  shell.alarm({ reason: 'log-regression', detail: 'it went back' })
  const junk = new Uint8Array(5)
  await shell.ingest(1, [junk], 1)
  await shell.close()
  const again = await open(disk, shell.vaultId)
  assert.equal(again.alarms.map(({ reason }) => reason).toSorted(), ['log-regression', 'malformed'])
  assert.is(await read(again), 2)
  assert.equal(again.alarms, [])
  await again.close()
  const third = await open(disk, shell.vaultId)
  assert.equal(third.alarms, [])
  const listed = third.notices.alarms.map(({ reason, read: at }) => `${reason} ${at !== undefined}`)
  assert.equal(listed.toSorted(), ['log-regression true', 'malformed true'])
})

test('an alarm that the disk had no room for goes with the next batch', async () => {
  const { shell, disk } = await found()
  disk.failure = storageError('full', 'the disk is full')
  shell.alarm({ reason: 'fork', detail: 'x' })
  assert.is(await read(shell).catch(() => 'full'), 'full')
  disk.failure = undefined
  await shell.write(() => [put('A', '1')])
  await shell.close()
  const again = await open(disk, shell.vaultId)
  assert.is(again.notices.alarms.length, 1)
})

test('a listener that throws disturbs nobody', async () => {
  const { shell } = await found()
  let told = 0
  shell.watch(() => {
    throw new Error('a bad listener')
  })
  shell.watch(() => told++)
  errors.length = 0
  await shell.write(() => [put('A', '1')])
  assert.is(told, 2)
  assert.is(errors.length, 2)
})

test('after a repair no draft is sealed before the own changesets in the outbox were met', async () => {
  const { shell, disk } = await found()
  await shell.write(() => [put('A', '1')])
  await shell.seal({ entries: 10, bytes: 1000 })
  await shell.write(() => [put('B', '2')])
  assert.is(shell.facts().drafts, 1)
  const chain = await shell.chainEntries(0)
  const [sent] = shell.facts().outbox
  // What a rebuilt database holds: drafts and outbox, neither chain nor graph.
  const store = await SealedStore.open(disk, sealedOptions({ keys }, shell.vaultId, systemRandom))
  const ops = []
  for await (const { table, key } of store.rows(['link', 'epochKey', 'changeset', 'meta'])) {
    ops.push({ table, key, value: undefined })
  }
  await store.batch(ops)
  const again = await open(disk, shell.vaultId)
  assert.is(again.facts().outbox.length, 1)
  assert.is(again.facts().drafts, 0)
  await again.ingest(1, chain, 1)
  assert.is(again.facts().drafts, 0)
  await again.ingest(2, [sent!.body], 1)
  assert.is(again.facts().outbox.length, 0)
  assert.is(again.facts().drafts, 1)
  assert.equal(again.alarms, [])
  await again.seal({ entries: 10, bytes: 1000 })
  assert.is(again.replica.graph.latest(identity.device)?.seq, 2)
})

test.run()
