import { Buffer } from 'node:buffer'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { takeQuestions } from './coprocess.js'
import { isShellName } from './names.js'
import { quoteFor } from './quote.js'

test('names that a shell obeys, or that are of another shape, are not loaded', () => {
  for (const name of ['DATABASE_URL', 'A', 'X1', 'PSX', 'HOMEPAGE', 'PATH_TO_IT']) {
    assert.ok(isShellName(name), name)
  }
  const odd = ['path', 'a', '_coffer_key', '__X', '1A', 'A-B', 'A B', '', 'Ä']
  const obeyed = ['PS4', 'PS0', 'PROMPT_COMMAND', 'BASH_ENV', 'IFS', 'PATH', 'HISTFILE', 'TMOUT']
  for (const name of [...odd, ...obeyed, 'MAILPATH', 'STTY', 'FISH_X', 'ZDOTDIR', 'OPTIND']) {
    assert.not(isShellName(name), name)
  }
})

test('words are quoted so that nothing in them has a meaning', () => {
  assert.is(quoteFor('bash', "it's $x"), "'it'\\''s $x'")
  assert.is(quoteFor('zsh', "''"), "''\\'''\\'''")
  assert.is(quoteFor('fish', "a\\'b\\n"), "'a\\\\\\'b\\\\n'")
  assert.is(quoteFor('fish', ''), "''")
})

test('questions are taken wherever the chunks end', () => {
  const bytes = Buffer.from('/srv\0acme\0\0\0\0web\0A\0/\0\0\0\0\0\0b\nc\0')
  const wanted = [
    { cwd: '/srv', variables: { COFFER_ORG: 'acme', EARTHLY_PROJECT: 'web' }, name: 'A' },
    { cwd: '/', variables: {}, name: 'b\nc' },
  ]
  for (let at = 0; at <= bytes.length; at++) {
    const first = takeQuestions(bytes.subarray(0, at))
    const second = takeQuestions(Buffer.concat([first.rest, bytes.subarray(at)]))
    assert.equal([...first.questions, ...second.questions], wanted)
    assert.is(second.rest.length, 0)
  }
  assert.throws(() => takeQuestions(Buffer.alloc(2 * 1024 * 1024, 'x')), /no end/)
})

test.run()
