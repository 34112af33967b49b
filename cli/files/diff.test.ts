import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { unifiedDiff } from './diff.js'

const folder = mkdtempSync(join(tmpdir(), 'coffer-diff-'))
const [old, fresh] = [join(folder, 'old'), join(folder, 'new')]

const many = Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n')
const TEXTS: readonly (readonly [string, string])[] = [
  ['a\nb\nc\n', 'a\nB\nc\n'],
  ['', 'a\nb\n'],
  ['a\n', 'a\nb'],
  ['a', 'b'],
  [`${many}\n`, `${many.replace('line 3\n', '').replace('line 30', 'line thirty\nmore')}\n`],
  ['a\nb\nc\nd\n', 'd\na\nb\nc\n'],
]

test('nothing for the same, one hunk for near changes', () => {
  assert.is(unifiedDiff('f', 'a\n', 'a\n'), '')
  assert.is(unifiedDiff('f', 'a\nb\n', 'a\nc\n'), '--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n')
})

test('patch makes the one of the other', () => {
  if (spawnSync('git', ['--version']).status !== 0) return
  for (const [before, after] of TEXTS) {
    writeFileSync(old, before)
    writeFileSync(fresh, after)
    const made = unifiedDiff('old', before, after)
      .replace('--- old', '--- a/old')
      .replace('+++ old', '+++ b/old')
    if (before === '') rmSync(old)
    execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
      cwd: folder,
      input: made,
      env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
    })
    assert.is(readFileSync(old, 'utf8'), after)
  }
})

test.after(() => rmSync(folder, { recursive: true, force: true }))
test.run()
