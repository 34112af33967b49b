import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lookalikes, skeleton } from './lookalike.js'

test('names that most fonts draw alike have one skeleton', () => {
  for (const [a, b] of [
    ['paul', 'pau1'],
    ['paul', 'pаul'],
    ['Ann', 'ANN'],
    ['modern', 'modem'],
    ['André', 'Andre'],
    ['ｂｏｂ', 'bob'],
    ['Bob  Ray', 'Bob Ray'],
    ['o0', 'οо'],
  ] as const) {
    assert.is(skeleton(a), skeleton(b), `${a} ${b}`)
  }
  for (const [a, b] of [
    ['ann', 'anna'],
    ['bob@a.org', 'bob@b.org'],
    ['анна', 'ольга'],
  ] as const) {
    assert.is.not(skeleton(a), skeleton(b), `${a} ${b}`)
  }
})

test('only names that are taken for another one, or hide something, are flagged', () => {
  assert.equal([...lookalikes(['ann', 'bob', '', ''])], [])
  assert.equal([...lookalikes(['ann', 'bob', 'b0b'])], ['bob', 'b0b'])
  assert.equal([...lookalikes(['bo\u200bb'])], ['bo\u200bb'])
  // The same address in another case is one address.
  assert.equal([...lookalikes(['Bob@x', 'bob@x'])], [])
})

test('a skeleton is its own, and nobody is taken for themselves, whatever the name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      assert.is(skeleton(skeleton(name)), skeleton(name))
      assert.equal(lookalikes([name, name]), lookalikes([name]))
    }),
    { numRuns: 1000 },
  )
})

test.run()
