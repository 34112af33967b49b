import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from './base64.js'
import { itemOf, readBackup, transactionsOf, type BackupVault } from './backup.js'
import { restore, type Stored } from './backup-restore.js'
import { CofferError } from './errors.js'
import { LIMITS } from './limits.js'
import { refusedWith, verdictOf } from './testing/refusal.js'

const changed = '2026-11-27T00:00:00.000Z'
const secret = (name: string, value: string | { base64: string } = 'v') => {
  return { name, value, version: 1, changed }
}
const document = (more: object = {}): string =>
  JSON.stringify({
    format: 'coffer-backup',
    version: 1,
    about: '',
    created: changed,
    vaults: [{ vault: '/user', secrets: [secret('A', 'text')], sealed: ['S'] }],
    ...more,
  })

test('a backup is read, and nothing else is taken for one', () => {
  const [vault] = readBackup(document())
  assert.equal(vault, { vault: '/user', secrets: [secret('A', 'text')], sealed: ['S'] })
  const twice = { vault: '/user', secrets: [secret('A'), secret('A')], sealed: [] }
  const verdicts: readonly (readonly [string, string])[] = [
    ['', 'format/backup'],
    ['[]', 'format/backup'],
    ['{"A": "my own secret"}', 'format/backup'],
    [document({ format: 'coffer-recovery' }), 'format/backup'],
    [document({ version: 2 }), 'home/newer'],
    [document({ extra: 1 }), 'format/schema'],
    [document({ vaults: [twice] }), 'format/doubled-name'],
    [document({ vaults: [{ vault: 'a/b' }] }), 'format/schema'],
    [
      document({ vaults: ['a/b', 'a/b'].map((vault) => ({ vault, secrets: [], sealed: [] })) }),
      'format/doubled-name',
    ],
    [
      document({
        vaults: [{ vault: 'a/b', secrets: [secret('A', { base64: '???' })], sealed: [] }],
      }),
      'format/schema',
    ],
    [
      document({ vaults: [{ vault: 'a/b', secrets: [secret('A', '\ud800')], sealed: [] }] }),
      'format/schema',
    ],
  ]
  for (const [text, verdict] of verdicts)
    assert.is(
      verdictOf(() => readBackup(text)),
      verdict,
      text,
    )
})

test('values become bytes: text as UTF-8, base64 as it is', () => {
  assert.equal(itemOf(secret('A', 'ü')), { name: 'A', value: 'w7w=' })
  const noted = { ...secret('A', { base64: 'AP8=' }), note: 'n' }
  assert.equal(itemOf(noted), { name: 'A', value: 'AP8=', note: 'n' })
})

test('a transaction takes 1,000 items and 8 MiB', () => {
  const small = Array.from({ length: 2001 }, (_, i) => ({ name: `${i}`, value: 'AAAA' }))
  assert.equal(
    [...transactionsOf(small)].map(({ length }) => length),
    [1000, 1000, 1],
  )
  const value = toBase64(new Uint8Array(LIMITS.value))
  const large = Array.from({ length: 17 }, (_, i) => ({ name: `${i}`, value }))
  assert.equal(
    [...transactionsOf(large)].map(({ length }) => length),
    [16, 1],
  )
  assert.equal([...transactionsOf([])], [])
})

/** A place that takes transactions, and fails at some of them. */
class Places {
  readonly there = new Map<string, string>()
  readonly calls: string[] = []
  failing = (_: string): boolean => false

  store = async (
    vault: string,
    items: readonly { name: string; value: string }[],
    dryRun: boolean,
  ): Promise<Stored> => {
    const call = `${dryRun ? 'try' : 'store'} ${vault} ${items.length}`
    this.calls.push(call)
    if (this.failing(call)) throw new CofferError('refused', 'no', { reason: 'test' })
    const out = { created: [] as string[], changed: [] as string[], unchanged: [] as string[] }
    for (const { name, value } of items) {
      const at = `${vault}/${name}`
      const before = this.there.get(at)
      const what = before === undefined ? 'created' : before === value ? 'unchanged' : 'changed'
      out[what].push(name)
      if (!dryRun) this.there.set(at, value)
    }
    return out
  }
}

const wishes = { only: undefined, into: undefined, dryRun: false }
const backup: readonly BackupVault[] = [
  { vault: '/user', secrets: [secret('A')], sealed: [] },
  {
    vault: 'acme/web',
    secrets: Array.from({ length: 1500 }, (_, i) => secret(`N${i}`)),
    sealed: ['S'],
  },
]
const quiet = (): void => undefined

test('all is tried before anything is stored', async () => {
  const places = new Places()
  places.failing = (call) => call === 'try acme/web 500'
  assert.equal(await refusedWith(() => restore(backup, wishes, places.store, quiet)), [
    'refused',
    'test',
  ])
  assert.is(places.there.size, 0)
  const dry = await restore(backup, { ...wishes, dryRun: true }, new Places().store, quiet)
  assert.equal(
    dry.map(({ vault, created, sealed }) => [vault, created.length, sealed]),
    [
      ['/user', 1, []],
      ['acme/web', 1500, ['S']],
    ],
  )
})

test('the same again goes on where it was cut short', async () => {
  const places = new Places()
  places.failing = (call) => call === 'store acme/web 500'
  assert.equal(await refusedWith(() => restore(backup, wishes, places.store, quiet)), [
    'refused',
    'test',
  ])
  assert.is(places.there.size, 1001)
  places.failing = () => false
  places.calls.length = 0
  const told: number[] = []
  const done = await restore(backup, wishes, places.store, (count) => told.push(count))
  assert.equal(
    done.map(({ created, unchanged }) => [created.length, unchanged.length]),
    [
      [0, 1],
      [500, 1000],
    ],
  )
  // What is there already isn't written again.
  assert.equal(
    places.calls.filter((call) => call.startsWith('store')),
    ['store acme/web 500'],
  )
  assert.equal(told, [1, 1001, 1501])
})

test('one vault of a backup, into another', async () => {
  const places = new Places()
  const run = (only: string | undefined, into: string | undefined) =>
    restore(backup, { only, into, dryRun: false }, places.store, quiet)
  assert.equal(await refusedWith(() => run(undefined, 'a/b')), ['usage', 'several-vaults'])
  assert.equal(await refusedWith(() => run('acme/none', undefined)), ['not-found', 'no-vault'])
  assert.equal(
    (await run('/user', 'a/b')).map(({ vault, created }) => [vault, created]),
    [['a/b', ['A']]],
  )
  assert.equal([...places.there.keys()], ['a/b/A'])
})

test.run()
