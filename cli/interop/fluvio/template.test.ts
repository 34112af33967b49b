import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readTemplate, render } from './template.js'

const value = (name: string): string => `<${name}>`

test('which secrets a template means, and what is rendered', () => {
  const table: readonly (readonly [text: string, names: string, rendered: string | undefined])[] = [
    ['nothing', '', 'nothing'],
    ['a ${{ secrets.A }} b', 'A', 'a <A> b'],
    ['${{secrets.A}}${{secrets.B_2}}', 'A B_2', '<A><B_2>'],
    [`\${{ secrets['A'] }} \${{ secrets [ "b-c" ] }}`, 'A b-c', '<A> <b-c>'],
    ['# a comment of YAML: ${{ secrets.A }}', 'A', '# a comment of YAML: <A>'],
    ['a ${# ${{ secrets.A }} #} b', '', 'a  b'],
    ['a \n${#- c -#}\n b', '', 'ab'],
    ['a ${{- secrets.A -}} b', 'A', 'a<A>b'],
    ['a ${{+ secrets.A +}} b', 'A', 'a <A> b'],
    ['{{ secrets.A }} {% x %} {# y #} $ { $', '', '{{ secrets.A }} {% x %} {# y #} $ { $'],
    ['$${{ secrets.A }}', 'A', '$<A>'],
    ['last line\n', '', 'last line'],
    ['${{ secrets.A }}\n\n', 'A', '<A>\n'],
    ['${{ secrets.A | upper }}', 'A', undefined],
    ['${{ secrets.A ~ "}}" ~ secrets.B }}', 'A B', undefined],
    ["${{ '\\'}}' ~ secrets.A }}", 'A', undefined],
    ['${% if secrets.A %}x${% endif %}', 'A', undefined],
    ['${% set s = 1 %}${{ s }}', '', undefined],
    ['${% raw %}${{ secrets.A }}${% endraw %}${{ secrets.B }}', 'B', undefined],
    ['${{ other.secrets.A }}', '', undefined],
    ['${{ 1 + 2 }}', '', undefined],
  ]
  for (const [text, names, rendered] of table) {
    const template = readTemplate(text)
    assert.is(template.uses.map(({ name }) => name).join(' '), names, text)
    assert.is(template.plain ? render(template, value) : undefined, rendered, text)
  }
})

test('what minijinja would refuse, and where', () => {
  const table: readonly (readonly [text: string, faults: string])[] = [
    ['${{ secrets.A', '1 template-syntax'],
    ['a\nb ${% if', '2 template-syntax'],
    ['\n\n${# c', '3 template-syntax'],
    ['${{ "a }}', '1 template-syntax'],
    ['${{ }}', '1 template-syntax'],
    ['${{ secrets.A ? 1 }}', '1 template-syntax'],
    ['${% raw %} x', '1 template-syntax'],
    ['${{ secrets }}', '1 unclear-template'],
    ['${{ secrets[name] }}', '1 unclear-template'],
    [`\${{ secrets['a\\'b'] }}`, '1 unclear-template'],
    ['${{ secrets | items }}', '1 unclear-template'],
    ['${{ env.HOME }}', '1 unknown-variable'],
    ['${{ API_KEY }}', '1 unknown-variable'],
    ['${% for x in range(2) %}${{ x }}${% endfor %}', ''],
    ['${{ secrets.A }}\n${{ SECRETS.B }}', '2 unknown-variable'],
  ]
  for (const [text, faults] of table) {
    const found = readTemplate(text).faults.map(({ line, rule }) => `${line} ${rule}`)
    assert.is(found.join(', '), faults, text)
  }
})

test('a default makes an undefined secret no fault', () => {
  const guarded = (text: string): boolean[] => readTemplate(text).uses.map((use) => use.guarded)
  assert.equal(guarded('${{ secrets.A | default("x") }} ${{ secrets.A }}'), [true, false])
  assert.equal(guarded('${% if secrets.A is defined %}${% endif %}'), [true])
})

test('no text is too strange, and a plain one adds nothing and changes no order', () => {
  const part = fc.constantFrom(
    '${{',
    '}}',
    '${%',
    '%}',
    '${#',
    '#}',
    ' secrets',
    '.A',
    '["B"]',
    '-',
    '"',
    "'",
    '\\',
    '\n',
    ' ',
    'x',
    'raw',
    'endraw',
    '$',
    '{',
    '|',
    '\u{1f511}',
  )
  let plain = 0
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
      const text = parts.join('')
      const template = readTemplate(text)
      if (!template.plain) return
      plain += 1
      let at = 0
      for (const char of render(template, () => '')) {
        at = text.indexOf(char, at) + 1
        assert.ok(at > 0, text)
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(plain > 100, `${plain} were plain`)
})

test('a long text takes time in line with its length', () => {
  for (const text of ['${{', '${{a}}', '${% raw %}', '${', '"${{ "', '${# #}', '${%  ']) {
    const started = process.cpuUsage().user
    readTemplate(text.repeat(20_000))
    assert.ok(process.cpuUsage(undefined).user - started < 2_000_000, text)
  }
})

test.run()
