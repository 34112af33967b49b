import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseEarthfile, type Earthfile } from './earthfile.js'
import { logicalLines } from './logical.js'
import type { SecretWish } from './secret-use.js'
import { usesOf } from './uses.js'
import { wordsOf } from './words.js'

function shown(wish: SecretWish): string {
  return wish.kind === 'secret' ? wish.name : wish.kind === 'skipped' ? '-' : wish.kind
}

/** What the commands of one target ask for. */
function asks(commands: string, version = 'VERSION 0.8'): string {
  const body = commands.replaceAll(/^(?=.)/gm, '    ')
  const file = parseEarthfile(`${version}\nt:\n    FROM alpine\n${body}\n`)
  return file.recipes.flatMap(({ uses }) => uses.map(({ wish }) => shown(wish))).join(' ')
}

const OLD = 'VERSION 0.6'

test('every form of --secret', () => {
  const table: readonly (readonly [string, string, string?])[] = [
    ['RUN --secret TOKEN cmd', 'TOKEN'],
    ['RUN --secret=TOKEN cmd', 'TOKEN'],
    ['RUN --secret TOKEN=ID cmd', 'ID'],
    ['RUN --secret TOKEN=+secrets/ID cmd', 'ID'],
    ['RUN --secret TOKEN=+secrets/user/ID cmd', 'user/ID'],
    ['RUN --secret TOKEN=/user/ID cmd', '/user/ID'],
    ['RUN --secret TOKEN=a/b cmd', 'a/b'],
    ['RUN --secret TOKEN=a=b cmd', 'a=b'],
    ['RUN --secret "TOKEN=a b" cmd', 'a b'],
    ["RUN --secret='TOKEN=ID' cmd", 'ID'],
    ['RUN --push --no-cache --secret A --secret B -- cmd --secret C', 'A B'],
    ['RUN --network none --secret A cmd', 'A'],
    ['RUN cmd --secret A', ''],
    ['RUN -- --secret A', ''],
    ['RUN --secret A ["cmd", "--secret", "B"]', 'A'],
    ['RUN --secret TOKEN= cmd', '-'],
    ['RUN --secret "" cmd', '-'],
    ['RUN --secret="" cmd', '-'],
    ['RUN --secret my-key cmd', 'wrong'],
    ['RUN --secret a/b cmd', 'wrong'],
    ['RUN --secret +secrets/ID cmd', 'wrong'],
    ['RUN --secret 1A=ID cmd', 'wrong'],
    ['RUN --secret TOKEN=+secrets/ cmd', 'wrong'],
    ['RUN --secret TOKEN=$ID cmd', 'unresolved'],
    ['RUN --secret TOKEN=${ID}_x cmd', 'unresolved'],
    ['RUN --secret $WHICH cmd', 'unresolved'],
    ['RUN --secret TOKEN=$(cat id file) cmd', 'unresolved'],
    ['RUN --secret TOKEN=aws:x cmd', 'aws:x'],
    ['IF --secret A [ -n "$A" ]', 'A'],
    ['ELSE IF --secret A --mount type=secret,target=/b true', 'A /b'],
    ['FOR --sep , --secret A x IN $(cat)', 'A'],
    ['WITH DOCKER --load=+x\n  RUN --secret A cmd\nEND', 'A'],
    // Before 0.7, and the flag that 0.7 made the rule.
    ['RUN --secret TOKEN=+secrets/acme/ID cmd', 'acme/ID', OLD],
    ['RUN --secret TOKEN=acme/ID cmd', 'wrong', OLD],
    ['RUN --secret TOKEN cmd', 'TOKEN', OLD],
    ['RUN --secret TOKEN=ID cmd', 'ID', 'VERSION --use-project-secrets 0.6'],
    ['RUN --secret TOKEN=ID cmd', 'wrong', 'VERSION --use-project-secrets=false 0.7'],
    ['RUN --secret TOKEN=ID cmd', 'ID', 'VERSION \\\n  --try --use-project-secrets \\\n  0.6'],
    ['RUN --secret TOKEN=ID cmd', 'ID', '# first\n\nVERSION 0.7 # and a word'],
    ['RUN --secret TOKEN=ID cmd', 'wrong', ''],
  ]
  for (const [commands, meant, version] of table) {
    assert.is(asks(commands, version), meant, `${version ?? ''} ${commands}`)
  }
})

