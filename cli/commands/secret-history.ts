import { displayText } from '../../shared/display.js'
import type { Result } from '../../shared/protocol/local.js'
import type { Command } from '../command.js'
import { columns, shortId, showAuthor, showTime } from '../format.js'

type Version = Result<'secretHistory'>['versions'][number]

export const secretHistory: Command = {
  name: 'secret history',
  also: ['history'],
  summary: "List a secret's versions, newest first",
  args: [{ name: 'PATH', required: true }],
  examples: [{ line: 'coffer history API_TOKEN', text: '* is what get serves' }],
  stdout: 'number, id, time, size, author, note',
  exits: ['not-found', 'locked'],
  async run({ args }, session) {
    const params = { context: session.context, name: args[0] ?? '' }
    const result = await session.call('secretHistory', params)
    session.show(result, columns(result.versions.map(row)))
  },
}

function row(version: Version): string[] {
  const { number, id } = version.version
  const marks = [
    version.sibling ? 'conflict' : '',
    version.sealed === true ? sealedWords(version) : '',
    version.queued ? 'queued' : '',
    version.futureClock ? 'clock ahead' : '',
  ].filter((mark) => mark !== '')
  return [
    version.current ? '*' : ' ',
    String(number),
    shortId(id),
    showTime(version.at),
    version.kind === 'delete' ? 'deleted' : `${version.size ?? 0} bytes`,
    showAuthor(version.author),
    [...marks, version.note ?? ''].join(' ').trim(),
  ]
}

/** To whom it is sealed: nobody else opens it. */
function sealedWords({ sealedTo = [] }: Version): string {
  const names = sealedTo.map(({ name, deviceId }) => displayText(name) || deviceId.slice(0, 12))
  return names.length === 0 ? 'sealed' : `sealed to ${names.join(', ')}`
}

export const conflicts: Command = {
  name: 'conflicts',
  also: ['conflicts ls'],
  summary: 'List secrets whose values were written apart',
  args: [{ name: 'PATH', required: false }],
  options: [{ flags: '--all', text: 'of every vault' }],
  examples: [{ line: 'coffer conflicts', text: '* is what get serves' }],
  stdout: 'names, versions',
  async run(call, session) {
    const [name] = call.args
    const result = await session.call('conflictsList', {
      context: session.context,
      ...(name === undefined ? {} : { name }),
      ...(call.flag('all') ? { all: true } : {}),
    })
    const text = result.conflicts.map(({ reference, siblings }) => {
      const rows = siblings.map(({ version, kind, at, author, size, winner }) => [
        winner ? '  *' : '   ',
        String(version.number),
        shortId(version.id),
        showTime(at),
        kind === 'delete' ? 'deleted' : `${size ?? 0} bytes`,
        showAuthor(author),
      ])
      return `${displayText(reference)}\n${columns(rows)}`
    })
    session.show(result, text.join(''))
  },
}
