import { Buffer, isUtf8 } from 'node:buffer'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { CofferError } from '../../shared/errors.js'
import { isObject } from '../../shared/protocol/schema.js'
import { FORMATS, parseAssignments, type Format } from './assignments.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { refuseLoaders, WRITERS } from './writers.js'

// What is written is read back, by coffer and by the readers that it is meant for, as the same bytes; or it is refused.

type Pair = readonly [string, Buffer]
const named = (pairs: readonly Pair[]) => pairs.map(([name, bytes]) => ({ name, bytes }))

async function readBack(text: string | Uint8Array, format: Format): Promise<Pair[]> {
  const items = await parseAssignments(Buffer.from(text), 'file', format)
  return items.map(({ name, value }) => [name, Buffer.from(value, 'base64')])
}

async function refusal(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (error instanceof CofferError) return `${error.code} ${error.reason ?? ''}`
    throw error
  }
}

const hostile = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\n',
    '\r\n',
    '\0',
    "'",
    '"',
    '`',
    '$2a$10$x',
    '${A}',
    '#',
    ' # x',
    'no',
    'null',
    '~',
    '1e3',
    '0x1F',
    '2026-01-01',
    '- a',
    ': b',
    '!!binary x',
    '{{ x }}',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\u007f',
    '\u001b[31m',
    '\\n',
    '\\',
    '--- ',
    '...',
    '😀',
    '<<',
  ),
  fc.string({ unit: 'grapheme' }),
)
const text = fc.array(hostile, { maxLength: 6 }).map((parts) => Buffer.from(parts.join('')))
const bytes = fc.oneof(
  text,
  fc.uint8Array({ maxLength: 40 }).map((all) => Buffer.from(all)),
)
const identifier = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,12}$/)
  .filter((name) => name !== '__proto__')
const anyName = fc.oneof(
  identifier,
  hostile.filter((one) => one !== '' && !/^(\/|coffer:|user\/)/i.test(one)),
)
const file = (name: fc.Arbitrary<string>, value: fc.Arbitrary<Buffer>): fc.Arbitrary<Pair[]> =>
  fc.uniqueArray(fc.tuple(name, value), { selector: ([one]) => one, maxLength: 6 })

for (const [format, names, values] of [
  ['yaml', anyName, bytes],
  ['json', anyName, bytes],
  ['k8s', identifier, bytes],
  ['docker', identifier, text],
  ['dotenv', identifier, text],
  ['earthly', identifier, bytes],
  ['fluvio', identifier, text],
] as const) {
  test(`${format}: the same bytes come back, or it is refused`, () =>
    fc.assert(
      fc.asyncProperty(file(names, values), async (pairs) => {
        let written: string | Uint8Array
        try {
          written = WRITERS[format](named(pairs), { name: 'app' })
        } catch (error) {
          if (error instanceof CofferError && ['format', 'limit'].includes(error.code)) return
          throw error
        }
        // A .secret holds bytes; what is read is text.
        if (!isUtf8(Buffer.from(written))) {
          assert.is(await refusal(() => readBack(written, format)), 'format not-utf8')
          return
        }
        assert.equal(new Map(await readBack(written, format)), new Map(pairs))
      }),
    ))
}

test('YAML reads alike by the rules of 1.1 and 1.2', () => {
  fc.assert(
    fc.property(file(anyName, text), (pairs) => {
      const written = WRITERS.yaml(named(pairs), {})
      for (const version of ['1.1', '1.2'] as const) {
        const parsed: unknown = parse(written, { version })
        const read = new Map(Object.entries(isObject(parsed) ? parsed : {}))
        const wanted = pairs.map(([name, value]) => [name, value.toString()] as const)
        assert.equal(
          read,
          new Map<string, unknown>(wanted.toSorted(([a], [b]) => order(a, b, read))),
        )
      }
    }),
  )
})

/** Objects order names that look like numbers before others. */
function order(a: string, b: string, read: ReadonlyMap<string, unknown>): number {
  const names = [...read.keys()]
  return names.indexOf(a) - names.indexOf(b)
}

