import { hits } from '../filter.js'
import { fit } from '../list.js'
import { listHeight, type SecretsState } from '../screens/secrets-list.js'
import { rowAt, rowCount, type Row } from '../screens/rows.js'
import { roleIn, type World } from '../world.js'
import {
  clipped,
  columns,
  fitted,
  line,
  row,
  span,
  typedSpans,
  widthOf,
  wrapped,
  type Line,
  type Look,
  type Span,
} from './line.js'
import type { Size } from './size.js'
import { ago } from './time.js'
import { MASK, shownValue } from './value.js'

export function secretsView(screen: SecretsState, world: World, size: Size): readonly Line[] {
  const { rows, list, secrets } = screen
  const top = filterLine(screen, size.width)
  if (secrets === undefined) return [top, line(span('reading…', 'dim'))]
  if (rowCount(rows) === 0) return [top, ...empty(screen, world, size)]
  const height = Math.min(size.height - 1, listHeight(world))
  const { top: first, at } = fit(list, rowCount(rows), height)
  const shown = Array.from({ length: height }, (_, i) => rowAt(screen.known, rows, first + i))
  return [
    top,
    ...shown.flatMap((item, i) =>
      item === undefined ? [] : [rowLine(screen, item, first + i === at, world, size.width)],
    ),
  ]
}

function filterLine({ filtering, query, rows, known, loading }: SecretsState, width: number): Line {
  const total = known.names.length
  const count = query.text.trim() === '' ? `${total}` : `${rows.total} of ${total}`
  const state = loading ? ', still loading' : ''
  if (!filtering && query.text === '')
    return { spans: [span(`${count} ${total === 1 ? 'secret' : 'secrets'}${state}`, 'dim')] }
  const counted = span(`  ${count}${state}`, 'dim')
  const room = Math.max(4, width - widthOf(counted.text) - 2)
  const typed = filtering ? typedSpans(query, false, room) : [span(clipped(query.text, room))]
  return { spans: [span('/ ', 'accent'), ...typed, counted] }
}

function empty(screen: SecretsState, world: World, { width, height }: Size): readonly Line[] {
  const { query, loading, place } = screen
  if (query.text.trim() !== '') return [line(span('no name fits', 'dim'))]
  if (loading) return [line(span('still loading…', 'dim'))]
  const [first, next] = emptyWords(roleIn(world, place))
  const lines = [
    ...wrapped(first, width).map((one) => line(one)),
    ...wrapped(next, width).map((one) => line(span(one, 'dim'))),
  ]
  return lines.slice(0, height - 1)
}

/** What an empty list says to this device, and what to do about it. */
function emptyWords(role: string | undefined): readonly [string, string] {
  switch (role) {
    case 'sealer':
      return ['What is here only others read.', 'a seals a secret for a runner.']
    case 'viewer':
      return [
        'You see that this project exists, and may not read it.',
        'An admin can give you the level read+secrets.',
      ]
    case 'reader':
      return ['Nothing here yet.', 'What others write appears here.']
    default:
      return ['Nothing here yet.', 'a adds the first secret.']
  }
}

function rowLine(
  screen: SecretsState,
  item: Row,
  chosen: boolean,
  world: World,
  width: number,
): Line {
  const wide = width >= 72
  const nameWidth = Math.max(10, Math.min(60, width - (wide ? 45 : 20)))
  if (item.kind === 'folder') {
    const name = item.name.slice(screen.folder.length)
    return row(
      chosen,
      columns(
        { text: name, width: nameWidth + 2, look: 'accent' },
        { text: `${item.count} inside`, width: 12, look: 'dim' },
      ),
    )
  }
  const name = named(screen, item.name, nameWidth, chosen)
  // A value that is shown takes the room of what is said beside it.
  const isShown = screen.reveal?.name === item.name
  const beside = wide && !isShown
  const shown = valueSpan(screen, item, Math.max(6, width - nameWidth - (beside ? 32 : 6)))
  const rest = beside && item.secret !== undefined ? aside(item.secret, world) : []
  return row(chosen, [mark(item), ...name, span(' '), shown, ...rest])
}

/** What is to be said of a row, in one column: a letter, so that no colour has to. */
function mark(item: Extract<Row, { kind: 'secret' }>): Span {
  const { staged, secret } = item
  if (staged !== undefined) {
    const sign = staged.overtaken ? '!' : staged.value === undefined ? '-' : staged.over ? '~' : '+'
    return span(`${sign} `, 'accent')
  }
  if (secret?.conflict === true) return span('C ', 'bad')
  return span(secret?.queued === true ? '↑ ' : '  ', 'dim')
}

function named(
  screen: SecretsState,
  name: string,
  width: number,
  chosen: boolean,
): readonly Span[] {
  const { query, folder } = screen
  const filter = query.text.trim()
  const shown = fitted(filter === '' ? name.slice(folder.length) : name, width)
  if (filter === '') return [{ text: shown, look: chosen ? 'strong' : 'plain' }]
  return highlighted(shown, hits(name, filter), chosen ? 'strong' : 'plain')
}

/** A name with what was typed marked in it. */
export function highlighted(
  shown: string,
  found: ReadonlySet<number>,
  look: Look,
): readonly Span[] {
  const spans: Span[] = []
  for (let at = 0; at < shown.length;) {
    const hit = found.has(at)
    let end = at
    while (end < shown.length && found.has(end) === hit) end++
    spans.push({ text: shown.slice(at, end), look: hit ? 'accent' : look })
    at = end
  }
  return spans
}

function valueSpan(
  { reveal }: SecretsState,
  item: Extract<Row, { kind: 'secret' }>,
  width: number,
): Span {
  if (reveal?.name === item.name)
    return { text: fitted(shownValue(reveal.value), width), look: 'strong' }
  if (item.staged?.value === undefined && item.staged !== undefined)
    return { text: fitted('to be deleted', width), look: 'bad' }
  if (item.secret?.sealed === true) return { text: fitted('sealed', width), look: 'dim' }
  return { text: fitted(MASK, width), look: 'dim' }
}

function aside(
  secret: NonNullable<Extract<Row, { kind: 'secret' }>['secret']>,
  world: World,
): readonly Span[] {
  const { author } = secret
  const who = author.self
    ? 'this device'
    : (author.user ?? author.device ?? author.deviceId.slice(0, 8))
  return [
    span(' '),
    ...columns(
      { text: ago(world.now, secret.at), width: 5, look: 'dim' },
      { text: who, width: 20, look: 'dim' },
    ),
  ]
}
