import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../../shared/limits.js'
import { checkSecrets, checkText, namesOf, secretsOf, type State } from './check.js'

const config = (body: string, secrets = '[{name: A}]'): string =>
  `apiVersion: 0.1.0\nmeta: {name: c, secrets: ${secrets}}\n${body}\n`
const rules = (text: string): string =>
  checkText(text)
    .findings.map(({ level, rule, line, name }) =>
      [level, rule, line ?? '-', name ?? ''].join(' ').trim(),
    )
    .join(', ')

test('each rule on the text alone', () => {
  const table: readonly (readonly [text: string, found: string])[] = [
    [config('k: ${{ secrets.A }}'), ''],
    [config('k: "${{ secrets.A }}" # ${{ secrets.A }}'), ''],
    [config('k: ${{ secrets.B }}'), 'error undeclared 3 B'],
    [config('a: 1\n# ${{ secrets.B }}'), 'error undeclared 4 B'],
    [config('k: ${{ secrets.B | default("") }}'), 'warning undeclared 3 B'],
    [config('k: ${{ secrets[x] }}'), 'warning unclear-template 3'],
    [config('k: ${{ env.X }}'), 'error unknown-variable 3'],
    [config('k: ${{ secrets.A'), 'error template-syntax 3'],
    [config('', '[{name: 1A}]'), 'error secret-name 2 1A'],
    [config('', '[{name: a-b}]'), 'error secret-name 2 a-b'],
    [config('', '[{name: "a b"}]'), 'error secret-name 2 a b'],
    [config('', '[{name: ""}]'), 'error secret-name 2'],
    [config('', '[{name: 12}]'), 'error secret-name 2'],
    [config('', '[{name: null}]'), 'error secret-name 2'],
    [config('', '[A]'), 'error secret-name 2'],
    [config('', '{name: A}'), 'error secret-name 2'],
    [config('', '~'), ''],
    [config('p: {secret: {name: a-b}}'), 'warning node-name 3 a-b'],
    [config('p: {secret: {name: " A"}}'), 'error secret-name 3  A'],
    [config('p: {secret: {name: /acme/web/A}}'), 'error secret-name 3 /acme/web/A'],
    [config('p: {secret: {name: coffer://o/p/A}}'), 'error secret-name 3 coffer://o/p/A'],
    [config('p: {secret: {name: 7}}'), 'error secret-name 3'],
    [config('p: {secret: {name: "${{ secrets.A }}"}}'), 'error secret-name 3'],
    [config('p: {secret: {name: X}, user: u}'), 'warning no-secret-node 3'],
    ['meta: {secrets: [{name: A}]}', 'warning api-version 1'],
    ['apiVersion: 0.0.0\nmeta: {secrets: [{name: A}]}', 'warning api-version 2'],
    ['meta: {secrets: [{name: A}]}\nk: ${{ secrets.A }}', 'error api-version 2 A'],
    ['apiVersion: 0.0.0\nk: ${{ secrets.A }}', 'error api-version 2 A'],
    ['apiVersion: 0.2.0\nmeta: {secrets: [{name: A}]}\nk: ${{ secrets.A }}', ''],
    ['apiVersion: 3\nmeta: {}', 'error api-version 1'],
    ['apiVersion: 9.9.9\nmeta: {}', 'error api-version 1'],
    ['a: [', 'error yaml 1'],
    ['a: 1\na: 2', 'error yaml 2'],
    ['a: 1\n---\nb: 2', 'error yaml -'],
    ['[a]', 'error yaml -'],
    ['', 'error yaml -'],
    ['a: [${{ secrets.A }}]', 'error yaml 1, error api-version 1 A'],
    ['${% if secrets.A %}\na: 1', 'error yaml 1, error api-version 1 A'],
    [`a: ${'['.repeat(60_000)}`, 'error too-deep -'],
    ['- '.repeat(30_000), 'error too-deep -'],
    [`a: ${'x'.repeat(LIMITS.connectorConfig)}`, 'error too-large -'],
  ]
  for (const [text, found] of table) {
    const expected = found.split(', ').toSorted().join(', ')
    assert.is(rules(text).split(', ').toSorted().join(', '), expected, text.slice(0, 80))
  }
})

