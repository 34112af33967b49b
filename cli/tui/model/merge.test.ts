import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { differing, hasMarker, isClean, linesOf, markerFor, merged, mergedText } from './merge.js'

const BASE = 'host=a\nport=1\nuser=x\n'

function textOf(base: string | undefined, ...sides: string[]): string {
  const labels = ['mine', 'theirs', 'theirs 2'].slice(0, sides.length)
  return mergedText(merged(base, sides), labels, markerFor(sides))
}

test('what each side changed by itself is taken', () => {
  const mine = BASE.replace('host=a', 'host=b')
  const theirs = BASE.replace('user=x', 'user=y\npass=z')
  assert.is(textOf(BASE, mine, theirs), 'host=b\nport=1\nuser=y\npass=z\n')
  assert.ok(isClean(merged(BASE, [mine, theirs])))
})

test('what both changed stands between markers, with what it was', () => {
  const [mine, theirs] = [BASE.replace('port=1', 'port=2'), BASE.replace('port=1', 'port=3')]
  assert.is(
    textOf(BASE, mine, theirs),
    [
      'host=a',
      '<<<<<<< mine',
      'port=2',
      '||||||| base',
      'port=1',
      '=======',
      'port=3',
      '>>>>>>> theirs',
      'user=x',
      '',
    ].join('\n'),
  )
})

test('three sides stand in one place', () => {
  assert.is(
    textOf('a', 'b', 'c', 'd'),
    '<<<<<<< mine\nb\n||||||| base\na\n=======\nc\n=======\nd\n>>>>>>> theirs, theirs 2',
  )
})

test('without a base only what all have is agreed', () => {
  assert.is(textOf(undefined, 'a\nb\nc', 'a\nc'), 'a\n<<<<<<< mine\nb\n=======\n>>>>>>> theirs\nc')
})

test('markers are longer than what looks like them in the texts, and are found again', () => {
  const title = 'Title\n=======\n'
  const marker = markerFor([title, 'x'])
  assert.is(marker, 8)
  assert.not(hasMarker(title, marker))
  assert.ok(hasMarker(textOf(undefined, title, 'x'), marker))
  assert.is(markerFor(['a', '<<b']), 7)
})

test('a difference has a sign for each line', () => {
  const shown = differing('a\nb\n', 'a\nc\n').map(({ sign, text }) => sign + text)
  assert.equal(shown, [' a', '-b', '+c', ' '])
})

test('texts with nothing in common, and too long to compare, are whole and apart', () => {
  const long = (word: string) => Array.from({ length: 2000 }, (_, i) => `${word}${i}`).join('\n')
  const pieces = merged(long('a'), [long('b'), long('c')])
  assert.equal(
    pieces.map(({ kind }) => kind),
    ['apart'],
  )
  assert.is(differing(long('a'), long('b')).length, 4000)
})

/** Few lines that are often the same, some of which look like markers. */
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd', '', '=======', '<<<<<<< mine', 'a\r'), {
    maxLength: 9,
  })
  .map((lines) => lines.join('\n'))
const base = fc.option(text, { nil: undefined })
const sides = fc.array(text, { minLength: 2, maxLength: 4 })

test('sides that are equal, or of which one alone changed something, merge clean', () => {
  fc.assert(
    fc.property(base, text, text, (ground, mine, theirs) => {
      const alike = merged(ground, [mine, mine, mine])
      assert.ok(isClean(alike))
      assert.is(mergedText(alike, ['mine', 'theirs'], 7), mine)
      for (const pair of [
        [mine, theirs],
        [theirs, mine],
      ]) {
        const one = merged(theirs, pair)
        assert.ok(isClean(one))
        assert.is(mergedText(one, ['mine', 'theirs'], 7), mine)
      }
    }),
  )
})

function isWithin(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0
  for (const one of whole) if (at < part.length && one === part[at]) at++
  return at === part.length
}

test('no line that a side added is lost, and order is kept', () => {
  fc.assert(
    fc.property(base, sides, (ground, all) => {
      const whole = linesOf(mergedText(merged(ground, all), ['mine'], markerFor(all)))
      const known = ground === undefined ? [] : linesOf(ground)
      for (const side of all) {
        const added = linesOf(side).filter((one) => !known.includes(one))
        assert.ok(isWithin(added, whole), JSON.stringify({ side, whole }))
      }
    }),
    { numRuns: 500 },
  )
})

test('without a base each side is what the agreed pieces and its own make', () => {
  fc.assert(
    fc.property(sides, (all) => {
      const pieces = merged(undefined, all)
      all.forEach((side, k) => {
        const lines = pieces.flatMap((one) =>
          one.kind === 'agreed' ? one.lines : (one.sides[k] ?? []),
        )
        assert.is(lines.join('\n'), side)
      })
    }),
    { numRuns: 500 },
  )
})

test('there are markers exactly where a merge is not clean', () => {
  fc.assert(
    fc.property(base, sides, (ground, all) => {
      const pieces = merged(ground, all)
      const marker = markerFor([ground ?? '', ...all])
      assert.is(hasMarker(mergedText(pieces, ['mine', 'theirs'], marker), marker), !isClean(pieces))
    }),
    { numRuns: 500 },
  )
})

test.run()
