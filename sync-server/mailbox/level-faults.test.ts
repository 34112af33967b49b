import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8, type Bytes } from '../../shared/bytes.js'
import { LOG_START } from '../../shared/protocol/relay.js'
import { a, entryOf, makeVault, reasonOf, V } from './testing/conformance-kit.js'
import { Committer, type Backend } from './level-commit.js'
import { LevelMailbox } from './level.js'

/** A store that can be told to fail. */
class FaultyStore implements Backend {
  readonly rows = new Map<string, Bytes>()
  writes = 0
  recoveries = 0
  full = false

  getSync(key: string): Bytes | undefined {
    return this.rows.get(key)
  }

  async write(changes: ReadonlyMap<string, Bytes | undefined>): Promise<void> {
    this.writes++
    await Promise.resolve()
    if (this.full) throw new Error('ENOSPC')
    for (const [key, body] of changes) if (body) this.rows.set(key, body)
  }

  async recover(): Promise<void> {
    this.recoveries++
    await Promise.resolve()
    if (this.full) throw new Error('ENOSPC')
  }
}

test('concurrent writes share a batch; a refused one leaves no trace in it', async () => {
  const store = new FaultyStore()
  const committer = new Committer(store, 1 << 20)
  const results = await Promise.allSettled([
    committer.submit(1, (tx) => tx.put('a', utf8('1'))),
    committer.submit(1, (tx) => {
      tx.put('b', utf8('2'))
      throw new Error('refused')
    }),
    committer.submit(1, (tx) => [tx.get('a'), tx.get('b')]),
  ])
  assert.equal(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.equal(results[2], { status: 'fulfilled', value: [utf8('1'), undefined] })
  assert.is(store.writes, 1)
  assert.equal([...store.rows.keys()], ['a'])
})

test('a full disk refuses writes until it is recovered', async () => {
  const store = new FaultyStore()
  const committer = new Committer(store, 1 << 20)
  const put = (key: string): Promise<void> => committer.submit(1, (tx) => tx.put(key, utf8(key)))
  store.full = true
  assert.is(await reasonOf(() => put('a')), 'unavailable')
  assert.ok(committer.failed)
  assert.is(await reasonOf(() => put('b')), 'unavailable')
  assert.is(store.writes, 1, 'nothing is written behind a torn record')
  store.full = false
  await put('c')
  assert.is(store.recoveries, 2)
  assert.not(committer.failed)
  assert.equal([...store.rows.keys()], ['c'])
})

test('too much waiting is busy; closing writes what was taken', async () => {
  const store = new FaultyStore()
  const committer = new Committer(store, 100)
  const taken = committer.submit(100, (tx) => tx.put('a', utf8('1')))
  assert.is(await reasonOf(() => committer.submit(1, () => undefined)), 'busy')
  await Promise.all([taken, committer.close()])
  assert.ok(store.rows.has('a'))
  assert.is(await reasonOf(() => committer.submit(1, () => undefined)), 'unavailable')
})

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-faults-'))
  try {
    await body(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function fill(folder: string): Promise<void> {
  const mailbox = await LevelMailbox.open(folder)
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a])
  for (let i = 0; i < 20; i++) {
    await mailbox.append(V, LOG_START, [entryOf(`n${i}`, 2000)])
  }
  await mailbox.verify()
  await mailbox.close()
}

/** Changes bytes in the middle of the first file whose name matches. */
async function damage(folder: string, name: RegExp): Promise<string> {
  const file = (await readdir(folder)).find((one) => name.test(one))
  assert.ok(file, `no file like ${name}`)
  const path = join(folder, file ?? '')
  const bytes = await readFile(path)
  bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 40)
  await writeFile(path, bytes)
  return path
}

test('a damaged manifest: the store refuses to open, and says so', () =>
  withFolder(async (folder) => {
    await fill(folder)
    await writeFile(join(folder, 'CURRENT'), 'MANIFEST-999999\n')
    assert.is(await reasonOf(() => LevelMailbox.open(folder)), 'damaged')
  }))

for (const [how, size] of [
  ['changed', 1],
  ['cut', 0.5],
] as const) {
  test(`a ${how} table: the store refuses to open, and says so`, () =>
    withFolder(async (folder) => {
      await fill(folder)
      // Closed without a compaction everything is in the log; opening it once more moves it into a table.
      await (await LevelMailbox.open(folder)).close()
      const path = await damage(folder, /\.ldb$/)
      const bytes = await readFile(path)
      await writeFile(path, bytes.subarray(0, bytes.length * size))
      assert.is(await reasonOf(() => LevelMailbox.open(folder)), 'damaged')
    }))
}

test('a hole in the write-ahead log is found by verify', () =>
  withFolder(async (folder) => {
    await fill(folder)
    await damage(folder, /\.log$/)
    const reason = await reasonOf(async () => {
      const mailbox = await LevelMailbox.open(folder)
      try {
        await mailbox.verify()
      } finally {
        await mailbox.close()
      }
    })
    assert.is(reason, 'damaged')
  }))

test('a second owner is refused', () =>
  withFolder(async (folder) => {
    const mailbox = await LevelMailbox.open(folder)
    assert.is(await reasonOf(() => LevelMailbox.open(folder)), 'in-use')
    await mailbox.close()
  }))

test.run()
