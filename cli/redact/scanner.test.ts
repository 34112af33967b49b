import { Buffer } from 'node:buffer'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Scanner, Wanted } from './scanner.js'

const LONG = Array.from({ length: 40 }, (_, i) => `part ${i} of it`).join('|')
const KEY = `-----BEGIN KEY-----\n${'A'.repeat(40)}\n${'bcd1'.repeat(10)}\n${'efg2'.repeat(5)}\n-----END KEY-----\n`

function scan(
  values: { [name: string]: string },
  ...chunks: readonly (string | Uint8Array)[]
): string[] {
  const secrets = Object.entries(values).map(([name, value]) => ({
    name,
    bytes: Buffer.from(value),
  }))
  const out: string[] = []
  const scanner = new Scanner(new Wanted(secrets), ({ line, name, form }) => {
    out.push(`${line}: ${name} (${form})`)
  })
  for (const chunk of chunks) scanner.push(Buffer.from(chunk))
  scanner.end()
  return out
}

test('a value is found in its forms, with its line', () => {
  const values = { A: 'hunter2/hunter3', B: 'short' }
  const bytes = Buffer.from('hunter2/hunter3')
  const text = [
    'nothing',
    'x=hunter2/hunter3, hunter2/hunter3',
    bytes.toString('base64'),
    Buffer.concat([Buffer.from('x'), bytes]).toString('base64'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    'hunter2%2Fhunter3',
    'short hunter2/hunter',
  ].join('\n')
  assert.equal(scan(values, text), [
    '2: A (value)',
    '3: A (base64)',
    '4: A (base64)',
    '5: A (hex)',
    '6: A (hex)',
    '7: A (url)',
  ])
  assert.equal(scan(values, Buffer.from([0, 255, ...bytes, 0])), ['1: A (value)'])
})

test('a long value is found whole and not in part', () => {
  assert.equal(scan({ LONG }, `\n\n${LONG}`), ['3: LONG (value)'])
  assert.equal(scan({ LONG }, LONG.slice(0, -1)), [])
  assert.equal(scan({ LONG }, `${LONG.slice(0, 64)}${LONG}`), ['1: LONG (value)'])
  assert.equal(scan({ LONG }, LONG.slice(64)), [])
  const random = Buffer.alloc(100_000, 'abc1').toString()
  assert.equal(scan({ R: random }, `xabc1${random}`), ['1: R (value)'], 'it repeats itself')
})

test('an indented key is found by its longest line that is its own', () => {
  const indented = KEY.replace(/^/gm, '    ')
  assert.equal(scan({ KEY }, `key: |\n${indented}`), ['4: KEY (line)'])
  assert.equal(scan({ KEY }, `-----BEGIN KEY-----\n${'A'.repeat(40)}\n`), [])
  assert.equal(scan({ KEY }, KEY).toSorted(), ['1: KEY (value)', '3: KEY (line)'])
})

test('it makes no difference where the chunks end', () => {
  const bytes = Buffer.from(`a\nhunter2/hunter3\n${LONG}\n${Buffer.from(LONG).toString('base64')}`)
  const values = { A: 'hunter2/hunter3', LONG }
  const whole = scan(values, bytes)
  assert.equal(whole, ['2: A (value)', '3: LONG (value)', '4: LONG (base64)'])
  for (let at = 0; at <= bytes.length; at++) {
    assert.equal(scan(values, bytes.subarray(0, at), bytes.subarray(at)), whole, `cut at ${at}`)
  }
})

test('hostile bytes cost no more than others', () => {
  const value = Buffer.alloc(400_000, 'a').toString()
  const text = Buffer.alloc(399_000, 'a')
  assert.equal(scan({ value }, text), [])
})

test.run()
