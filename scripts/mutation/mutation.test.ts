import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from '../tooling/repo.js'
import { MUTATIONS } from './all.js'
import { Copy } from './copy.js'
import { linesOf, UNTRIED } from './lines.js'
import { onlyTest, patched, type Mutation } from './mutation.js'
import { sample } from './sample.js'
import { objection } from './verdict.js'

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
const compiled = (file: string): string => read(`dist/${file.replace(/\.ts$/, '.js')}`)

test('every guard is where its patch says, and every test is there by its name', () => {
  for (const { patches, test } of MUTATIONS) {
    for (const patch of patches) patched(read(patch.file), patch)
    onlyTest(compiled(test.file), test.name)
  }
})

test('of every attack that the table has a test for, a guard is taken out', () => {
  const lines = linesOf(read('THREAT-MODEL.md'))
  assert.equal(
    lines.map(({ attack }) => attack),
    [
      ...Array.from({ length: 61 }, (_, i) => i + 1),
      ...Array.from({ length: 16 }, (_, i) => `P${i + 1}`),
    ],
  )
  const tried = new Set(MUTATIONS.map(({ attack }) => attack))
  const untried = lines.filter(({ test, attack }) => test !== 'later' && !tried.has(attack))
  const unexplained = untried.filter(({ attack }) => !UNTRIED.has(attack))
  assert.equal(
    unexplained.map(({ attack }) => attack),
    [],
  )
})

test('a patch that fits nowhere, twice, or changes nothing is refused', () => {
  const patch = { file: 'x.ts', was: 'a()', now: '' }
  assert.is(patched('a() b()', patch), ' b()')
  assert.is(patched('a()', { ...patch, now: "$& $'" }), "$& $'", 'nothing in it is a pattern')
  for (const [text, other] of [
    ['b()', {}],
    ['a() a()', {}],
    ['a()', { now: 'a()' }],
    ['a()', { was: '' }],
  ] as const) {
    assert.throws(() => patched(text, { ...patch, ...other }), /x\.ts: the patch/)
  }
})

test('one test alone runs, and only one that is there once', () => {
  const source = `test('it\\'s one', () => 1)\ntest("two (2)", () => 2)\ntest('two', () => 3)\n`
  assert.match(onlyTest(source, 'two (2)'), /^test.only\("two \(2\)"/m)
  assert.match(onlyTest(source, 'two'), /^test.only\('two', /m)
  assert.match(onlyTest(source, "it's one"), /^test.only\('it/)
  assert.throws(() => onlyTest(source, 'three'), /0 tests/)
  assert.throws(() => onlyTest(source + source, 'two'), /2 tests/)
})

const failed = (complaint: string): string =>
  `x\n\n   FAIL  "it"\n    ${complaint}\n    at Object.handler (/tmp/cm-1/a/b.test.ts:2:10)\n\n`
const SOURCE =
  "test('it', () => {\n  assert.is(\n    verdict(),\n    'bad-proof',\n  )\n  'other'\n"

test('red counts only by the assertion that was named', () => {
  const by = (output: string, red: string[]): string =>
    objection(output, { name: 'it', file: 'a/b.test.ts', red }, SOURCE) ?? 'red'
  const asserted = failed(
    'Expected values to be strictly equal:  (is)\n\n        ++bad-box (Expected)',
  )
  assert.is(by(asserted, ['bad-box']), 'red', 'what it says')
  assert.is(by(asserted, ['bad-box', 'bad-proof']), 'red', 'what stands in the statement')
  assert.match(by(asserted, ['other']), /^it failed by something else/)
  assert.is(by(failed('nothing was refused'), ['bad-proof']), 'red')
  assert.match(by(failed("Cannot read properties of undefined (reading 'x')"), ['x']), /crashed/)
  assert.match(by('SyntaxError: bad-proof', ['bad-proof']), /did not fail/)
  assert.match(by('   FAIL  "another"\n', ['bad-proof']), /did not fail/)
})

test('a sample is the same by its seed, and every guard comes up by some', () => {
  const all = Array.from({ length: 30 }, (_, i) => i)
  assert.equal(sample(all, 5, 7), sample(all, 5, 7))
  assert.is(new Set(sample(all, 30, 7)).size, 30)
  const drawn = new Set(Array.from({ length: 40 }, (_, seed) => sample(all, 5, seed)).flat())
  assert.is(drawn.size, 30)
})

test('a copy takes a patch, and neither the checkout nor the next one notices', async () => {
  const [model] = MUTATIONS.filter(({ test }) => test.file === 'shared/display.test.ts')
  if (model === undefined) throw new TypeError('no model')
  const copy = new Copy()
  try {
    const verdict = async (patches: Mutation['patches']): Promise<string> => {
      await copy.apply({ patches })
      const { output } = await copy.test(model.test)
      copy.restore()
      return objection(output, { ...model.test, red: model.red }, read(model.test.file)) ?? 'red'
    }
    const before = compiled('shared/display.ts')
    assert.is(await verdict(model.patches), 'red')
    assert.is(compiled('shared/display.ts'), before)
    const [patch] = model.patches
    if (patch === undefined) throw new TypeError('no patch')
    const harmless = [{ ...patch, now: `${patch.was} // as it was` }]
    assert.match(await verdict(harmless), /did not fail/)
    const broken = copy.apply({ patches: [{ ...patch, now: ')(' }] })
    assert.instance(await broken.catch((error: unknown) => error), Error)
    copy.restore()
    assert.is(await verdict(model.patches), 'red')
  } finally {
    copy.end()
  }
})

test.run()