test('names are found wherever they stand, aliases and lists included', () => {
  const text = config(
    [
      'a: &a {secret: {name: N1}}',
      'b: [x, {secret: {name: N2}}, *a]',
      'name: &n N3',
      'c: {secret: {name: *n}}',
      'd: &d {name: N4}',
      'e: {deep: [[{secret: *d}]]}',
      'f: "${{ secrets.A }}${{ secrets.A }}"',
      'g: {? {secret: {name: N5}} : 1}',
    ].join('\n'),
    '[{name: A}, {name: B}, {name: A}]',
  )
  const { config: read, findings } = checkText(text)
  assert.equal(findings, [])
  assert.equal(namesOf(read), ['A', 'B', 'N1', 'N2', 'N3', 'N4', 'N5'])
  assert.equal(secretsOf(read)[0], { name: 'A', declared: true, nodes: 0, templates: 2 })
  const old = checkText('meta: {secrets: [{name: A}]}\np: {secret: {name: B}}').config
  assert.equal(namesOf(old), ['B'], 'before 0.1.0 what is declared does not count')
})

test('aliases are followed a hundred times, no more', () => {
  const many = `a: &a {name: X}\nl:\n${' - {secret: *a}\n'.repeat(200)}`
  assert.is(rules(many), 'error aliases -')
})

test('each rule on the secrets', () => {
  const text = config('k: ${{ secrets.A }}\np: {secret: {name: N}}', '[{name: A}, {name: U}]')
  const found = (states: readonly (readonly [string, State])[]): string =>
    checkSecrets(text, checkText(text).config, new Map(states))
      .map(({ level, rule, name, text: what }) => `${level} ${rule} ${name ?? ''}: ${what}`)
      .join(', ')
  const there: State = { kind: 'readable', value: 'x' }
  const missing: State = { kind: 'missing' }
  assert.is(
    found([
      ['A', there],
      ['N', there],
      ['U', there],
    ]),
    '',
  )
  assert.is(
    found([
      ['A', there],
      ['N', missing],
      ['U', there],
    ]),
    'error missing N: it is not there',
  )
  const unused = 'error missing U: it is not there, which it must be though nothing uses it'
  assert.is(
    found([
      ['A', there],
      ['U', missing],
    ]),
    unused,
  )
  assert.is(
    found([
      ['A', { kind: 'sealed' }],
      ['N', { kind: 'sealed' }],
    ]),
    'note not-checked A: not checked, sealed',
  )
  assert.is(
    found([['A', { kind: 'readable', value: undefined }]]),
    'error value-breaks A: its value is no UTF-8',
  )
  assert.is(found([]), '')
})

test('no text makes it throw, however strange', () => {
  const part = fc.constantFrom(
    'a: ',
    'meta',
    'secrets',
    'secret',
    'name',
    'apiVersion',
    ': ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '\n',
    '  ',
    '"',
    "'",
    '&a',
    '*a',
    '!t ',
    '|\n',
    '#',
    '${{ secrets.A }}',
    '${%',
    '%}',
    '0.1.0',
    '? ',
    ',',
    '---\n',
    '\t',
    '\0',
    '\u2028',
    '\ud800',
    '%YAML 1.1\n',
    '<<: *a',
  )
  const texts = fc.oneof(
    fc.array(part, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const { config: read } = checkText(text)
      const states = new Map(
        secretsOf(read).map(({ name }) => [name, { kind: 'readable', value: text } as const]),
      )
      checkSecrets(text, read, states)
    }),
    { numRuns: 1500 },
  )
})

test.run()
