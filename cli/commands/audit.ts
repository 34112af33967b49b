import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Command } from '../command.js'
import { columns, parseDuration, shortId, showAuthor, showTime } from '../format.js'

type Entry = Result<'audit'>['entries'][number]

export const audit: Command = {
  name: 'audit',
  summary: 'List who changed what and when, from what they signed, the newest last',
  details: `Members' links and changes of the selected project, or of your own vault; with PATH the changes of that secret and
below it. Never values. Times are their authors' clocks; the order isn't: a change stands behind the newest link that its author knew.`,
  args: [{ name: 'PATH', required: false }],
  options: [
    { flags: '--since <TIME>', text: 'not before: 7d ago, or a day such as 2026-11-01' },
    { flags: '--directory', text: "the org's own vault: its members and the projects' names" },
    { flags: '--limit <N>', text: 'at most so many, the newest (1000)' },
  ],
  examples: [
    { line: 'coffer audit --since 7d', text: '' },
    { line: 'coffer audit db/PASSWORD --json', text: '' },
  ],
  stdout: 'time, author, action, what',
  exits: ['not-found', 'locked', 'stale'],
  async run(call, session) {
    const [name] = call.args
    const since = call.text('since')
    const result = await session.call('audit', {
      context: session.context,
      limit: limitOf(call.text('limit')),
      org: call.flag('directory'),
      ...(name === undefined ? {} : { name }),
      ...(since === undefined ? {} : { since: sinceOf(since) }),
    })
    session.show(result, columns(result.entries.map(row)))
    if (result.more) session.say('there is more before that: --limit N')
  },
}

function limitOf(typed: string | undefined): number {
  if (typed === undefined) return 1000
  const limit = /^[0-9]{1,6}$/.test(typed) ? Number(typed) : 0
  if (limit >= 1 && limit <= LIMITS.audit) return limit
  throw new CofferError('usage', `--limit takes a number from 1 to ${LIMITS.audit}`, {
    reason: 'bad-limit',
  })
}

/** A day (UTC) or moment of ISO 8601, or how long ago. */
function sinceOf(typed: string): number {
  const isDay = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(typed)
  const moment = isDay ? Date.parse(typed) : Date.now() - parseDuration('--since', typed)
  if (Number.isNaN(moment)) {
    throw new CofferError('usage', '--since takes a day such as 2026-11-01, or 7d', {
      reason: 'bad-duration',
    })
  }
  return Math.max(0, moment)
}

function row(entry: Entry): string[] {
  const { at, author, action, name, space, devices = [], role, link } = entry
  const whom = devices.map((one) => one.name ?? shortId(one.deviceId)).join(', ')
  const what = name === undefined ? whom : space === 'secret' ? name : `${space ?? ''} ${name}`
  return [
    at === null ? '-' : showTime(at),
    showAuthor(author),
    link === undefined ? action : `${action} (link ${link})`,
    [what, role === undefined ? '' : `as ${role}`, entry.void ? '(cut off)' : '']
      .filter((part) => part !== '')
      .join(' '),
  ]
}
