import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError, ERROR_CODES, isErrorCode } from '../errors.js'
import {
  errorLine,
  notificationLine,
  parseIncoming,
  parseRequest,
  requestLine,
  resultLine,
} from './local-wire.js'
import { isMethod, isNotification, METHODS, NOTIFICATIONS } from './local.js'
import { base64, integer, list, object, oneOf, optional, text, variant } from './schema.js'
import { verdictOf } from '../testing/refusal.js'

const CONTEXT = { cwd: '/w', env: {} }
const ID = 'ab'.repeat(32)

test('a schema takes its shape and nothing beside it', () => {
  const schema = object({ name: text(3), size: optional(integer(0, 9)) })
  assert.equal(schema.check({ name: 'abc' }, ''), { name: 'abc' })
  assert.equal(schema.check({ name: '', size: 9 }, ''), { name: '', size: 9 })
  const bad = [
    null,
    [],
    'x',
    {},
    { name: 'abcd' },
    { name: 1 },
    { name: '\ud800' },
    { name: 'a', size: undefined },
    { name: 'a', size: 10 },
    { name: 'a', size: 1.5 },
    { name: 'a', size: Number.NaN },
    { name: 'a', other: 1 },
    JSON.parse('{"name": "a", "__proto__": 1}'),
  ]
  for (const value of bad)
    assert.is(
      verdictOf(() => schema.check(value, '')),
      'format/schema',
    )
})

test('kinds, words, lists, bytes', () => {
  const opener = variant({ file: { path: text(9) }, word: { word: text(9) } })
  assert.equal(opener.check({ kind: 'file', path: '/' }, ''), { kind: 'file', path: '/' })
  for (const value of [{ kind: 'file', word: 'x' }, { kind: 'toString' }, { path: '/' }, 1]) {
    assert.is(
      verdictOf(() => opener.check(value, '')),
      'format/schema',
    )
  }
  assert.is(
    verdictOf(() => oneOf('a', 'b').check('c', '')),
    'format/schema',
  )
  assert.is(
    verdictOf(() => list(text(1), 2).check(['a', 'b', 'c'], '')),
    'limit/too-many',
  )
  assert.is(
    verdictOf(() => list(text(1), 2).check(['a', 1], '')),
    'format/schema',
  )
  assert.is(
    verdictOf(() => base64(2).check('AAAA', '')),
    'limit/too-large',
  )
})

test('an error names the place and never shows the value', () => {
  try {
    METHODS.secretSet.params.check({ context: CONTEXT, name: 'A', value: 'hunter2!' }, 'params')
    assert.unreachable()
  } catch (error) {
    assert.is(String(error), 'CofferError: params.value is not base64')
  }
})

test('selection goes with each call, checked', () => {
  const list = METHODS.secretList.params
  const more = { org: 'o', project: 'p', offline: true, env: { COFFER_ORG: 'x' } }
  assert.equal(list.check({ context: { ...CONTEXT, ...more } }, ''), {
    context: { cwd: '/w', ...more },
  })
  for (const context of [{}, { ...CONTEXT, cwd: 'w' }, { ...CONTEXT, env: { HOME: '/' } }]) {
    assert.is(
      verdictOf(() => list.check({ context }, '')),
      'format/schema',
    )
  }
})

test('lines are read back as they were written', () => {
  assert.equal(parseRequest(requestLine(7, 'lock', { a: 'x\ny' })), {
    id: 7,
    method: 'lock',
    params: { a: 'x\ny' },
  })
  assert.equal(parseIncoming(resultLine(7, { b: 1 })), { kind: 'result', id: 7, result: { b: 1 } })
  const progress = { id: 7, phase: 'sending', done: 1, total: null }
  assert.equal(parseIncoming(notificationLine('progress', progress)), {
    kind: 'notification',
    method: 'progress',
    params: progress,
  })
  for (const code of Object.keys(ERROR_CODES).filter((one) => isErrorCode(one))) {
    const line = errorLine(7, new CofferError(code, 'why', { reason: 'r', next: 'n' }))
    assert.is(line.split('\n').length, 2)
    const read = parseIncoming(line)
    assert.ok(read.kind === 'error')
    assert.equal(
      [read.id, read.error.code, read.error.message, read.error.reason, read.error.next],
      [7, code, 'why', 'r', 'n'],
    )
  }
  assert.ok(parseIncoming(errorLine(null, new CofferError('format', 'x'))).kind === 'error')
})

test('no name reaches beyond the tables', () => {
  for (const name of ['toString', '__proto__', 'constructor', '', 'SecretGet']) {
    assert.not(isMethod(name))
    assert.not(isNotification(name))
  }
})

// Mutations of real messages: whatever comes, a checked value or a coded refusal.
const SAMPLES = [
  requestLine(1, 'secretGet', { context: CONTEXT, name: 'A', version: '3' }),
  requestLine(2, 'init', { open: { kind: 'key-file', path: '/k' }, name: 'n' }),
  resultLine(3, { state: 'unlocked' }),
  errorLine(4, new CofferError('locked', 'it is locked', { next: 'coffer unlock' })),
  notificationLine('changed', { vault: { vaultId: ID, kind: 'user' }, names: ['A'] }),
]

function readAll(line: string): void {
  const read = parseRequest(line)
  if (isMethod(read.method)) METHODS[read.method].params.check(read.params, 'params')
}

function hearAll(line: string): void {
  const heard = parseIncoming(line)
  if (heard.kind === 'result') METHODS.status.result.check(heard.result, 'result')
  if (heard.kind === 'notification' && isNotification(heard.method)) {
    NOTIFICATIONS[heard.method].check(heard.params, heard.method)
  }
}

test('broken lines are refused with a code', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.constantFrom('null', '{}', '[', '"', '1e999'),
  )
  const broken = fc
    .tuple(fc.constantFrom(...SAMPLES), fc.nat(200), fc.nat(200), piece)
    .map(([line, from, cut, insert]) => line.slice(0, from) + insert + line.slice(from + cut))
  fc.assert(
    fc.property(broken, (line) => {
      for (const read of [readAll, hearAll]) {
        assert.match(
          verdictOf(() => read(line)),
          /^(holds|(format|limit|locked)\/.+)$/,
        )
      }
    }),
    { numRuns: 3000 },
  )
})

test('any JSON as params or result of any method', () => {
  const values = fc.jsonValue({ maxDepth: 4 })
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(METHODS)), values, ({ params, result }, value) => {
      for (const schema of [params, result]) {
        assert.match(
          verdictOf(() => schema.check(value, 'x')),
          /^(holds|(format|limit)\/.+)$/,
        )
      }
    }),
    { numRuns: 2000 },
  )
})

test.run()
