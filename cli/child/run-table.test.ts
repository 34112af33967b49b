import { Buffer } from 'node:buffer'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlainAnswer, PlainRequest } from '../../shared/protocol/plain.js'
import { FakeDaemon } from '../testing/fake-daemon.js'

// What a caller sees of a child is the same by the short way, by the full program, and with --mask, but for the values.

const PROGRAM = join(import.meta.dirname, '../main.js')
const SECRET = 'hunter2-hunter3'
const vault = { vaultId: 'ab'.repeat(32), kind: 'user' } as const
const nothing = new Uint8Array(0)
const folder = mkdtempSync(join(tmpdir(), 'coffer-table-'))

function answer({ argv }: PlainRequest): PlainAnswer {
  const command = argv.slice(argv.indexOf('--') + 1)
  const exec = { policy: 'override', argv: command, environment: { SECRET } } as const
  return { status: 0, stdout: nothing, stderr: nothing, exec }
}

let variables = [{ name: 'SECRET', value: Buffer.from(SECRET).toString('base64') }]

const daemon = await new FakeDaemon(
  {
    secretEnvironment: () => ({
      vault,
      variables,
      skipped: [],
      warnings: [],
    }),
  },
  answer,
).start()
const env = { PATH: process.env['PATH'], COFFER_HOME: daemon.home, TERM: 'xterm' }

test.after(async () => {
  await daemon.stop()
  rmSync(folder, { recursive: true })
})

type Seen = { code: number | null; signal: NodeJS.Signals | null; out: string; err: string }