test('what a format cannot hold is refused by name, and no value is shown', async () => {
  const table: readonly (readonly ['docker' | 'k8s' | 'dotenv', string, string, string])[] = [
    ['docker', 'A', 'two\nlines', 'format not-in-format'],
    ['docker', 'A', 'end\r', 'format not-in-format'],
    ['docker', 'A', 'nul\0', 'format not-in-format'],
    ['docker', 'A B', 'x', 'format not-in-format'],
    ['docker', 'A', 'x'.repeat(64 * 1024 - 2), 'format not-in-format'],
    ['k8s', 'path/A', 'x', 'format not-in-format'],
    ['k8s', '..', 'x', 'format not-in-format'],
    ['k8s', 'A', 'x'.repeat(1024 * 1024 + 1), 'limit not-in-format'],
  ]
  for (const [format, name, value, why] of table) {
    const write = () => WRITERS[format](named([[name, Buffer.from(value)]]), { name: 'app' })
    assert.is(await refusal(write), why, `${format} ${name}`)
  }
  const fits = named([['A', Buffer.from('x'.repeat(64 * 1024 - 3))]])
  assert.is(WRITERS.docker(fits, {}).length, 64 * 1024)
  assert.is(await refusal(() => WRITERS.k8s([], {})), 'usage no-name')
  for (const name of ['App', 'a_b', '-a', 'a.', 'a..b', 'x'.repeat(254), '']) {
    assert.is(await refusal(() => WRITERS.k8s([], { name })), 'usage bad-name', name)
  }
  try {
    WRITERS.docker(named([['A', Buffer.from('hunter2\n')]]), {})
    assert.unreachable()
  } catch (error) {
    assert.not.match(String(error), 'hunter2')
  }
})

test('a Secret as kubectl prints it', async () => {
  const manifest = [
    'apiVersion: v1',
    'data:',
    '  A: b25l',
    '  B: |-',
    '    dHdv',
    'stringData: {B: other, C: "3"}',
    'kind: Secret',
    'metadata: {name: app, uid: 12}',
  ]
  assert.equal(
    (await readBack(manifest.join('\n'), 'k8s')).map(
      ([name, value]) => `${name}=${value.toString()}`,
    ),
    ['A=one', 'B=other', 'C=3'],
  )
})

test('what readers would guess at is refused', async () => {
  const table: readonly (readonly [Format, string, string])[] = [
    ['yaml', 'A: no', 'none'],
    ['yaml', 'A: 1', 'format not-text'],
    ['yaml', 'A: true', 'format not-text'],
    ['yaml', 'A: null', 'format not-text'],
    ['yaml', 'A: {B: c}', 'format not-text'],
    ['yaml', 'A: x\nA: y', 'format not-yaml'],
    ['yaml', 'A: &a x\nB: *a', 'format not-yaml'],
    ['yaml', 'A: !!js/function x', 'format not-yaml'],
    ['yaml', 'A: x\n---\nB: y', 'format not-yaml'],
    ['yaml', '- A', 'format not-an-object'],
    ['yaml', '', 'format not-yaml'],
    ['yaml', `A: ${'['.repeat(100_000)}`, 'format too-deep'],
    ['yaml', '- '.repeat(100_000), 'format too-deep'],
    ['yaml', '/user/A: x', 'format reference-in-file'],
    ['k8s', 'kind: ConfigMap\ndata: {A: x}', 'format not-a-secret'],
    ['k8s', 'kind: Secret\ndata: {A: "?"}', 'format not-base64'],
    ['k8s', 'kind: Secret\ndata: [A]', 'format not-a-secret'],
    ['k8s', 'kind: Secret\nstringData: {A: 1}', 'format not-text'],
    ['docker', 'A', 'format no-assignment'],
    ['docker', 'A B=1', 'format no-assignment'],
    ['docker', 'A=1\nA=2', 'format duplicate'],
  ]
  for (const [format, content, why] of table) {
    assert.is(await refusal(() => readBack(content, format)), why, `${format} ${content}`)
  }
})

test('no text makes a reader fail otherwise than by a code', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom<Format>(...FORMATS),
      fc.oneof(
        fc.string(),
        fc.array(hostile).map((all) => `kind: Secret\ndata: ${all.join('')}`),
      ),
      async (format, content) => {
        assert.match(await refusal(() => readBack(content, format)), /^(none|format .*)$/)
      },
    ),
  ))

test('attack 61: what a teammate named LD_PRELOAD gets into no file of variables unasked', async () => {
  const names = ['A', 'LD_PRELOAD']
  for (const format of ['dotenv', 'docker', 'gha', 'shell'] as const) {
    const refused = await refusedWith(async () => refuseLoaders(format, names))
    assert.equal(refused, ['refused', 'loader-variable'], format)
    refuseLoaders(format, ['A', 'PASSWORD'])
  }
  for (const format of ['json', 'yaml', 'k8s', 'earthly', 'fluvio'] as const) {
    refuseLoaders(format, names)
  }
})

test.run()
