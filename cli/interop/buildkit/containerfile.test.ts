import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../../shared/limits.js'
import { secretMounts } from './containerfile.js'

/** `id`, with `!` behind it where it is required, `?` where only the build knows it; before it its line. */
function mounts(text: string): string[] {
  return secretMounts(text).map(
    ({ id, required, line, unresolved }) =>
      `${line} ${id}${required ? '!' : ''}${unresolved ? '?' : ''}`,
  )
}

test('each way to mount a secret', () => {
  const table: readonly (readonly [string, readonly string[]])[] = [
    ['RUN --mount=type=secret,id=tok cat', ['1 tok']],
    ['run --mount=type=secret,id=tok,required cat', ['1 tok!']],
    ['RUN --mount=type=secret,id=tok,required=true cat', ['1 tok!']],
    ['RUN --mount=type=secret,id=tok,required=false cat', ['1 tok']],
    ['RUN --mount=id=tok,type=secret cat', ['1 tok']],
    ['RUN --mount=type=secret,target=/root/.npmrc cat', ['1 .npmrc']],
    ['RUN --mount=type=secret,dst=/a/b/ cat', ['1 b']],
    ['RUN --mount=type=secret,destination=c cat', ['1 c']],
    ['RUN --mount=type=secret,source=s,target=/t cat', ['1 s']],
    ['RUN --mount=type=secret,id=tok,env=TOKEN cat', ['1 tok']],
    ['RUN --mount=type=secret,ID=tok,mode=0400,uid=1 cat', ['1 tok']],
    ['RUN --mount=type=secret,id="my tok" cat', ['1 my tok']],
    ["RUN --mount='type=secret,id=tok' cat", ['1 tok']],
    ['RUN --network=none --mount=type=secret,id=a --mount=type=secret,id=b cat', ['1 a', '1 b']],
    ['RUN --mount=type=cache,target=/x --mount=type=secret,id=a cat', ['1 a']],
    ['ONBUILD RUN --mount=type=secret,id=later cat', ['1 later']],
    ['ARG X\nRUN --mount=type=secret,id=$X cat', ['2 $X?']],
    ['RUN --mount=type=secret,id=${X}_KEY cat', ['1 ${X}_KEY?']],
    [
      '\ufeffRUN --mount=type=secret,id=a cat\r\nRUN --mount=type=secret,id=b cat\r\n',
      ['1 a', '2 b'],
    ],
  ]
  for (const [text, found] of table) assert.equal(mounts(text), found, text)
})

test('lines that go on, with comments and empty lines between', () => {
  const text = [
    'FROM scratch',
    'RUN --mount=type=secret,id=a \\',
    '  # the second',
    '',
    '  --mount=type=secret,id=b \\  ',
    '  cat',
    'RUN --mount=type=secret,\\',
    'id=c cat',
  ].join('\n')
  assert.equal(mounts(text), ['2 a', '2 b', '7 c'])
  const backtick = ['# escape=`', 'RUN --mount=type=secret,id=a `', '--mount=type=secret,id=b cat']
  assert.equal(mounts(backtick.join('\n')), ['2 a', '2 b'])
  // Behind anything else it is a comment like others.
  assert.equal(mounts(['FROM x', ...backtick].join('\n')), ['3 a'])
})

test('what looks like a mount and is none', () => {
  const table = [
    '# RUN --mount=type=secret,id=tok cat',
    'RUN echo --mount=type=secret,id=tok',
    'RUN -- --mount=type=secret,id=tok',
    'RUN --mount=type=bind,id=tok cat',
    'RUN --mount=type=secret cat',
    'RUN --mount type=secret,id=tok cat',
    'COPY --mount=type=secret,id=tok a b',
    'RUN <<EOF\nRUN --mount=type=secret,id=tok cat\nEOF',
    'RUN <<-"EOF" sh\nRUN --mount=type=secret,id=tok cat\n\tEOF',
    'COPY <<A <<B /x/\nA1\nA\nRUN --mount=type=secret,id=tok cat\nB',
    'RUN <<EOF\nRUN --mount=type=secret,id=tok cat',
  ]
  for (const text of table) assert.equal(mounts(text), [], text)
  const behind = 'RUN <<EOF\nx\nEOF\nRUN --mount=type=secret,id=tok cat'
  assert.equal(mounts(behind), ['4 tok'])
})

test('no text makes it throw', () => {
  const word = fc.constantFrom(
    'RUN ',
    '--mount=',
    'type=secret',
    ',',
    'id=',
    'x',
    '\\\n',
    '\n',
    '"',
    "'",
    '<<EOF',
    'EOF',
    '# ',
    '$',
    ' ',
    '`',
    'ONBUILD ',
  )
  const pieces = fc.array(fc.oneof(word, fc.string())).map((all) => all.join(''))
  fc.assert(
    fc.property(pieces, (text) => {
      for (const { id, line } of secretMounts(text)) {
        assert.is(id === '', false)
        assert.ok(line >= 1 && line <= text.split('\n').length)
      }
    }),
  )
})

test("a stranger's file that is as long as may be is read in one go", () => {
  // Were each blank tried as the value's end, this would go on for a quarter of an hour.
  const blanks = ' '.repeat(LIMITS.buildFile)
  assert.equal(mounts(`# escape = x${blanks}y\nRUN --mount=type=secret,id=a cat`), ['2 a'])
  assert.equal(mounts(`#${blanks}\nRUN --mount=type=secret,id=a cat`), ['2 a'])
})

test.run()
