import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import type { Row, Status } from '../builds/earthly-check.js'
import { columns } from '../format.js'

export const earthlyCheck: Command = {
  name: 'earthly check',
  summary: 'Say which secrets of Earthfiles are there, before a build',
  details: `Looks at every target of the Earthfiles named (or ./Earthfile), of those that they IMPORT, and of those that FROM, BUILD,
COPY, DO and WITH DOCKER lead to on this disk; functions are looked at in the PROJECT of whoever calls them. Each secret
is there, missing, unresolved (an ARG decides) or wrong (Earthly would refuse it). No value is read.`,
  args: [{ name: 'EARTHFILE…', required: false, many: true }],
  options: [
    {
      flags: '--legacy-project <PROJECT>',
      text: 'where VERSION 0.6 and older find ORG/NAME: in this project of ORG',
    },
  ],
  examples: [
    { line: 'coffer earthly check', text: 'exits 20 when one is missing' },
    { line: 'coffer earthly check ./services/api --json', text: 'a folder or an Earthfile' },
  ],
  stdout: 'status, secret, file and line, target',
  exits: ['not-found', 'locked', 'refused', 'stale'],
  runner: true,
  async run(call, session) {
    const { checkEarthfiles } = await import('../builds/earthly-check.js')
    const named = call.args.length > 0 ? call.args : ['Earthfile']
    const paths = named.map((path) => session.path(path))
    const rows = await checkEarthfiles(session, paths, call.text('legacy-project'))
    session.show({ secrets: rows }, columns(rows.map(cells)))
    if (rows.length === 0) session.say('no secrets')
    complain(rows)
  },
}

function cells({ status, secret, reference, file, line, target, why }: Row): string[] {
  const place = line === 0 ? file : `${file}:${line}`
  const notes = why === undefined ? [] : [`(${why})`]
  return [status, reference ?? secret, place, `+${target === '' ? 'base' : target}`, ...notes]
}

/** @throws CofferError `not-found` where one is missing, `format` where Earthly would refuse a line */
function complain(rows: readonly Row[]): void {
  const count = (status: Status): number => rows.filter((row) => row.status === status).length
  const [missing, wrong] = [count('missing'), count('wrong')]
  const secrets = (many: number, one: string, more: string): string =>
    many === 1 ? `1 secret ${one}` : `${many} secrets ${more}`
  if (missing > 0) {
    throw new CofferError('not-found', secrets(missing, 'is missing', 'are missing'), {
      reason: 'missing-secrets',
      next: 'store what a build needs with coffer set REFERENCE',
    })
  }
  if (wrong > 0) {
    throw new CofferError(
      'format',
      `Earthly would refuse ${wrong} ${wrong === 1 ? 'line' : 'lines'}`,
      {
        reason: 'wrong-lines',
        next: 'correct the Earthfile',
      },
    )
  }
}
