import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError, ERROR_CODES, isErrorCode } from './errors.js'
import { LIMITS, PADDING_BUCKETS } from './limits.js'
import { utf8 } from './bytes.js'
import { Secret } from './redacted.js'

test('the codes are frozen: scripts rest on the numbers', () => {
  assert.equal(ERROR_CODES, {
    internal: 1,
    usage: 2,
    'not-found': 20,
    locked: 21,
    'cannot-decrypt': 22,
    refused: 23,
    stale: 24,
    conflict: 25,
    unreachable: 26,
    tampering: 27,
    exists: 28,
    'timed-out': 29,
    'relay-refused': 30,
    storage: 31,
    limit: 32,
    format: 32,
    home: 33,
    expired: 34,
    cancelled: 130,
  })
})

test('only codes of the table are codes', () => {
  assert.ok(isErrorCode('tampering'))
  for (const no of ['', 'Tampering', 'toString', '__proto__', 27, null, undefined, {}]) {
    assert.not(isErrorCode(no))
  }
})

test('an error carries its code, reason, next step and cause', () => {
  const cause = new Error('why')
  const error = new CofferError('stale', 'what', { reason: 'r', next: 'n', cause })
  assert.equal([error.code, error.reason, error.next, error.cause], ['stale', 'r', 'n', cause])
  assert.instance(error, Error)
  assert.not('cause' in new CofferError('stale', 'what'))
})

test('a secret prints as nothing, however it is printed', () => {
  const secret = new Secret(utf8('hunter2'))
  const custom: unknown = Reflect.get(secret, Symbol.for('nodejs.util.inspect.custom'))
  const inspected = typeof custom === 'function' ? String(Reflect.apply(custom, secret, [])) : ''
  const prints = [
    String(secret),
    `${secret.toString()}!`,
    JSON.stringify({ secret }),
    JSON.stringify([secret]),
    inspected,
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(Object.getOwnPropertyDescriptors(secret)),
    JSON.stringify(new CofferError('internal', `with ${String(secret)}`, { cause: secret })),
  ]
  for (const print of prints) {
    assert.not.match(print, /hunter2|104|68756e/, print)
  }
  assert.is(inspected, '<redacted>')
  secret.wipe()
  assert.equal(secret.reveal(), new Uint8Array(7))
})

test('limits fit into one another', () => {
  const largest = PADDING_BUCKETS.at(-1) ?? 0
  assert.ok(LIMITS.value + 4 <= largest)
  const item = largest + 40 + 8 * 1024
  assert.ok(item < LIMITS.entry)
  assert.ok(LIMITS.chunk + item < 2 * LIMITS.entry && LIMITS.chunk < LIMITS.entry)
  // A header of as many items as may be, with a chunk of them, is one entry; a table of wraps for all too.
  assert.ok(LIMITS.chunk + LIMITS.items * (4 * 36 + 20) + LIMITS.deps * 90 + 1024 < LIMITS.entry)
  assert.ok(LIMITS.devices * (148 + 34 + 8) < 256 * 1024)
  assert.ok(LIMITS.entry < LIMITS.frame)
})

test.run()
