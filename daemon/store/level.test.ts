import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../shared/bytes.js'
import { conformance } from './testing/conformance.js'
import { LevelStore } from './level.js'
import { refusedWith } from '../../shared/testing/refusal.js'

const root = mkdtempSync(join(tmpdir(), 'coffer-level-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
let made = 0

conformance('level', () => {
  const dir = join(root, String(made++))
  return { open: () => LevelStore.open(dir), reopen: () => LevelStore.open(dir) }
})

test('the folder is for its owner alone', async () => {
  const dir = join(root, 'mode')
  const store = await LevelStore.open(dir)
  assert.is(statSync(dir).mode & 0o777, 0o700)
  await store.close()
})

test('a second opening is busy, in this process too, and harms nothing', async () => {
  const dir = join(root, 'twice')
  const store = await LevelStore.open(dir)
  assert.equal(await refusedWith(() => LevelStore.open(dir)), ['storage', 'busy'])
  await store.batch([{ type: 'put', key: utf8('a'), value: utf8('1') }])
  assert.equal(store.getSync(utf8('a')), utf8('1'))
  await store.close()
  const again = await LevelStore.open(dir)
  assert.equal(again.getSync(utf8('a')), utf8('1'))
  await again.close()
})

test('a folder whose parent is missing, and a file in its place, are refused', async () => {
  assert.equal(await refusedWith(() => LevelStore.open(join(root, 'no', 'where'))), [
    'storage',
    'io',
  ])
  assert.equal(await refusedWith(() => LevelStore.open('/dev/null')), ['storage', 'io'])
})

test.run()
