import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { checkValues } from './rendered.js'
import { readTemplate, render } from './template.js'

const found = (text: string, value: string): string =>
  checkValues(text, readTemplate(text), new Map([['A', value]]))
    .map(({ level, rule }) => `${level} ${rule}`)
    .join(', ')
const BREAKS = 'error value-breaks'
const TYPE = 'warning value-type'

test('a value that would be read as anything but itself, by the place it stands in', () => {
  const plain = 'k: ${{ secrets.A }}\nz: 1'
  const double = 'k: "${{ secrets.A }}"\nz: 1'
  const single = "k: '${{ secrets.A }}'\nz: 1"
  const within = 'k: Bearer ${{ secrets.A }}!\nz: 1'
  const block = 'k: |\n  ${{ secrets.A }}\nz: 1'
  const comment = 'z: 1 # ${{ secrets.A }}'
  const key = '${{ secrets.A }}: 1\nz: 1'
  const table: readonly (readonly [text: string, value: string, found: string])[] = [
    [plain, 'hunter2', ''],
    [plain, 'with blanks and = & | < > " inside', ''],
    [plain, 'a #b', BREAKS],
    [plain, 'a: b', BREAKS],
    [plain, '#a', BREAKS],
    [plain, '- a', BREAKS],
    [plain, '*z', BREAKS],
    [plain, '&z a', BREAKS],
    [plain, '!t a', BREAKS],
    [plain, '[a', BREAKS],
    [plain, '{a: b}', BREAKS],
    [plain, '@a', BREAKS],
    [plain, '"a', BREAKS],
    [plain, '"a"', BREAKS],
    [plain, 'a\nb: 2', BREAKS],
    [plain, ' a', BREAKS],
    [plain, 'a\tb', ''],
    [plain, 'a\t#b', BREAKS],
    [plain, 'a:', BREAKS],
    [plain, ':a', ''],
    [plain, '%a', BREAKS],
    [plain, '---', ''],
    [plain, '? a', BREAKS],
    [plain, 'a\rb', BREAKS],
    [plain, 'a\u2028b', BREAKS],
    [plain, 'a\u0007b', BREAKS],
    [plain, '123', TYPE],
    [plain, '0x1F', TYPE],
    [plain, '1e5', TYPE],
    [plain, 'true', TYPE],
    [plain, 'null', TYPE],
    [plain, '~', TYPE],
    [plain, '', TYPE],
    [double, '123', ''],
    [double, 'a: b #c', ''],
    [double, 'a"b', BREAKS],
    [double, 'a\\b', BREAKS],
    [double, 'a\\nb', BREAKS],
    [double, 'a\nb', BREAKS],
    [double, '", x: "', BREAKS],
    [single, 'a\\nb', ''],
    [single, "a'b", BREAKS],
    [single, "a''b", BREAKS],
    [within, '1', ''],
    [within, 'a #', BREAKS],
    [block, 'a: b "c" \'d\'', ''],
    [block, 'a\nb', BREAKS],
    [comment, 'anything: [#', ''],
    [comment, 'a\nz2: 1', BREAKS],
    [comment, 'a\n# b', ''],
    [key, 'z', BREAKS],
    [key, 'other', ''],
    ['k: ${{ secrets.A | upper }}', 'a"', 'note not-rendered'],
  ]
  for (const [text, value, verdict] of table) {
    assert.is(found(text, value), verdict, `${text} with ${JSON.stringify(value)}`)
  }
})

test('the secret is named, its value is not', () => {
  const text = 'a: "${{ secrets.OK }}"\nb: "${{ secrets.BAD }}"'
  const values = new Map([
    ['OK', 'fine'],
    ['BAD', 'hunter"2'],
  ])
  const [one, ...others] = checkValues(text, readTemplate(text), values)
  assert.equal([one?.name, one?.line, others.length], ['BAD', 2, 0])
  assert.not.match(JSON.stringify(one), 'hunter')
})

test('a value that passes is read as itself in its place', () => {
  const odd = fc.string({
    unit: fc.constantFrom(...Array.from('ab1 :#-"\'\\\n\t{}[],&*!|>%@`?~=.$')),
    maxLength: 6,
  })
  const place = fc.constantFrom(
    'k: ${{ secrets.A }}\nz: 1',
    'k: "${{ secrets.A }}"\nz: 1',
    "k: '${{ secrets.A }}'\nz: 1",
    'z: 1\nk: ${{ secrets.A }}',
  )
  let passed = 0
  fc.assert(
    fc.property(place, odd, (text, value) => {
      if (found(text, value) !== '') return
      passed += 1
      const read: unknown = parse(render(readTemplate(text), () => value))
      assert.equal(read, { k: value, z: 1 })
    }),
    { numRuns: 2000 },
  )
  assert.ok(passed > 100, `${passed} passed`)
})

test.run()
