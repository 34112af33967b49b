import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../../shared/errors.js'
import { edited } from './editor.js'

const folder = mkdtempSync(join(tmpdir(), 'coffer editor-'))
const note = join(folder, 'note')

/** An editor that does what a script says: `$1` is its file, `$NOTE` a place to tell of it. */
function editor(script: string): NodeJS.ProcessEnv {
  const path = join(folder, 'editor')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return { PATH: process.env['PATH'], EDITOR: `'${path}'`, NOTE: note }
}

async function left(script: string, text: string, name = 'db/KEY'): Promise<string | undefined> {
  return edited({ env: editor(script), name, text }).done
}

async function failure(run: Promise<unknown>): Promise<readonly (string | undefined)[]> {
  try {
    await run
  } catch (error) {
    if (error instanceof CofferError) return [error.code, error.reason]
    throw error
  }
  return ['none']
}

test.after(() => {
  rmSync(folder, { recursive: true })
})

test('the editor gets the text in a file of its own, which goes with it', async () => {
  const script =
    'stat -c "%a %n" "$(dirname "$1")" "$1" >"$NOTE"; cat "$1" >>"$NOTE"; echo more >>"$1"; : >"$1~"'
  assert.is(await left(script, 'one\n', 'db/conf.json'), 'one\nmore\n')
  const [dir = '', file = '', ...text] = readFileSync(note, 'utf8').split('\n')
  assert.match(dir, /^700 /)
  assert.match(file, /^600 .*\/conf\.json$/)
  assert.equal(text, ['one', ''])
  assert.not(existsSync(dir.slice(4)))
})

test('a name is no option, no hidden file and no path', async () => {
  for (const [name, expected] of [
    ['../-x', 'x'],
    ['.env', 'env'],
    ['a/', 'secret'],
    ['ä b', '__b'],
  ] as const) {
    await left('basename "$1" >"$NOTE"', '', name)
    assert.is(readFileSync(note, 'utf8').trim(), expected)
  }
})

test('a newline that editors add at the end is dropped where there was none', async () => {
  assert.is(await left('printf "b\\n" >"$1"', 'a'), 'b')
  assert.is(await left('printf "b\\n" >"$1"', ''), 'b')
  assert.is(await left('printf "b\\n" >"$1"', 'a\n'), 'b\n')
  assert.is(await left('printf "a\\n" >"$1"', 'a'), undefined)
  assert.is(await left(':', 'a\n'), undefined)
})

test('VISUAL is asked before EDITOR, and both may have words', async () => {
  const env = { ...editor('printf %s "$1" >"$2"'), EDITOR: 'false' }
  const run = edited({
    env: { ...env, VISUAL: `'${join(folder, 'editor')}' word` },
    name: 'K',
    text: '',
  })
  assert.is(await run.done, 'word')
})

test('an editor that fails changes nothing, and its file goes, too', async () => {
  const script = 'echo x >"$1"; printf %s "$1" >"$NOTE"; exit 3'
  assert.equal(await failure(left(script, 'a')), ['storage', 'editor'])
  assert.not(existsSync(dirname(readFileSync(note, 'utf8'))))
  const env = { ...editor(''), EDITOR: 'no-such-editor 2>/dev/null' }
  assert.equal(await failure(edited({ env, name: 'K', text: '' }).done), ['storage', 'editor'])
  assert.equal(await failure(left('rm "$1"', 'a')), ['storage', 'editor'])
  assert.equal(await failure(left('printf "\\377" >"$1"', 'a')), ['format', undefined])
  assert.equal(await failure(left('head -c 600000 /dev/zero >"$1"', 'a')), ['limit', undefined])
})

test('a stopped editor ends, and what it wrote is gone', async () => {
  rmSync(note, { force: true })
  const env = editor(
    'echo new >"$1"; printf %s "$1" >"$NOTE.new"; mv "$NOTE.new" "$NOTE"; sleep 60; echo late >>"$NOTE"',
  )
  const run = edited({ env, name: 'K', text: 'old' })
  while (!existsSync(note)) await sleep(10)
  const path = readFileSync(note, 'utf8')
  assert.ok(existsSync(path))
  run.stop()
  assert.not(existsSync(path))
  assert.is(await run.done, undefined)
  assert.is(readFileSync(note, 'utf8'), path)
})

test.run()