test('mounts', () => {
  const table: readonly (readonly [string, string])[] = [
    ['RUN --mount=type=secret,target=/root/.npmrc,id=npm cmd', 'npm'],
    ['RUN --mount type=secret,id=+secrets/npm,target=/x cmd', 'npm'],
    ['RUN --mount=type=secret,target=/run/../key cmd', '/key'],
    ['RUN --mount "type=secret,target=/x,id=a/b,mode=0400" cmd', 'a/b'],
    ['RUN --mount=type=secret,id=a,target=/x,chmod=0644 cmd', 'a'],
    ['RUN --mount=type=secret,id=a,target=/x,mode=644 cmd', 'wrong'],
    ['RUN --mount=type=secret,id=a cmd', 'wrong'],
    ['RUN --mount=type=secret,id=$A,target=/x cmd', 'unresolved'],
    ['RUN --mount=type=secret,id=a,target=$HOME/x cmd', 'a'],
    ['RUN --mount=type=cache,target=/x --mount type=tmpfs,target=/y cmd', ''],
  ]
  for (const [commands, meant] of table) assert.is(asks(commands), meant, commands)
})

test('lines that go on, comments between them, quotes and here-documents', () => {
  const table: readonly (readonly [string, string])[] = [
    ['RUN --secret A \\\n  --secret B \\\n  cmd', 'A B'],
    ['RUN --secret A \\\n# why\n\n  --secret B \\\n  # and\n  cmd', 'A B'],
    ['RUN --secret A \\ # first\n  --secret B \\  \n  cmd', 'A B'],
    ['RUN --secret A echo \\\\\nRUN --secret B cmd', 'A B'],
    ['# RUN --secret A cmd\nRUN --secret B cmd', 'B'],
    ['RUN sh -c "one\nRUN --secret A cmd\n"\nRUN --secret B cmd', 'B'],
    ['RUN echo "one\ntwo" "three\nRUN --secret A cmd\n" \\\n  end\nRUN --secret B cmd', 'B'],
    [`RUN echo '"'\nRUN --secret A cmd`, 'A'],
    [`RUN echo it's\nRUN --secret A echo it's`, 'A'],
    ['RUN echo \\"\nRUN --secret A cmd', 'A'],
    ['RUN echo "never closed\nRUN --secret A cmd', 'A'],
    ['RUN --secret A <<EOF\nRUN --secret B cmd\nEOF\nRUN --secret C cmd', 'A C'],
    ["RUN cat <<-'END' > x\nRUN --secret B cmd\n  END\nRUN --secret C cmd", 'C'],
    ['RUN cat <<A <<B\nRUN --secret X cmd\nA\nRUN --secret Y cmd\nB\nRUN --secret C cmd', 'C'],
    ['RUN echo "<<EOF"\nRUN --secret A cmd\nEOF', 'A'],
    ['RUN cat <<EOF\nRUN --secret A cmd', 'A'],
    ['RUN --secret A cmd\r\n    RUN --secret B cmd\r', 'A B'],
  ]
  for (const [commands, meant] of table) assert.is(asks(commands), meant, commands)
})

test('PROJECT: one slash, the base recipe, no ARG', () => {
  const project = (text: string): string => {
    const file = parseEarthfile(text)
    const { org = '', project = '' } = file.project ?? {}
    return file.problems.length > 0 ? `line ${file.problems[0]?.line}` : `${org}/${project}`
  }
  assert.is(project('VERSION 0.8\nPROJECT acme/web\n'), 'acme/web')
  assert.is(project('VERSION 0.8\nARG A=b\nPROJECT acme/web # mine\nFROM x\n'), 'line 3')
  assert.is(project('VERSION 0.8\nPROJECT acme\n'), 'line 2')
  assert.is(project('VERSION 0.8\nPROJECT acme/web/x\n'), 'line 2')
  assert.is(project('VERSION 0.8\nPROJECT $ORG/web\n'), 'line 2')
  assert.is(project('VERSION 0.8\nt:\n    PROJECT acme/web\n'), 'line 3')
  assert.is(project('VERSION 0.6\nPROJECT acme/web\n'), 'line 2')
  assert.is(project('VERSION 0.8\n'), '/')
})

