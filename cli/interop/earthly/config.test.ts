import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { verdictOf } from '../../../shared/testing/refusal.js'
import { providerCommand, withProvider } from './config.js'

const COMMAND = 'coffer earthly provider'

test('the setting is put in, and nothing else changes by a byte', () => {
  const line = `secret_provider: ${COMMAND}\n`
  const table: readonly (readonly [string, string])[] = [
    ['', `global:\n  ${line}`],
    ['# mine\n', `# mine\nglobal:\n  ${line}`],
    [
      'git:\n    github.com:\n        auth: ssh',
      `git:\n    github.com:\n        auth: ssh\nglobal:\n  ${line}`,
    ],
    [
      '# top\nglobal:\n    # size\n    cache_size_mb: 0x10   # hex\n\ngit: {a: {auth: "ssh"}}\n',
      `# top\nglobal:\n    # size\n    ${line}    cache_size_mb: 0x10   # hex\n\ngit: {a: {auth: "ssh"}}\n`,
    ],
    ['global: # why\nx: 1\n', `global: \n  secret_provider: ${COMMAND} # why\nx: 1\n`],
    ['global:\n  secret_provider: ""\n  x: 1\n', `global:\n  ${line}  x: 1\n`],
    [
      'global:\n  secret_provider: # none yet\n  x: 1\n',
      `global:\n  secret_provider: ${COMMAND} # none yet\n  x: 1\n`,
    ],
    [
      "global:\n  x: 1\n  secret_provider: 'coffer earthly provider --override'  # ours\n",
      `global:\n  x: 1\n  secret_provider: ${COMMAND}  # ours\n`,
    ],
  ]
  for (const [before, after] of table) {
    assert.is(withProvider(before, COMMAND, false), after, before)
    assert.is(withProvider(after, COMMAND, false), after, 'a second time')
  }
})

test('a map on one line, and an empty one, are written anew, comments kept', () => {
  for (const before of [
    '# top\nglobal: {cache_size_mb: 10} # end\n',
    '# top\nglobal:\n# end\n',
    'global: {}\n',
  ]) {
    const after = withProvider(before, COMMAND, false)
    const parsed: unknown = parse(after)
    const size = before.includes('10') ? { cache_size_mb: 10 } : {}
    assert.equal(parsed, { global: { ...size, secret_provider: COMMAND } })
    for (const comment of before.match(/#.*/g) ?? []) assert.match(after, comment)
    assert.is(withProvider(after, COMMAND, false), after)
  }
})

test('what is no configuration, and another provider, stay as they are', () => {
  const table: readonly (readonly [string, string])[] = [
    ['global: [', 'format/earthly-config'],
    ['a: 1\na: 2\n', 'format/earthly-config'],
    ['- a\n', 'format/earthly-config'],
    ['text', 'format/earthly-config'],
    ['global: text\n', 'format/earthly-config'],
    ['a: 1\n---\nb: 2\n', 'format/earthly-config'],
    ['global:\n  secret_provider: op-read\n', 'exists/other-provider'],
    ['x: &x {a: 1}\nglobal: *x\n', 'format/earthly-config'],
    [`a: ${'['.repeat(100_000)}`, 'format/earthly-config'],
    ['- '.repeat(100_000), 'format/earthly-config'],
  ]
  for (const [text, verdict] of table) {
    assert.is(
      verdictOf(() => withProvider(text, COMMAND, false)),
      verdict,
      text.slice(0, 80),
    )
  }
  const forced = withProvider('global:\n  secret_provider: op-read\n', COMMAND, true)
  assert.is(forced, `global:\n  secret_provider: ${COMMAND}\n`)
})

test('the command carries flags as a shell reads them, YAML quotes what it must', () => {
  const flags = {
    override: true,
    optional: ['A', '*'],
    allow: ['acme/web', '/user'],
    legacyProject: "it's",
  }
  const command = providerCommand(flags)
  assert.is(
    command,
    String.raw`coffer earthly provider --allow acme/web,/user --override --optional 'A,*' --legacy-project 'it'\''s'`,
  )
  const parsed: unknown = parse(withProvider('', command, false))
  assert.equal(parsed, { global: { secret_provider: command } })
  assert.is(
    providerCommand({ override: false, optional: [], allow: [], legacyProject: undefined }),
    COMMAND,
  )
})

test.run()
