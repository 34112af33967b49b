import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, toHex, u32be, utf8, type Bytes } from '../bytes.js'
import { CofferError } from '../errors.js'
import { LIMITS } from '../limits.js'
import {
  decodePlainAnswer,
  decodePlainRequest,
  encodePlainAnswer,
  encodePlainRequest,
  PLAIN_MAGIC,
  PLAIN_VARIABLES,
  plainRequestLength,
} from './plain.js'

const field = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replace(/\0/g, ''))
const request = fc.record({
  argv: fc.array(field, { maxLength: 5 }),
  cwd: field.map((text) => `/${text}`),
  variables: fc.dictionary(fc.constantFrom(...PLAIN_VARIABLES), field),
})

const refused = (run: () => unknown): CofferError => {
  try {
    run()
  } catch (error) {
    if (error instanceof CofferError) return error
    throw error
  }
  throw new Error('not refused')
}

test('the worked example of the specification', () => {
  const bytes = encodePlainRequest({
    argv: ['get', '-n', 'db/PASSWORD'],
    cwd: '/srv',
    variables: { COFFER_ORG: 'acme' },
  })
  assert.is(
    toHex(bytes),
    toHex(
      concat(utf8('coffer1'), u32be(42), utf8('3\0get\0-n\0db/PASSWORD\0/srv\0COFFER_ORG=acme\0')),
    ),
  )
  const answer = encodePlainAnswer({ status: 0, stdout: utf8('s3cret'), stderr: utf8('') })
  assert.is(toHex(answer), `0000000006${toHex(utf8('s3cret'))}0000000000000000`)
})

test('a request comes back as it was, and its length is known from its head', () => {
  fc.assert(
    fc.property(request, (value) => {
      const bytes = encodePlainRequest(value)
      assert.equal(decodePlainRequest(bytes), { ...value, variables: { ...value.variables } })
      assert.is(plainRequestLength(bytes.subarray(0, 11)), bytes.length)
      assert.is(plainRequestLength(bytes.subarray(0, 10)), undefined)
    }),
  )
})

test('an answer comes back as it was', () => {
  const exec = fc.record({
    policy: fc.constantFrom('override' as const, 'preserve' as const),
    argv: fc.array(field, { minLength: 1 }),
    environment: fc.dictionary(fc.constantFrom('A', 'B_C', 'D1'), field),
  })
  const answer = fc.record(
    { status: fc.nat(255), stdout: fc.uint8Array(), stderr: fc.uint8Array(), exec },
    { requiredKeys: ['status', 'stdout', 'stderr'] },
  )
  fc.assert(
    fc.property(answer, (value) => {
      const back = decodePlainAnswer(encodePlainAnswer(value))
      assert.equal(toHex(back.stdout), toHex(value.stdout))
      assert.equal(toHex(back.stderr), toHex(value.stderr))
      assert.is(back.status, value.status)
      assert.equal(
        back.exec === undefined
          ? undefined
          : { ...back.exec, environment: { ...back.exec.environment } },
        value.exec === undefined
          ? undefined
          : { ...value.exec, environment: { ...value.exec.environment } },
      )
    }),
  )
})

const framed = (body: string | Bytes): Bytes => {
  const bytes = typeof body === 'string' ? utf8(body) : body
  return concat(PLAIN_MAGIC, u32be(bytes.length), bytes)
}

test('what is malformed is refused with a code', () => {
  for (const body of [
    '',
    '1\0get\0',
    '2\0get\0/srv',
    '9\0get\0/srv\0',
    '01\0get\0/srv\0',
    '-1\0/srv\0',
    '1\0get\0srv\0',
    '1\0get\0/srv\0PATH=/bin\0',
    '1\0get\0/srv\0COFFER_ORG\0',
    '1\0get\0/srv\0COFFER_ORG=a\0COFFER_ORG=b\0',
    Uint8Array.of(0x31, 0, 0xff, 0, 0x2f, 0),
  ]) {
    assert.is(refused(() => decodePlainRequest(framed(body))).code, 'format', String(body))
  }
  const good = framed('1\0get\0/srv\0')
  assert.is(refused(() => decodePlainRequest(good.subarray(0, -1))).code, 'format')
  assert.is(refused(() => decodePlainRequest(concat(good, Uint8Array.of(0)))).code, 'format')
  assert.is(refused(() => plainRequestLength(utf8('GET / HTTP'))).code, 'format')
  const huge = concat(PLAIN_MAGIC, u32be(LIMITS.plainRequest + 1))
  assert.is(refused(() => plainRequestLength(huge)).code, 'limit')
  assert.is(
    refused(() => encodePlainRequest({ argv: ['a\0b'], cwd: '/', variables: {} })).code,
    'format',
  )
})

test('any bytes at all are a request or a coded refusal, on both sides', () => {
  fc.assert(
    fc.property(request, fc.nat(), fc.nat(255), (value, at, byte) => {
      const bytes = encodePlainRequest(value)
      bytes[at % bytes.length] = byte
      try {
        decodePlainRequest(bytes)
      } catch (error) {
        assert.instance(error, CofferError)
      }
      try {
        decodePlainAnswer(bytes)
      } catch (error) {
        assert.instance(error, CofferError)
      }
    }),
  )
})

test.run()
