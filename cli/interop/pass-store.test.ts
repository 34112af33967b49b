import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { refusedWith } from '../../shared/testing/refusal.js'
import { findPasswords } from './pass-store.js'

const folder = mkdtempSync(join(tmpdir(), 'coffer-pass-'))
test.after(() => rmSync(folder, { recursive: true }))
const store = join(folder, 'store')
mkdirSync(join(store, 'db'), { recursive: true })
mkdirSync(join(folder, 'store-beside'))
for (const file of ['store/db/A.gpg', 'store/.hidden.gpg', 'store/notes', 'outside.gpg'])
  writeFileSync(join(folder, file), 'x')
writeFileSync(join(folder, 'store-beside/B.gpg'), 'x')
symlinkSync('db/A.gpg', join(store, 'alias.gpg'))
symlinkSync('../outside.gpg', join(store, 'outside.gpg'))
// A name that begins as the store's does.
symlinkSync('../store-beside/B.gpg', join(store, 'beside.gpg'))
symlinkSync('nowhere', join(store, 'nowhere.gpg'))
symlinkSync('db', join(store, 'folder.gpg'))
symlinkSync('..', join(store, 'up'))

test('a link that leads out of a password store is not followed, and is told', () => {
  const { entries, skipped } = findPasswords(store)
  const out = ['beside.gpg', 'folder.gpg', 'nowhere.gpg', 'outside.gpg', 'up']
  assert.equal(skipped, out)
  assert.equal(
    entries.map(({ name }) => name),
    ['alias', 'db/A'],
  )
})

test('a folder that is not there has no passwords', async () => {
  const missing = () => findPasswords(join(folder, 'missing'))
  assert.equal(await refusedWith(missing), ['usage', 'unreadable'])
})

test.run()