async function see(
  flags: readonly string[],
  command: readonly string[],
  input = '',
  wanted = '',
): Promise<Seen> {
  const child = spawn(process.execPath, [PROGRAM, 'run', ...flags, '--', ...command], { env })
  const seen: Seen = { code: null, signal: null, out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (seen.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (seen.err += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  // The end of the process, not of its pipes, for a grandchild may hold those; what it wrote may still be in them.
  const closed = once(child, 'close').then(() => true)
  await once(child, 'exit')
  while (seen.out.length < wanted.length) {
    if (await Promise.race([closed, once(child.stdout, 'data').then(() => false)])) break
  }
  child.stdout.destroy()
  child.stderr.destroy()
  return { ...seen, code: child.exitCode, signal: child.signalCode }
}

type Row = {
  readonly what: string
  readonly command: readonly string[]
  readonly input?: string
  readonly code?: number
  readonly signal?: NodeJS.Signals
  readonly out?: string
  readonly err?: RegExp
  readonly after?: () => void
}

/** What reads it lives until this end of it is closed. */
const held = join(folder, 'held')
execFileSync('mkfifo', [held])
const holding = openSync(held, 'r+')

const sh = (text: string): string[] => ['sh', '-c', text]
const ROWS: readonly Row[] = [
  { what: 'exit 0', command: ['true'], code: 0 },
  { what: 'exit 1', command: ['false'], code: 1 },
  { what: "coffer's own numbers", command: sh('exit 20'), code: 20 },
  { what: 'the last number', command: sh('exit 255'), code: 255 },
  {
    what: 'no such program',
    command: ['no-such-program'],
    code: 127,
    err: /^coffer: cannot-start/,
  },
  { what: 'no program', command: ['/'], code: 126, err: /^coffer: cannot-start/ },
  { what: 'SIGKILL', command: sh('kill -KILL $$'), signal: 'SIGKILL' },
  { what: 'SIGTERM', command: sh('kill -TERM $$'), signal: 'SIGTERM' },
  { what: 'SIGINT', command: sh('kill -INT $$'), signal: 'SIGINT' },
  { what: 'SIGABRT', command: sh('ulimit -c 0; kill -ABRT $$'), signal: 'SIGABRT' },
  { what: 'stdin', command: ['cat'], input: 'one\ntwo', code: 0, out: 'one\ntwo' },
  { what: 'stdin that nobody reads', command: ['true'], input: 'x'.repeat(500_000), code: 0 },
  {
    what: 'a group of its own is not made',
    command: sh('test "$(ps -o pgid= -p $$)" = "$(ps -o pgid= -p $PPID)"'),
    code: 0,
  },
  {
    what: 'stdout and stderr apart',
    command: sh('echo out; echo err >&2'),
    code: 0,
    out: 'out\n',
    err: /^err\n$/,
  },
  {
    what: 'output after the last read',
    command: sh('head -c 300000 /dev/zero | tr "\\0" y'),
    code: 0,
    out: 'y'.repeat(300_000),
  },
  { what: 'no line end', command: ['printf', 'hunt'], code: 0, out: 'hunt' },
  {
    what: 'a grandchild that holds the pipe',
    command: sh(`cat < '${held}' & echo first; exit 3`),
    code: 3,
    out: 'first\n',
    after: () => {
      closeSync(holding)
    },
  },
  {
    what: 'bytes that are no text',
    command: ['printf', '\\303\\050\\377'],
    code: 0,
    out: Buffer.from([0xc3, 0x28, 0xff]).toString(),
  },
]

for (const { what, command, input, after, ...wanted } of ROWS) {
  test(`run: ${what}`, async () => {
    for (const flags of [[], ['--mask']]) {
      const seen = await see(flags, command, input, wanted.out)
      const name = `${what} ${flags.join(' ')}`
      assert.is(seen.code, wanted.code ?? null, name + seen.err)
      assert.is(seen.signal, wanted.signal ?? null, name)
      if (wanted.out !== undefined) assert.is(seen.out, wanted.out, name)
      assert.match(seen.err, wanted.err ?? /^$/, name)
    }
    after?.()
  })
}

test('--mask hides the values, wherever they are cut, and nothing else', async () => {
  const show = sh('printf "%s\\n" "<$SECRET>"; printf "%s" "$SECRET" | base64 >&2; echo hunter2')
  const masked = await see(['--mask'], show)
  assert.equal([masked.out, masked.err], ['<***>\nhunter2\n', '***\n'])
  const plain = await see([], show)
  assert.is(plain.out, `<${SECRET}>\nhunter2\n`)
  for (const at of [1, 7, 14]) {
    const [a, b] = [SECRET.slice(0, at), SECRET.slice(at)]
    // The first part is read before the second is written: nothing is left in the pipe of our parent's own.
    const split = await see(
      ['--mask'],
      [
        'python3',
        '-uc',
        `import os,time,sys\nos.write(1,b"${a}")\nwhile os.read(0,1) == b"": pass\nos.write(1,b"${b}.")`,
      ],
      'x',
    )
    assert.is(split.out, '***.')
  }
})

/** A line of bash over the program, with real pipes and files. */
async function bash(line: string): Promise<{ out: string; code: number | null }> {
  const child = spawn(
    'bash',
    ['-c', `coffer() { '${process.execPath}' '${PROGRAM}' "$@"; }; cd '${folder}'; ${line}`],
    { env },
  )
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  await once(child, 'close')
  return { out, code: child.exitCode }
}

test('arguments and variables that are too large together', async () => {
  const large = Buffer.alloc(130_000, 'x')
  variables = Array.from({ length: 30 }, (_, i) => ({
    name: `V${i}`,
    value: large.toString('base64'),
  }))
  for (const flags of [['--clean-env'], ['--mask']]) {
    const seen = await see(flags, ['true'])
    assert.is(seen.code, 126)
    assert.match(
      seen.err,
      /^coffer: cannot-start: .*arguments and variables together are too large/,
    )
  }
  variables = [{ name: 'SECRET', value: Buffer.from(SECRET).toString('base64') }]
})

test('--mask says which values it leaves, being too short', async () => {
  const value = (text: string): string => Buffer.from(text).toString('base64')
  const before = variables
  variables = [
    ...before,
    { name: 'PIN', value: value('1234567') },
    { name: 'EIGHT', value: value('12345678') },
    { name: 'EMPTY', value: '' },
    { name: 'BLANKS', value: value(' '.repeat(9)) },
  ]
  const seen = await see(['--mask'], sh('echo $PIN $EIGHT'))
  assert.is(seen.out, '1234567 ***\n')
  assert.is(
    seen.err,
    'coffer: warning: not-masked: not masked, being shorter than 8 bytes or mere blanks: PIN, BLANKS\n',
  )
  assert.is((await see(['--clean-env'], ['true'])).err, '')
  variables = before
})

test('pipes are pipes: /dev/stdout and /dev/stderr can be opened', async () => {
  for (const flag of ['', '--mask']) {
    const line = `coffer run ${flag} -- sh -c 'echo a > /dev/stdout; echo b > /dev/stderr; echo $SECRET' 2>err | cat; cat err`
    const seen = await bash(line)
    assert.is(seen.out, `a\n${flag === '' ? SECRET : '***'}\nb\n`)
  }
})

test('--mask keeps the order of stdout and stderr where both go to one place', async () => {
  const command = `sh -c 'for i in 1 2 3 4 5; do echo o$i; echo e$i >&2; done'`
  const wanted = Array.from({ length: 5 }, (_, i) => `o${i + 1}\ne${i + 1}\n`).join('')
  assert.is((await bash(`coffer run --mask -- ${command} > both 2>&1; cat both`)).out, wanted)
  assert.is((await bash(`coffer run --mask -- ${command} 2>&1 | cat`)).out, wanted)
})

test('--mask: signals are passed on while a reader is slow, and one that went ends the child', async () => {
  const words = [PROGRAM, 'run', '--mask', '--', 'yes']
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'readable')
  child.kill('SIGTERM')
  child.stdout.resume()
  await once(child, 'close')
  assert.is(child.signalCode, 'SIGTERM')
  const gone = await bash('coffer run --mask -- yes | head -1; echo ${PIPESTATUS[0]}')
  assert.is(gone.out, 'y\n141\n')
})

test('a terminal is the same terminal, with --mask too', async () => {
  const text = 'test -t 0 && test -t 1 && test -t 2 && echo "tty $SECRET"; exit 7\n'
  writeFileSync(join(folder, 'tty.sh'), text)
  const run = (flag: string): string =>
    `'${process.execPath}' '${PROGRAM}' run ${flag} -- sh tty.sh`
  for (const flag of ['', '--mask']) {
    const seen = await bash(`script -qec "${run(flag)}" /dev/null < /dev/null`)
    assert.is(seen.out, `tty ${SECRET}\r\n`, 'a terminal is never touched')
    assert.is(seen.code, 7)
  }
  const apart = await bash(
    `script -qec "${run('--mask')} 2> err || echo apart" /dev/null < /dev/null`,
  )
  assert.is(apart.out, 'apart\r\n')
})

test.run()
