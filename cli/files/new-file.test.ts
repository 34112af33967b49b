import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { verdictOf } from '../../shared/testing/refusal.js'
import { replaceFile } from './new-file.js'

const folder = mkdtempSync(join(tmpdir(), 'coffer-new-'))
test.after(() => {
  rmSync(folder, { recursive: true, force: true })
})
const put = (name: string, replace: boolean): string =>
  verdictOf(() => {
    replaceFile(join(folder, name), Buffer.from('filled'), replace)
  })

test('a name as long as may be, and nothing is left beside', () => {
  const name = 'a'.repeat(255)
  assert.is(put(name, false), 'holds')
  assert.is(lstatSync(join(folder, name)).mode & 0o777, 0o600)
  assert.is(readFileSync(join(folder, name), 'utf8'), 'filled')
  assert.equal(readdirSync(folder), [name])
})

test('what is there stays unless it may be replaced: a link that leads nowhere, too', () => {
  writeFileSync(join(folder, 'file'), 'mine')
  symlinkSync('nowhere', join(folder, 'link'))
  for (const name of ['file', 'link']) assert.is(put(name, false), 'exists/file-exists', name)
  assert.is(readFileSync(join(folder, 'file'), 'utf8'), 'mine')
  assert.is(lstatSync(join(folder, 'link')).isSymbolicLink(), true)
  for (const name of ['file', 'link']) assert.is(put(name, true), 'holds', name)
  assert.is(lstatSync(join(folder, 'link')).isFile(), true)
})

test('a place that takes no file leaves nothing', () => {
  assert.is(put('no/such/folder', false), 'storage/unwritable')
})

test.run()
