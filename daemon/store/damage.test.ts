import * as fs from 'node:fs/promises'
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal, utf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { repairOrQuarantine } from './doctor.js'
import { checkFiles } from '../../shared/leveldb/check.js'
import { folderOf } from '../../shared/leveldb/folder.js'
import { LevelStore } from './level.js'
import { recordsOf } from './testing/records.js'
import { refusedWith } from '../../shared/testing/refusal.js'

// Every byte of every file counts: an altered one is refused, or it changes nothing. Nothing that was
// acknowledged may be missing without an error.

const root = mkdtempSync(join(tmpdir(), 'coffer-damage-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
const COUNT = 300
const master = join(root, 'master')
const copy = join(root, 'copy')

/** A store with tables, a log and a manifest of several edits. */
test.before(async () => {
  for (const part of [0, 1, 2]) {
    const store = await LevelStore.open(master)
    for (let n = (part * COUNT) / 3; n < ((part + 1) * COUNT) / 3; n++)
      await store.batch(recordsOf(n))
    await store.close()
  }
  const names = readdirSync(master)
  assert.ok(
    names.some((name) => name.endsWith('.ldb')) && names.some((name) => name.endsWith('.log')),
  )
})

function freshCopy(): void {
  rmSync(copy, { recursive: true, force: true })
  cpSync(master, copy, { recursive: true })
}

const files = (pattern: RegExp): string[] =>
  readdirSync(master).filter((name) => pattern.test(name))

/** True when all is there; false when opening was refused as corrupt; anything else fails. */
async function opensWhole(count = COUNT): Promise<boolean> {
  let store
  try {
    store = await LevelStore.open(copy)
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    assert.equal([error.code, error.reason], ['storage', 'corrupt'])
    return false
  }
  try {
    for (let n = 0; n < count; n++) {
      for (const { key, value } of recordsOf(n)) {
        const found = store.getSync(key)
        assert.ok(found !== undefined && equal(found, value), `batch ${n} is gone without an error`)
      }
    }
    return true
  } finally {
    await store.close()
  }
}

for (const [what, pattern] of [
  ['table', /\.ldb$/],
  ['log', /\.log$/],
  ['manifest', /^MANIFEST/],
  ['CURRENT', /^CURRENT$/],
] as const) {
  test(`a flipped bit of a ${what} is refused, or changes nothing`, async () => {
    let refused = 0
    const names = files(pattern)
    const flip = fc.asyncProperty(
      fc.nat({ max: names.length - 1 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat({ max: 7 }),
      async (which, where, bit) => {
        freshCopy()
        const path = join(copy, names[which] ?? '')
        const bytes = readFileSync(path)
        const at = Math.floor(where * bytes.length)
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        writeFileSync(path, bytes)
        if (!(await opensWhole())) refused++
      },
    )
    await fc.assert(flip, { seed: 11, numRuns: 25 })
    assert.ok(refused >= 20, `only ${refused} of 25 were refused`)
  })
}

test('a cut table or manifest is refused', async () => {
  for (const name of [...files(/\.ldb$/), ...files(/^MANIFEST/)]) {
    const { length } = readFileSync(join(master, name))
    for (const size of [0, 10, Math.floor(length / 2), length - 1]) {
      freshCopy()
      truncateSync(join(copy, name), size)
      const refused = !(await opensWhole())
      // A manifest cut within its last record looks as a crash leaves it and loses nothing here.
      assert.ok(
        refused || (name.startsWith('MANIFEST') && size === length - 1),
        `${name} cut to ${size}`,
      )
    }
  }
})

test('a log cut at its end loses whole batches from the end only, as in a crash', async () => {
  const [log = ''] = files(/\.log$/)
  const { length } = readFileSync(join(master, log))
  freshCopy()
  truncateSync(join(copy, log), length - 1)
  assert.ok(await opensWhole(COUNT - 1))
})

test('a missing file is refused', async () => {
  for (const name of files(/\.(ldb|log)$|^CURRENT$|^MANIFEST/)) {
    freshCopy()
    rmSync(join(copy, name))
    assert.is(await opensWhole(), false, `${name} is missing`)
  }
})

test('doctor leaves a sound store alone', async () => {
  freshCopy()
  assert.equal(await repairOrQuarantine(copy, () => true), { outcome: 'sound' })
  assert.ok(await opensWhole())
})

test('doctor saves what can be read of a damaged store, and keeps the damaged files', async () => {
  for (const [n, name] of [
    ...files(/\.ldb$/).slice(0, 1),
    ...files(/\.log$|^MANIFEST|^CURRENT/),
  ].entries()) {
    freshCopy()
    const path = join(copy, name)
    const bytes = readFileSync(path)
    const at = Math.floor(bytes.length / 3)
    bytes[at] = (bytes[at] ?? 0) ^ 255
    writeFileSync(path, bytes)
    assert.equal(await refusedWith(() => LevelStore.open(copy)), ['storage', 'corrupt'])
    const repair = await repairOrQuarantine(copy, () => true)
    assert.ok(repair.outcome === 'rebuilt' && repair.damage.length > 0)
    assert.is(repair.aside, `${copy}.corrupt-${n + 1}`)
    assert.equal(readFileSync(join(repair.aside, name)), bytes)
    const store = await LevelStore.open(copy)
    let there = 0
    for (let i = 0; i < COUNT; i++) {
      for (const { key, value } of recordsOf(i)) {
        const found = store.getSync(key)
        if (found === undefined) continue
        assert.equal(found.length, value.length)
        there++
      }
    }
    assert.is(there, repair.kept)
    // One block, or one batch, is lost: the rest is there.
    assert.ok(there > 3 * COUNT - 60, `${name}: ${there} of ${3 * COUNT} were saved`)
    await store.close()
  }
})

test('doctor takes over only what it is told to keep, and nothing that does not open', async () => {
  freshCopy()
  const unopened = [utf8('1/0')]
  const repair = await repairOrQuarantine(copy, (key) => key[0] === 0x31, unopened)
  const expected = Array.from({ length: COUNT }, (_, n) => n).filter((n) =>
    String(n).startsWith('1'),
  )
  assert.ok(repair.outcome === 'rebuilt' && repair.kept === 3 * expected.length - 1)
  const store = await LevelStore.open(copy)
  assert.is(store.has(utf8('1/0')), false)
  assert.is(store.has(utf8('1/1')), true)
  assert.is(store.has(utf8('2/0')), false)
  await store.close()
})

test('deleted records stay deleted through a rescue', async () => {
  const dir = join(root, 'deleted')
  const store = await LevelStore.open(dir)
  await store.batch(recordsOf(1))
  await store.close()
  const again = await LevelStore.open(dir)
  await again.batch(recordsOf(1).map(({ key }) => ({ type: 'del', key })))
  await again.batch(recordsOf(2))
  await again.close()
  const repair = await repairOrQuarantine(dir, () => true, [utf8('2/0')])
  assert.ok(repair.outcome === 'rebuilt' && repair.kept === 2)
  assert.equal((await checkFiles(folderOf(fs, dir))).damage, [])
})

test.run()
