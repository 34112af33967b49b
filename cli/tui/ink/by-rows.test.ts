import * as fc from 'fast-check'
import { stripVTControlCharacters } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { byRows, type OutputClass } from './by-rows.js'

// Ink's own class is the measure: what it composes of any texts, ours composes, too.

const own = new URL('../../../../node_modules/ink/build/output.js', import.meta.url)
const { default: Own } = (await import(own.href)) as { default: OutputClass }
const Ours = byRows(Own)

const WIDTH = 30
const HEIGHT = 6

/** What a person sees of a frame: a row's styles may be written in more ways than one. */
const seen = (output: string): string[] =>
  output.split('\n').map((row) => stripVTControlCharacters(row).trimEnd())

const text = fc.string({
  unit: fc.constantFrom('a', 'B', ' ', '•', '─', '日', '\n'),
  maxLength: 12,
})
const write = fc.record({
  x: fc.integer({ min: 0, max: 15 }),
  y: fc.integer({ min: 0, max: HEIGHT }),
  text,
  bold: fc.boolean(),
})

test('any texts are composed as Ink composes them', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 8 }), (writes) => {
      const frames = [Own, Ours].map((Class) => {
        const output = new Class({ width: WIDTH, height: HEIGHT })
        for (const { x, y, text, bold } of writes) {
          const bolder = (line: string): string => (line === '' ? '' : `\x1b[1m${line}\x1b[22m`)
          output.write(x, y, text, { transformers: bold ? [bolder] : [] })
        }
        return output.get()
      })
      assert.equal(seen(frames[1]!.output), seen(frames[0]!.output))
      assert.is(frames[1]!.height, frames[0]!.height)
    }),
    { numRuns: 2000 },
  )
})

test('styles of a row that is one text come through as they are', () => {
  const output = new Ours({ width: WIDTH, height: 2 })
  output.write(2, 1, 'red', { transformers: [(line) => `\x1b[31m${line}\x1b[39m`] })
  assert.is(output.get().output, '\n  \x1b[31mred\x1b[39m')
})

test.run()