test('references to other Earthfiles', () => {
  const file = parseEarthfile(`VERSION 0.8
IMPORT ./lib AS tools
IMPORT ../shared
IMPORT github.com/acme/lib AS remote
FROM ./base+image
t:
    BUILD --platform linux/amd64 ./a+build --TOKEN=./no+no
    COPY (./b+files/x --arg=1) .
    DO tools+SETUP --x=1
    DO remote+SETUP
    DO +LOCAL
    BUILD ./$which+t
    WITH DOCKER --load=image:tag=./c+image --load ./d+image
        RUN true
    END
`)
  assert.equal([...file.folders], ['./lib', '../shared', './base', './a', './b', './c', './d'])
  const calls = file.recipes.flatMap(({ calls }) => calls)
  assert.equal(
    calls.map(({ line, folder, recipe }) => `${line} ${folder}+${recipe}`),
    [
      '5 ./base+image',
      '7 ./a+build',
      '8 ./b+files',
      '9 ./lib+SETUP',
      '11 +LOCAL',
      '13 ./c+image',
      '13 ./d+image',
    ],
  )
})

/** Every use as `folder+recipe name@place`, with files named by their folders. */
function uses(texts: { readonly [folder: string]: string }): string[] {
  const files = new Map<string, Earthfile>(
    Object.entries(texts).map(([folder, text]) => [folder, parseEarthfile(text)]),
  )
  return usesOf(files, (_, folder) => folder)
    .map(({ folder, recipe, wish, place }) => {
      const at = place.kind === 'project' ? place.project.project : place.kind
      return `${folder}+${recipe} ${shown(wish)}@${at}`
    })
    .toSorted()
}

test("a function uses its caller's project, through other functions too", () => {
  const lib = `VERSION 0.8
PROJECT acme/lib
F:
    FUNCTION
    RUN --secret A cmd
    DO +G
G:
    COMMAND
    RUN --secret B cmd
    DO +F
H:
    FUNCTION
    RUN --secret C cmd
t:
    RUN --secret D cmd
`
  const caller = (project: string): string => `VERSION 0.8
PROJECT acme/${project}
IMPORT ./lib
t:
    DO lib+F
`
  assert.equal(uses({ './lib': lib, './one': caller('one'), './two': caller('two') }), [
    './lib+F A@one',
    './lib+F A@two',
    './lib+G B@one',
    './lib+G B@two',
    './lib+H C@unknown',
    './lib+t D@lib',
  ])
  const [old, fresh] = [lib.replace('0.8', '0.6').replace(/PROJECT.*\n/, ''), caller('one')]
  assert.ok(uses({ './lib': old, './one': fresh }).includes('./lib+F A@legacy'))
  const legacy = fresh.replace('0.8', '0.6').replace('./lib', './lib/')
  assert.ok(uses({ './lib/': lib, './one': legacy }).includes('./lib/+F A@selected'))
  assert.equal(uses({ '.': 'VERSION 0.8\nt:\n  RUN --secret A x\n' }), ['.+t A@selected'])
  assert.equal(uses({ '.': 'VERSION 0.6\nRUN --secret A x\n' }), ['.+ A@legacy'])
})

test('any text is read, and quickly', () => {
  const part = fc.constantFrom(
    ...'VERSION 0.8|RUN |--secret |A=|\\|\n|\r\n|"|\'|#|<<EOF|EOF\n|t:|  |PROJECT |$(|)|--mount=type=secret,|IMPORT ./|DO +F|FUNCTION|+|/'.split(
      '|',
    ),
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(part).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(text, (one) => {
      const file = parseEarthfile(one)
      usesOf(new Map([['.', file]]), (_, folder) => folder)
      assert.ok(wordsOf(one).join('').length <= one.length)
      for (const { line, text } of logicalLines(one)) assert.ok(line >= 1 && text !== '')
    }),
    { numRuns: 500 },
  )
  const size = 50_000
  for (const piece of [
    '"',
    "'",
    '\\',
    '\\"',
    ' \\\n',
    '<<A\n',
    '<<A\nA\n',
    '$(',
    'RUN "\n',
    '\\ ',
    '\\ #',
  ]) {
    const started = performance.now()
    parseEarthfile(`VERSION 0.8\nRUN ${piece.repeat(size / piece.length)}`)
    assert.ok(performance.now() - started < 10_000, JSON.stringify(piece))
  }
})

test.run()
