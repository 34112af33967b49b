import { Buffer } from 'node:buffer'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { PlainAnswer, PlainRequest } from '../../shared/protocol/plain.js'
import { childEnvironment } from './child.js'
import { FakeDaemon } from '../testing/fake-daemon.js'

// run over real processes: what a shell sees of the child is what it would see without coffer.

const PROGRAM = join(import.meta.dirname, '../main.js')
const id = 'ab'.repeat(32)
const vault = { vaultId: id, kind: 'user' } as const
const nothing = new Uint8Array(0)
const folder = mkdtempSync(join(tmpdir(), 'coffer-run-'))
let secret = 'one'

/** The daemon's side of `run [--preserve-env] -- command`, without its parsing. */
function answer({ argv }: PlainRequest): PlainAnswer {
  const environment = { SECRET: 'from vault', MULTI: 'a\nb=c' }
  const policy = argv.includes('--preserve-env') ? 'preserve' : 'override'
  const exec = { policy, argv: argv.slice(argv.indexOf('--') + 1), environment } as const
  return { status: 0, stdout: nothing, stderr: nothing, exec }
}

const daemon = await new FakeDaemon(
  {
    secretEnvironment: () => ({
      vault,
      variables: [{ name: 'SECRET', value: Buffer.from(secret).toString('base64') }],
      skipped: [],
      warnings: [],
    }),
    secretSetMany: ({ items }) => ({
      vault,
      created: items.map(({ name }) => name),
      changed: [],
      unchanged: [],
      warnings: [],
    }),
  },
  answer,
).start()

type Started = {
  readonly child: ChildProcess
  readonly said: () => string
  readonly heard: (text: string) => Promise<void>
}

function start(words: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    env: { PATH: process.env['PATH'], COFFER_HOME: daemon.home, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  const wakers = new Set<() => void>()
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
    for (const wake of wakers) wake()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const heard = async (text: string): Promise<void> => {
    const end = AbortSignal.timeout(20_000)
    while (!said.includes(text)) {
      await new Promise<void>((resolve, reject) => {
        wakers.add(resolve)
        end.addEventListener('abort', () => {
          reject(new Error(`never said ${text}: ${said}`))
        })
      })
    }
  }
  return { child, said: () => said, heard }
}

type End = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly said: string
}

async function ended({ child, said }: Started): Promise<End> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
  return { code: child.exitCode, signal: child.signalCode, said: said() }
}

const script = (text: string): string[] => [process.execPath, '-e', text]

test('arguments verbatim, secrets in the environment, stdin passed through, the code unchanged', async () => {
  const show =
    'process.stdin.pipe(process.stdout);process.stdin.on("end",()=>{console.log(JSON.stringify([process.argv.slice(1),process.env.SECRET,process.env.MULTI]));process.exitCode=42})'
  const run = start(['run', '--', ...script(show), '--', '$HOME', 'a b', '', '-x'], {
    SECRET: 'own',
  })
  run.child.stdin?.end('input\n')
  const { code, said } = await ended(run)
  assert.is(code, 42)
  assert.is(said, 'input\n[["$HOME","a b","","-x"],"from vault","a\\nb=c"]\n')
})

test("--preserve-env lets the caller's variable win; a token never reaches a child", async () => {
  const show = 'console.log(process.env.SECRET)'
  const env = { SECRET: 'own' }
  const kept = await ended(start(['run', '--preserve-env', '--', ...script(show)], env))
  assert.is(kept.said, 'own\n')
  for (const policy of ['preserve', 'override'] as const) {
    const exec = { policy, argv: ['true'], environment: { SECRET: 'from vault' } }
    assert.is(childEnvironment(exec, { ...env, COFFER_TOKEN: 't0ken' })['COFFER_TOKEN'], undefined)
  }
})

test('what cannot start is 127 or 126', async () => {
  const none = await ended(start(['run', '--', 'no-such-program-here']))
  assert.is(none.code, 127)
  assert.match(none.said, "coffer: cannot-start: 'no-such-program-here': there is no such program")
  const file = join(folder, 'not-executable')
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o600)
  assert.is((await ended(start(['run', '--', file]))).code, 126)
  assert.is((await ended(start(['run', '--', folder]))).code, 126)
})

test('it dies of the signal that the child died of', async () => {
  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGINT'] as const) {
    const { signal: seen } = await ended(
      start(['run', '--', 'sh', '-c', `ulimit -c 0; kill -${signal.slice(3)} $$`]),
    )
    assert.is(seen, signal)
  }
  const pipe = await ended(start(['run', '--', 'sh', '-c', 'kill -PIPE $$']))
  assert.is(pipe.signal ?? pipe.code, pipe.signal === null ? 141 : 'SIGPIPE')
})

test("TERM, HUP, USR1 and USR2 are passed on, the terminal's INT and QUIT are not", async () => {
  const listen =
    'for(const s of ["SIGTERM","SIGHUP","SIGUSR1","SIGUSR2","SIGINT","SIGQUIT"])process.on(s,()=>console.log(s));console.log("ready");setInterval(()=>{},1e6)'
  const run = start(['run', '--', ...script(listen)])
  await run.heard('ready')
  run.child.kill('SIGINT')
  run.child.kill('SIGQUIT')
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTERM'] as const) {
    run.child.kill(signal)
    await run.heard(signal)
  }
  assert.not.match(run.said(), /SIGINT|SIGQUIT/)
  const [, pid] = /(\d+)/.exec(await children(run.child.pid ?? 0)) ?? []
  process.kill(Number(pid), 'SIGKILL')
  assert.is((await ended(run)).signal, 'SIGKILL')
})

async function children(pid: number): Promise<string> {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', String(pid)])
  let out = ''
  ps.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  await once(ps, 'close')
  return out
}

test('--watch starts the command again when a variable changed, and only then', async () => {
  const say = 'console.log("pid "+process.pid+" "+process.env.SECRET);setInterval(()=>{},1e6)'
  const run = start(['run', '--watch', '--', ...script(say)])
  await run.heard(' one\n')
  daemon.notify('changed', { vault, names: ['OTHER'] })
  secret = 'two'
  daemon.notify('changed', { vault, names: ['SECRET'] })
  await run.heard(' two\n')
  assert.is(run.said().match(/pid/g)?.length, 2)
  run.child.kill('SIGTERM')
  assert.is((await ended(run)).signal, 'SIGTERM')
})

test('--watch ends as the command ends by itself', async () => {
  assert.is((await ended(start(['run', '--watch', '--', 'sh', '-c', 'exit 9']))).code, 9)
})

test('import --watch stores the file again at each save, mistakes waited out', async () => {
  const file = join(folder, '.env')
  writeFileSync(file, 'A=1\n')
  const run = start(['import', '--watch', file])
  await run.heard('watching')
  const calls = (): string => JSON.stringify(daemon.calls.at(-1)?.params)
  assert.match(calls(), '"name":"A","value":"MQ=="')
  writeFileSync(file, 'A="2\n')
  await run.heard('coffer: format: line 1')
  writeFileSync(file, 'A=2\nB=3\n')
  await run.heard('imported: 2 created')
  assert.match(calls(), '"name":"A","value":"Mg=="')
  run.child.kill('SIGINT')
  assert.is((await ended(run)).code, 130)
})

test.after(async () => {
  await daemon.stop()
  rmSync(folder, { recursive: true })
})

test.run()
