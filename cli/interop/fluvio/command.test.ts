import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { verdictOf } from '../../../shared/testing/refusal.js'
import { readCommand, withFiles } from './command.js'

const words = (line: string): string[] => line.split(' ')
const made = (line: string, secrets: string | undefined = '/s'): string =>
  withFiles(words(line), readCommand(words(line)), '/c', secrets).join(' ')

test('what is missing is added as two words, where the program looks for it', () => {
  const table: readonly (readonly [line: string, made: string])[] = [
    ['./http', './http --config /c --secrets /s'],
    ['./http -v x', './http -v x --config /c --secrets /s'],
    ['./http --config f', './http --config f --secrets /s'],
    // The connector knows neither of these.
    ['./http --config=f', './http --config=f --config /c --secrets /s'],
    ['./http -c f', './http -c f --config /c --secrets /s'],
    ['cdk test', 'cdk test -c /c -s /s'],
    [
      '/usr/bin/cdk test --release r -- --locked',
      '/usr/bin/cdk test -c /c -s /s --release r -- --locked',
    ],
    ['cdk test -c f', 'cdk test -s /s -c f'],
    ['cdk test --config=f', 'cdk test -s /s --config=f'],
    ['cdk test -cf -- -s x', 'cdk test -s /s -cf -- -s x'],
  ]
  for (const [line, expected] of table) assert.is(made(line), expected, line)
  assert.is(
    withFiles(['./http'], readCommand(['./http']), '/c', undefined).join(' '),
    './http --config /c',
  )
})

test('the configuration that a command names itself', () => {
  const configs = ['./http --config f', 'cdk test -c f', 'cdk test -cf', 'cdk test --config=f']
  for (const line of configs) assert.is(readCommand(words(line)).config, 'f', line)
  assert.is(readCommand(['./http', '--config=f']).config, undefined)
})

test('what would not read the file, or not for long enough, is refused', () => {
  const table: readonly (readonly [line: string, verdict: string])[] = [
    ['cdk deploy start -c f', 'usage/outlived'],
    ['cdk deploy --ipkg p start', 'usage/outlived'],
    ['cdk build', 'usage/cdk'],
    ['cdk', 'usage/cdk'],
    ['./http --secrets f', 'usage/own-secrets'],
    ['cdk test -s f', 'usage/own-secrets'],
    ['cdk test --secrets=f', 'usage/own-secrets'],
    ['./http --secrets=f', 'holds'],
  ]
  for (const [line, verdict] of table) {
    assert.is(
      verdictOf(() => readCommand(words(line))),
      verdict,
      line,
    )
  }
})

test.run()
