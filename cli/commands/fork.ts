import { displayText } from '../../shared/display.js'
import type { Command } from '../command.js'
import { columns, shortId } from '../format.js'
import { consent } from '../prompt.js'

export const forkLs: Command = {
  name: 'fork ls',
  also: ['fork list'],
  summary: 'List branches of the membership chain that somebody else follows',
  details: `A fork means that devices were shown different members' lists: by a relay that was put back from a backup, or
that lies. Reads go on, writes stop, until an owner says which branch counts: fork end.`,
  examples: [{ line: 'coffer fork ls --org acme --project web', text: '' }],
  stdout: 'link number, own link, other link, who follows that',
  async run(_call, session) {
    const result = await session.call('forkList', { context: session.context })
    const rows = result.forks.map(({ n, own, other, by }) => [
      `link ${n}`,
      `here ${shortId(own)}`,
      `there ${shortId(other)}`,
      displayText(by.user ?? by.device ?? shortId(by.deviceId)),
    ])
    session.show(result, columns(rows))
  },
}

export const forkEnd: Command = {
  name: 'fork end',
  summary: 'Say that the branch which the relay orders counts, and the others are void',
  details: `For an owner. Devices on a void branch go over by themselves; what was written there is listed by lost, and
lost restore writes it anew. Members whom only a void branch let in are out, and those whom only it took out are in.`,
  options: [{ flags: '-y, --yes', text: "don't ask" }],
  examples: [{ line: 'coffer fork end -y --org acme --project web', text: '' }],
  exits: ['not-found', 'refused', 'unreachable', 'conflict'],
  async run(call, session) {
    const { context } = session
    const { forks } = await session.call('forkList', { context })
    const question = `declare ${forks.length} other branches void, for everybody?`
    await consent(session.io, call, 'ending a fork', question)
    const result = await session.call('forkEnd', { context })
    session.show(result)
    for (const { n, hash } of result.ended) session.say(`void from link ${n} on: ${shortId(hash)}`)
    if (result.left) session.say('this device stood on another branch: see coffer lost')
  },
}
