import { keyLabel } from '../key.js'
import { applicable, MAIN_SCREENS } from '../commands.js'
import { specOf } from '../screens/table.js'
import { topOf, type State } from '../state.js'
import { bodyHeight, overlaySize, relaysOf, unread, type Status, type World } from '../world.js'
import {
  clipped,
  clippedSpans,
  line,
  span,
  widthOf,
  wrapped,
  type Line,
  type Span,
} from './line.js'
import { overlayBox } from './overlays.js'
import type { Size } from './size.js'
import { ago } from './time.js'

// Header, alarm line, message and footer.

/** `● synced 12s · 3 queued · 1 conflict`, `○ offline`: a sign and a word, so that no colour has to tell. */
export function syncSpans(world: World): readonly Span[] {
  const { now, status, sync, daemon } = world
  if (daemon === 'gone') return [span('× no daemon', 'bad')]
  if (status?.state !== 'unlocked') return []
  const [relay] = relaysOf(world)
  const times = status.vaults.flatMap(({ syncedAt }) => syncedAt ?? [])
  const synced = times.length === 0 ? 'not yet' : ago(now, Math.min(...times))
  // The daemon says them when they change; until then they are what its status said.
  const { queued, conflicts } = sync ?? countsOf(status)
  const parts = [
    queued > 0 ? `${queued} queued` : '',
    conflicts > 0 ? `${conflicts} ${conflicts === 1 ? 'conflict' : 'conflicts'}` : '',
  ].filter(Boolean)
  const more =
    parts.length === 0 ? [] : [span(` · ${parts.join(' · ')}`, conflicts > 0 ? 'bad' : 'plain')]
  if (relay === undefined) return [span('○ no relay', 'dim'), ...more]
  const words = {
    connected: `● synced ${synced}`,
    connecting: '◌ connecting',
    offline: '○ offline',
    refused: '× refused',
  }
  const look = relay.state === 'connected' ? 'good' : relay.state === 'refused' ? 'bad' : 'dim'
  return [span(words[relay.state], look), ...more]
}

function countsOf({ vaults }: Status): { readonly queued: number; readonly conflicts: number } {
  const total = (of: 'queued' | 'conflicts'): number =>
    vaults.reduce((sum, vault) => sum + vault[of], 0)
  return { queued: total('queued'), conflicts: total('conflicts') }
}

export function headerLine(state: State): Line {
  const { world } = state
  const staged = world.staged.length
  const marks = [span('coffer ', 'accent'), ...(staged > 0 ? [span(`+${staged} `, 'accent')] : [])]
  const room = Math.max(0, world.columns - widthOfAll(marks) - 1)
  // The title keeps a few columns, whatever there is to say of the relay.
  const right = clippedSpans(syncSpans(world), Math.max(0, room - SHORTEST))
  const left = [...marks, ...titleSpans(state, room - widthOfAll(right))]
  const gap = ' '.repeat(Math.max(1, world.columns - widthOfAll(left) - widthOfAll(right)))
  return { spans: clippedSpans([...left, span(gap), ...right], world.columns) }
}

/** Where one is; on a main screen, with the others and the digits that open them, if all of them fit. */
function titleSpans(state: State, room: number): readonly Span[] {
  const { screen } = topOf(state)
  const title = specOf(screen).title(screen, state.world)
  const tabs = MAIN_SCREENS.flatMap(({ key, screen: name, label }, i) => [
    span(`${i === 0 ? '' : '  '}${key} `, 'dim'),
    name === screen.name ? span(title, 'strong') : span(label, 'dim'),
  ])
  const isMain = MAIN_SCREENS.some(
    ({ screen: name, label }) => name === screen.name && label === title,
  )
  return isMain && widthOfAll(tabs) <= room ? tabs : [span(clipped(title, room), 'strong')]
}

/** Columns of a title, at least. */
const SHORTEST = 8

function widthOfAll(spans: readonly Span[]): number {
  return spans.reduce((sum, { text }) => sum + widthOf(text), 0)
}

/** Alarms stand above everything until somebody has read them. */
export function alarmLine({ world }: State): Line | undefined {
  const [first, ...more] = unread(world)
  if (first === undefined) return undefined
  const count = more.length === 0 ? '' : ` (and ${more.length} more)`
  const text = `! ALARM ${first.reason}: ${(first.newest ?? first.first).message}${count}`
  return line(
    span(clipped(text, Math.max(10, world.columns - 12)), 'bad'),
    span('  ! reads it', 'strong'),
  )
}

/**
 * What there is to be said: a line, or as many as a long word takes, at the cost of the screen above it, for whoever can't
 * read what to do can't do it.
 */
export function noteLines({ note, world, overlay }: State): readonly Line[] {
  if (note === undefined) return [line(' ')]
  const { tone, text } = note
  const said = { plain: '', good: '✓ ', bad: '! ' }[tone] + text
  const most =
    overlay === undefined ? 1 + Math.min(NOTE_LINES, Math.floor(bodyHeight(world) / 2)) : 1
  const lines = wrapped(said, world.columns)
  const rest = lines.slice(most - 1).join(' ')
  const shown =
    lines.length <= most ? lines : [...lines.slice(0, most - 1), clipped(rest, world.columns)]
  return shown.map((one) => line(span(one, tone)))
}

/** More lines than this are nothing that is read in passing. */
const NOTE_LINES = 4

/** Room for the screen: what the message above its one line takes is the screen's. */
export function viewSize(state: State): Size {
  const { world } = state
  const height = Math.max(1, bodyHeight(world) + 1 - noteLines(state).length)
  return { width: world.columns, height }
}

/** The keys that apply now, as many as there is room for; help is always among them. */
export function footerLine(state: State): Line {
  const { world, overlay } = state
  // Under what stands over a screen, the screen's own don't apply.
  if (overlay !== undefined) return overlayBox(state, overlay, overlaySize(world)).keys
  const seen = new Set<string>()
  const spans: Span[] = []
  let room = world.columns - 6
  const { screen } = topOf(state)
  const typing = specOf(screen).typing(screen, world)
  const bindings = applicable(topOf(state), state)
  const ordered = [
    ...bindings.filter(({ urgent }) => urgent === true),
    ...bindings.filter(({ urgent }) => urgent !== true),
  ]
  for (const { keys, label, quiet, whileTyping } of ordered) {
    const key = keys.find((one) => !seen.has(one))
    const isQuiet = typeof quiet === 'function' ? quiet(screen, world) : quiet === true
    if (isQuiet || (typing && whileTyping !== true) || key === undefined) continue
    for (const one of keys) seen.add(one)
    const shown = [span(keyLabel(key), 'strong'), span(` ${label}  `, 'dim')]
    const width = widthOfAll(shown)
    if (width > room) break
    room -= width
    spans.push(...shown)
  }
  const help = typing ? [] : [span('?', 'strong'), span(' help', 'dim')]
  return { spans: [...spans, ...help] }
}
