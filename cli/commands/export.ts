import { appendFileSync, fstatSync, statSync } from 'node:fs'
import { CofferError } from '../../shared/errors.js'
import { systemWords } from '../../shared/system-error.js'
import { randomDelimiter, writeGithubEnv, writeMasks } from '../interop/github.js'
import type { Named } from '../interop/named.js'
import { refuseLoaders, WRITERS, type ExportFormat } from '../interop/writers.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS } from '../demands.js'
import { readChosen } from '../files/chosen.js'
import type { Session } from '../session.js'

const FORMATS = [...Object.keys(WRITERS), 'gha'].join(', ')

export const exportCommand: Command = {
  name: 'export',
  summary: 'Print secrets in the format of another program',
  details: `All secrets of the project, or those that are named. A format that can't hold a value refuses it by name, and
nothing is printed. Sealed secrets are left out, and named on stderr. Of a whole project dotenv, docker, gha and shell take
no secret that would decide what code runs (PATH, LD_PRELOAD, NODE_OPTIONS, …): name it, where it is meant. gha is for a step
of GitHub Actions: it appends the variables to $GITHUB_ENV, for later steps, and prints what hides their values in the log.`,
  args: [{ name: 'NAME…', required: false, many: true }],
  options: [
    { flags: '--format <FORMAT>', text: `one of ${FORMATS}; dotenv without it` },
    { flags: '--name <NAME>', text: 'with k8s: the name of the Secret' },
    { flags: '--namespace <NAME>', text: 'with k8s: its namespace' },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer export > .env', text: '' },
    { line: 'coffer export --format k8s --name app | kubectl apply -f -', text: '' },
    {
      line: 'coffer export --format gha API_KEY',
      text: 'in a step of GitHub Actions',
    },
    { line: 'coffer export --format json DATABASE_URL API_KEY', text: '' },
  ],
  stdout: 'the file',
  exits: [
    'storage',
    'not-found',
    'locked',
    'refused',
    'stale',
    'conflict',
    'unreachable',
    'tampering',
  ],
  runner: true,
  async run(call, session) {
    const format = checkFormat(call.text('format') ?? 'dotenv')
    const githubEnv = format === 'gha' ? githubFile(session) : undefined
    const options = { name: call.text('name'), namespace: call.text('namespace') }
    const secrets = await readChosen(call, session)
    if (call.args.length === 0) {
      refuseLoaders(
        format,
        secrets.map(({ name }) => name),
      )
    }
    if (githubEnv !== undefined) appendGithubEnv(session, githubEnv, secrets)
    else if (format !== 'gha') session.io.out(WRITERS[format](secrets, options))
  },
}

/**
 * The file that the runner reads variables from. Values and what hides them never come together on stdout: in a log the
 * first would show, in the file the second would be read as a variable.
 * @throws CofferError `usage`
 */
function githubFile({ io }: Session): string {
  const path = io.env['GITHUB_ENV'] ?? ''
  if (!path.startsWith('/')) {
    throw new CofferError(
      'usage',
      '--format gha is for a step of GitHub Actions: GITHUB_ENV names no file',
      {
        reason: 'no-github-env',
        next: 'elsewhere take --format dotenv or shell',
      },
    )
  }
  if (isStdout(path)) {
    throw new CofferError('usage', '--format gha appends to $GITHUB_ENV by itself', {
      reason: 'stdout-is-github-env',
      next: 'leave out >> "$GITHUB_ENV": what is printed is for the log',
    })
  }
  return path
}

function isStdout(path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false })
  const stdout = fstatSync(1)
  return file !== undefined && file.dev === stdout.dev && file.ino === stdout.ino
}

/** The masks are printed first: nothing later can show a value that isn't hidden. */
function appendGithubEnv(session: Session, path: string, secrets: readonly Named[]): void {
  const blocks = writeGithubEnv(secrets, randomDelimiter)
  session.io.out(writeMasks(secrets))
  try {
    appendFileSync(path, blocks)
  } catch (error) {
    throw new CofferError('storage', `can't write $GITHUB_ENV: ${systemWords(error)}`, {
      reason: 'unwritable',
      cause: error,
    })
  }
}

function checkFormat(typed: string): ExportFormat {
  if (isFormat(typed)) return typed
  throw new CofferError('usage', `--format takes one of ${FORMATS}`, { reason: 'bad-format' })
}

function isFormat(word: string): word is ExportFormat {
  return word === 'gha' || Object.hasOwn(WRITERS, word)
}
