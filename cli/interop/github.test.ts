import { Buffer } from 'node:buffer'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { verdictOf } from '../../shared/testing/refusal.js'
import { randomDelimiter, writeGithubEnv, writeMasks } from './github.js'
import { writeShell } from './shell-format.js'

const named = (name: string, value: string): { name: string; bytes: Buffer } => ({
  name,
  bytes: Buffer.from(value),
})

test('every line that tells something is masked once', () => {
  assert.is(
    writeMasks([named('A', 'one\r\n{\n100%\n\n---BEGIN\n'), named('B', 'one'), named('C', 'a\rb')]),
    '::add-mask::one\n::add-mask::100%25\n::add-mask::---BEGIN\n::add-mask::a%0Db\n',
  )
})

test('what would keep each later step from starting is refused', () => {
  const next = (): string => 'end'
  const most = 'x'.repeat(128 * 1024 - 3)
  assert.is(writeGithubEnv([named('A', most)], next), `A<<end\n${most}\nend\n`)
  assert.is(
    verdictOf(() => writeGithubEnv([named('A', `${most}x`)], next)),
    'format/not-a-variable',
  )
})

test('blocks end with a word that is not in the value', () => {
  const words = ['x', 'y', 'x', 'z']
  const next = (): string => words.shift() ?? 'none'
  const text = writeGithubEnv([named('A', 'x\nB=1'), named('B', 'y\n')], next)
  assert.is(text, 'A<<y\nx\nB=1\ny\nB<<x\ny\n\nx\n')
  assert.match(randomDelimiter(), /^coffer_[0-9a-f]{32}$/)
  assert.is.not(randomDelimiter(), randomDelimiter())
  for (const name of ['a b', 'A=B', 'GITHUB_TOKEN', 'RUNNER_TEMP', 'NODE_OPTIONS', 'PATH', '1A']) {
    assert.is(
      verdictOf(() => writeGithubEnv([named(name, 'x')], next)),
      'format/not-a-variable',
    )
  }
  assert.is(
    verdictOf(() => writeGithubEnv([named('A', 'a\0b')], next)),
    'format/not-a-variable',
  )
})

test('a shell reads back what is written for it, and is given nothing that it obeys', () => {
  assert.is(
    writeShell([named('A', "it's\n$x"), named('low', '')]),
    "export A='it'\\''s\n$x'\nexport low=''\n",
  )
  for (const name of ['PS4', 'path', 'prompt_command', 'a-b', 'BASH_ENV']) {
    assert.is(
      verdictOf(() => writeShell([named(name, 'x')])),
      'format/not-a-variable',
    )
  }
})

test.run()
