import { Buffer } from 'node:buffer'
import { spawn } from 'node:child_process'
import { complaint } from '../../shared/complaint.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { saysOffline } from '../../shared/offline.js'
import { exchange } from '../reach/exchange.js'
import { known } from '../fail.js'
import { requestBytes } from '../hot.js'
import { isRunner } from '../reach/runner-env.js'
import { homeOf, readySocketOf } from '../reach/socket.js'

// The other end of coffer_get (shell/posix-hook.ts): questions on stdin, answers on stdout, one after the other. It holds
// no value longer than it takes to pass it on.

/** A shell starts another when it needs one again. */
const IDLE = 5 * 60_000

const VARIABLES = [
  'COFFER_ORG',
  'COFFER_PROJECT',
  'COFFER_OFFLINE',
  'EARTHLY_ORG',
  'EARTHLY_PROJECT',
] as const
const FIELDS = VARIABLES.length + 2

type Question = { cwd: string; variables: NodeJS.ProcessEnv; name: string }

/** The questions in `bytes`, and what is left of it. @throws CofferError `limit` for one that has no end */
export function takeQuestions(bytes: Buffer): { questions: Question[]; rest: Buffer } {
  const questions: Question[] = []
  let fields: string[] = []
  let start = 0
  let rest = 0
  for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
    fields.push(bytes.toString('utf8', start, end))
    start = end + 1
    if (fields.length < FIELDS) continue
    const [cwd = '', ...others] = fields
    const name = others.pop() ?? ''
    const set = VARIABLES.map((variable, i) => [variable, others[i] ?? ''] as const)
    const variables = Object.fromEntries(set.filter(([, value]) => value !== ''))
    questions.push({ cwd, variables, name })
    fields = []
    rest = start
  }
  if (bytes.length - rest > LIMITS.plainRequest) {
    throw new CofferError('limit', 'a question has no end', { reason: 'oversize' })
  }
  return { questions, rest: bytes.subarray(rest) }
}

/** Answers until stdin ends. */
export async function serve(env: NodeJS.ProcessEnv): Promise<void> {
  // The terminal's Ctrl-C is for what runs in the shell.
  process.on('SIGINT', () => undefined)
  let waiting = Buffer.alloc(0)
  const idle = setTimeout(() => process.exit(), IDLE)
  for await (const chunk of process.stdin) {
    idle.refresh()
    const { questions, rest } = takeQuestions(Buffer.concat([waiting, Buffer.from(chunk)]))
    waiting = Buffer.from(rest)
    for (const question of questions) process.stdout.write(await answerFor(question, env))
  }
  clearTimeout(idle)
}

/** What `coffer get` says of a name, as an answer. */
export async function answerFor(question: Question, env: NodeJS.ProcessEnv): Promise<Buffer> {
  try {
    const { status, stdout, stderr } =
      (await askDaemon(question, env)) ?? (await askProgram(question, env))
    if (stdout.includes(0)) {
      throw new CofferError('format', 'the value holds a NUL byte, which no variable does', {
        reason: 'nul',
        next: 'read it with coffer get -n, into a file or pipe',
      })
    }
    return framed(status, stdout, stderr)
  } catch (error) {
    const failure = known(error)
    return framed(32, Buffer.alloc(0), Buffer.from(complaint(failure)))
  }
}

function framed(status: number, stdout: Buffer, stderr: Buffer): Buffer {
  const nul = Buffer.alloc(1)
  return Buffer.concat([Buffer.from(String(status)), nul, stdout, nul, stderr, nul])
}

type Answer = { readonly status: number; readonly stdout: Buffer; readonly stderr: Buffer }

const argvOf = ({ name }: Question): string[] => ['get', '--raw', '--', name]

/** The short way; undefined where there is no daemon that would do. */
async function askDaemon(question: Question, env: NodeJS.ProcessEnv): Promise<Answer | undefined> {
  const { cwd, variables } = question
  if (isRunner(env)) return undefined
  const offline = saysOffline(variables['COFFER_OFFLINE']) === true
  const socket = readySocketOf(homeOf(env), offline)
  if (socket === undefined) return undefined
  const answer = await exchange(socket, requestBytes(argvOf(question), variables, cwd))
  answer?.close()
  return answer
}

/** The program itself, which starts a daemon. */
async function askProgram(question: Question, env: NodeJS.ProcessEnv): Promise<Answer> {
  const { cwd, variables } = question
  const others = Object.entries(env).filter(([name]) => !VARIABLES.some((one) => one === name))
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...argvOf(question)], {
    cwd,
    env: { ...Object.fromEntries(others), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, status] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => {
        resolve(code ?? 1)
      })
    }),
  ])
  return { status, stdout, stderr }
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}
