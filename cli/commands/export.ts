import { appendFileSync } from 'node:fs'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { systemWords } from '../../shared/system-error.js'
import { randomDelimiter, writeGithubEnv, writeMasks } from '../interop/github.js'
import type { Named } from '../interop/named.js'
import { refuseLoaders, WRITERS, type ExportFormat } from '../interop/writers.js'
import type { Command } from '../command.js'
import { DEMAND_OPTIONS, demandsOf } from '../demands.js'
import { readMany } from '../read-many.js'
import type { Session } from '../session.js'

const FORMATS = Object.keys(WRITERS).join(', ')

export const exportCommand: Command = {
  name: 'export',
  summary: 'Print secrets in the format of another program',
  details: `All secrets of the project, or those that are named. A format that can't hold a value refuses it by name, and
nothing is printed. Sealed secrets are left out, and named on stderr. Of a whole project dotenv, docker, gha and shell take
no secret that would decide what code runs (PATH, LD_PRELOAD, NODE_OPTIONS, …): name it, where it is meant.`,
  args: [{ name: 'NAME…', required: false, many: true }],
  options: [
    { flags: '--format <FORMAT>', text: `one of ${FORMATS}; dotenv without it` },
    { flags: '--name <NAME>', text: 'with k8s: the name of the Secret' },
    { flags: '--namespace <NAME>', text: 'with k8s: its namespace' },
    {
      flags: '--github-env',
      text: 'with gha: append the variables to $GITHUB_ENV, print only what hides them in logs',
    },
    { flags: '--strict', text: 'fail where two values were written apart' },
    ...DEMAND_OPTIONS,
  ],
  examples: [
    { line: 'coffer export > .env', text: '' },
    { line: 'coffer export --format k8s --name app | kubectl apply -f -', text: '' },
    {
      line: 'coffer export --format gha --github-env API_KEY',
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
    const githubEnv = call.flag('github-env') ? githubFile(session, format) : undefined
    const options = { name: call.text('name'), namespace: call.text('namespace') }
    const { secrets, missing, sealed } = await readMany(session, {
      ...(call.args.length === 0 ? {} : { names: [...call.args] }),
      ...(call.flag('strict') ? { strict: true } : {}),
      ...demandsOf(call),
    })
    const [absent] = missing
    if (absent !== undefined) {
      throw new CofferError('not-found', absent.message, {
        reason: 'no-secret',
        next: 'see coffer ls',
      })
    }
    if (sealed.length > 0) {
      const names = sealed.map(displayText).join(', ')
      session.warn([{ code: 'sealed', message: `left out, since they are sealed: ${names}` }])
    }
    if (call.args.length === 0) {
      refuseLoaders(
        format,
        secrets.map(({ name }) => name),
      )
    }
    if (githubEnv !== undefined) return appendGithubEnv(session, githubEnv, secrets)
    session.io.out(WRITERS[format](secrets, options))
  },
}

/** The file that the runner reads variables from. @throws CofferError `usage` */
function githubFile({ io }: Session, format: ExportFormat): string {
  const path = io.env['GITHUB_ENV'] ?? ''
  if (format === 'gha' && path.startsWith('/')) return path
  throw new CofferError('usage', '--github-env takes --format gha, in a step of GitHub Actions', {
    reason: 'no-github-env',
    next: 'leave it out elsewhere: both parts are printed then',
  })
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
  return Object.hasOwn(WRITERS, word)
}
