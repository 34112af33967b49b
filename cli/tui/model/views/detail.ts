import { windowed } from '../list.js'
import { authorName } from '../screens/conflict-sides.js'
import { readerNames } from '../screens/detail-readers.js'
import {
  chosenEntry,
  currentOf,
  entriesOf,
  factsHeight,
  isInConflict,
  type DetailState,
  type Entry,
  type Version,
} from '../screens/detail-state.js'
import type { World } from '../world.js'
import { diffPane, valuePane } from './detail-panes.js'
import { clipped, columns, line, row, span, type Line, type Look, type Span } from './line.js'
import type { Size } from './size.js'
import { ago, agoWords, moment } from './time.js'
import { MASK } from './value.js'

export function detailView(screen: DetailState, world: World, size: Size): readonly Line[] {
  const { pane, versions, problem } = screen
  if (versions === undefined) return [line(span('reading…', 'dim'))]
  const chosen = chosenEntry(screen, world)
  if (pane.kind === 'value') return valuePane(screen, chosen, size)
  if (pane.kind === 'diff') return diffPane(screen, pane, size)
  const entries = entriesOf(screen, world)
  if (entries.length === 0) {
    return [line(span(clipped(problem ?? 'nothing was ever written here', size.width), 'dim'))]
  }
  const facts = factLines(screen, chosen, world, size.width)
  const above = facts.slice(0, factsHeight(facts.length, entries.length, size.height))
  const rows = windowed(screen.list, entries, size.height - above.length)
  return [
    ...above,
    ...rows.map(({ item, index }) => entryLine(item, index === screen.list.at, world, size.width)),
  ]
}

function fact(label: string, text: string, width: number, look: Look = 'plain'): Line {
  return line(span(label.padEnd(9), 'dim'), span(clipped(text, width - 9), look))
}

/** The most needed first: a small window shows no more than the first two or three. */
function factLines(
  screen: DetailState,
  chosen: Entry | undefined,
  world: World,
  width: number,
): readonly Line[] {
  const readers = readerNames(screen)
  const who =
    readers === undefined ? 'not known' : readers.length === 0 ? 'nobody' : readers.join(', ')
  const signs = signsOf(screen, world).map(([sign, text, look]) =>
    line(span(clipped(`${sign} ${text}`, width), look)),
  )
  return [
    { spans: [span('value    ', 'dim'), valueSpan(screen, chosen, width - 9)] },
    ...signs,
    fact('written', chosen === undefined ? '' : writtenWords(chosen, world), width),
    fact('readers', who, width),
    line(span(clipped(countWords(screen), width), 'dim')),
  ]
}

function countWords({ versions = [] }: DetailState): string {
  return `${versions.length} ${versions.length === 1 ? 'version' : 'versions'}`
}

function valueSpan({ reveal }: DetailState, chosen: Entry | undefined, width: number): Span {
  const shown = reveal?.lines?.[0]
  if (shown !== undefined) return span(clipped(shown.text, width), 'strong')
  if (chosen?.kind === 'staged' && chosen.staged.value === undefined) {
    return span('to be deleted', 'bad')
  }
  if (chosen?.kind === 'version' && chosen.version.kind === 'delete') return span('deleted', 'bad')
  if (chosen?.kind === 'version' && chosen.version.sealed === true) return span('sealed', 'dim')
  return span(MASK, 'dim')
}

function writtenWords(entry: Entry, { now }: World): string {
  if (entry.kind === 'staged') return 'not yet: w saves it'
  const { version, at, author, size, kind } = entry.version
  const bytes = kind === 'put' ? [`${size ?? 0} bytes`] : []
  const age = agoWords(now, at)
  return [`version ${version.number}`, ...bytes, age, authorName(author), `${moment(at)} UTC`].join(
    ' · ',
  )
}

type Sign = readonly [string, string, Look]

/** What has to be known of it, each with a sign and words. */
function signsOf(screen: DetailState, world: World): readonly Sign[] {
  const current = currentOf(screen)
  const staged = entriesOf(screen, world).find((one) => one.kind === 'staged')
  const signs: (Sign | false)[] = [
    isInConflict(screen) && ['C', 'in conflict: several values were written apart', 'bad'],
    staged?.kind === 'staged' &&
      staged.staged.overtaken && ['!', 'written elsewhere since you changed it here', 'bad'],
    staged?.kind === 'staged' &&
      staged.staged.seal !== undefined && [
        'S',
        'to be sealed: only runners will open it',
        'accent',
      ],
    current === undefined && ['-', 'deleted', 'bad'],
    current?.sealed === true && ['S', 'sealed: only its runners open it', 'accent'],
    current?.queued === true && ['↑', 'queued: the relay has not acknowledged it yet', 'accent'],
    current?.futureClock === true && ['!', 'its clock was more than an hour ahead', 'bad'],
  ]
  return signs.filter((one) => one !== false)
}

function entryLine(entry: Entry, chosen: boolean, world: World, width: number): Line {
  if (entry.kind === 'staged') {
    const text = entry.staged.value === undefined ? 'to be deleted' : 'a new value, not saved yet'
    const sign = entry.staged.value === undefined ? '-' : '~'
    return row(chosen, [span(`${sign}  `, 'accent'), span(clipped(text, width - 5), 'accent')])
  }
  const { version, at, author, note = '' } = entry.version
  const wide = width >= 72
  const who = { text: authorName(author), width: wide ? 28 : Math.max(4, width - 30) }
  return row(chosen, [
    span(marks(entry.version), entry.version.sibling ? 'bad' : 'accent'),
    ...columns(
      { text: `v${version.number}`, width: 5, look: chosen ? 'strong' : 'plain' },
      { text: ago(world.now, at), width: 4, look: 'dim' },
      { text: sizeWords(entry.version), width: 11 },
      { ...who, look: 'dim' },
      ...(wide ? [{ text: note, width: Math.max(1, width - 58) } as const] : []),
    ),
  ])
}

/** `*` what is served, `C` one of several written apart, `↑` not acknowledged. */
function marks({ current, sibling, queued }: Version): string {
  const first = sibling && !current ? 'C' : current ? '*' : ' '
  return `${first}${queued ? '↑' : ' '} `
}

function sizeWords({ kind, size, sealed }: Version): string {
  if (kind === 'delete') return 'deleted'
  return `${size ?? 0} B${sealed === true ? ' S' : ''}`
}
