import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { fillTemplate, readTemplate } from './template.js'

const values: { readonly [reference: string]: string } = {
  A: 'one',
  '/user/B': 'tw"o\n',
  'coffer://acme/web/db/C': "it's $x",
}

function fill(text: string): string {
  const template = readTemplate(Buffer.from(text))
  return fillTemplate(template, (reference) => Buffer.from(values[reference] ?? '?')).toString()
}

function refusal(text: string): string {
  try {
    fill(text)
    return 'none'
  } catch (error) {
    if (error instanceof CofferError)
      return `${error.reason} ${/line \d+/.exec(error.message)?.[0]}`
    throw error
  }
}

test('each way to name a secret, and to write it', () => {
  const table: readonly (readonly [string, string])[] = [
    ['a {{ coffer A }} b', 'a one b'],
    ['{{coffer A}}{{coffer A}}', 'oneone'],
    ['{{ coffer /user/B }}', 'tw"o\n'],
    ['{{ coffer://acme/web/db/C }}', "it's $x"],
    ['{{ coffer coffer://acme/web/db/C | shell }}', `'it'\\''s $x'`],
    ['{{ coffer /user/B | json }}', '"tw\\"o\\n"'],
    ['{{ coffer /user/B | yaml }}', '"tw\\"o\\n"'],
    ['{{ coffer /user/B | base64 }}', 'dHcibwo='],
    ['{{ coffer /user/B | hex }}', '7477226f0a'],
    ['{{ coffer://acme/web/db/C | url }}', 'it%27s%20%24x'],
    ['\\{{ coffer A }} {{ coffer A }}', '{{ coffer A }} one'],
    [
      '{{ .Values.x }} {{ cofferdam }} {{coffer}} { { coffer A } }',
      '{{ .Values.x }} {{ cofferdam }} {{coffer}} { { coffer A } }',
    ],
    ['', ''],
  ]
  for (const [template, filled] of table) assert.is(fill(template), filled, template)
})

test('a mistake is named with its line', () => {
  const table: readonly (readonly [string, string])[] = [
    ['\n{{ coffer A', 'bad-template line 2'],
    ['{{ coffer }}', 'bad-template line 1'],
    ['{{ coffer  | json }}', 'bad-template line 1'],
    ['{{ coffer A | nothing }}', 'bad-template line 1'],
    ['{{ coffer A\n}}', 'bad-template line 1'],
  ]
  for (const [template, why] of table) assert.is(refusal(template), why, template)
})

test('bytes around and in a value stay what they are', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, value, after) => {
      const [head, tail] = [Buffer.from(before), Buffer.from(after)]
      // Braces of its own, or a backslash before ours, would say something else.
      if (head.includes('{') || head.at(-1) === 0x5c || tail.includes('{')) return
      const template = readTemplate(Buffer.concat([head, Buffer.from('{{ coffer A }}'), tail]))
      const filled = fillTemplate(template, () => Buffer.from(value))
      assert.is(Buffer.concat([head, value, tail]).equals(filled), true)
    }),
  )
})

test('a shell reads back what the form writes; what is no text is refused', () => {
  const words = fc.array(
    fc.constantFrom("'", '"', '\\', '$x', '`id`', '\n', ' ', '!', '*', 'é', '-n'),
  )
  fc.assert(
    fc.property(words, (parts) => {
      const value = parts.join('')
      const template = readTemplate(Buffer.from("printf '%s.' {{ coffer A | shell }}"))
      const script = fillTemplate(template, () => Buffer.from(value)).toString()
      assert.is(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }), `${value}.`)
    }),
    { numRuns: 20 },
  )
  for (const bytes of [Buffer.of(0xff), Buffer.of(0x61, 0)]) {
    const template = readTemplate(Buffer.from('{{ coffer A | shell }}'))
    try {
      fillTemplate(template, () => bytes)
      assert.unreachable()
    } catch (error) {
      assert.is(error instanceof CofferError && error.reason, 'not-text')
    }
  }
})

test("a stranger's template: as many places as there is room for, and values that make it too large", () => {
  // Were a line's number counted from the beginning each time, this would go on for minutes.
  const each = Buffer.from('{{ coffer A }}\n')
  const count = 70_000
  const template = readTemplate(Buffer.alloc(count * each.length, each))
  assert.is(template.slots.length, count)
  assert.is(template.slots.at(-1)?.line, count)
  const few = fillTemplate(template, () => Buffer.from('x'))
  assert.is(few.toString(), 'x\n'.repeat(count))
  try {
    fillTemplate(template, () => Buffer.alloc(LIMITS.value))
    assert.unreachable()
  } catch (error) {
    assert.is(error instanceof CofferError && `${error.code} ${error.reason}`, 'limit too-large')
  }
})

test.run()
