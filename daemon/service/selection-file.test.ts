import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findSelection, parseSelection } from './selection-file.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { refusedWith } from '../../shared/testing/refusal.js'

await cryptoReady

const root = mkdtempSync(join(tmpdir(), 'coffer-selection-'))
const deep = join(root, 'a/b/c')
mkdirSync(deep, { recursive: true })
test.after(() => rmSync(root, { recursive: true, force: true }))

test('the nearest file at or above counts', async () => {
  assert.is(await findSelection(deep), undefined)
  writeFileSync(join(root, '.coffer.yaml'), 'org: acme\n')
  assert.equal((await findSelection(deep))?.selection, { org: 'acme' })
  writeFileSync(join(root, 'a/b/.coffer.yaml'), 'org: beta\nproject: web\n')
  const found = await findSelection(deep)
  assert.equal(found?.selection, { org: 'beta', project: 'web' })
  assert.is(found?.path, join(root, 'a/b/.coffer.yaml'))
})

test('a broken nearest file is refused, not passed over', async () => {
  const at = join(deep, '.coffer.yaml')
  const bad: [string | Uint8Array, string | undefined][] = [
    ['org: [', 'yaml'],
    ['org: acme\n---\norg: beta\n', 'yaml'],
    // Within the cap, and nested so deep that its reader would end the daemon.
    ['- '.repeat(32_000), 'too-deep'],
    ['['.repeat(64_000), 'too-deep'],
    ['{a: '.repeat(16_000), 'too-deep'],
    ['? '.repeat(32_000), 'too-deep'],
    ['org: acme\norg: beta\n', 'yaml'],
    ['org: &a acme\nproject: *a\n', 'yaml'],
    ['relay: wss://evil.example\n', 'not-selectable'],
    ['other: 1\n', 'schema'],
    ['org: 7\n', 'schema'],
    ['- org\n', 'schema'],
    [new Uint8Array([0x6f, 0xff, 0xfe]), 'utf-8'],
    [`# ${'x'.repeat(70_000)}`, 'oversize'],
  ]
  for (const [content, reason] of bad) {
    writeFileSync(at, content)
    assert.equal(
      await refusedWith(() => findSelection(deep)),
      ['format', reason],
      String(content).slice(0, 20),
    )
  }
  rmSync(at)
})

test('an empty file selects nothing and still counts as the nearest', async () => {
  writeFileSync(join(deep, '.coffer.yaml'), '')
  assert.equal((await findSelection(deep))?.selection, {})
  rmSync(join(deep, '.coffer.yaml'))
})

test('a named pipe in its place neither hangs nor counts', async () => {
  const folder = join(root, 'pipe')
  mkdirSync(folder)
  execFileSync('mkfifo', [join(folder, '.coffer.yaml')])
  assert.equal(await refusedWith(() => findSelection(folder)), ['format', 'not-a-file'])
})

test('a symbolic link that leads nowhere is passed over', async () => {
  const folder = join(root, 'link')
  mkdirSync(folder)
  symlinkSync(join(folder, 'gone'), join(folder, '.coffer.yaml'))
  assert.equal((await findSelection(folder))?.selection, { org: 'acme' })
})

test('a billion laughs are no laughs', async () => {
  const bomb = 'env:\n  a: &a x\n  b: &b "*a"\n  c: *a\n'
  assert.equal(await refusedWith(() => parseSelection('x', bomb)), ['format', 'yaml'])
})

test.run()
