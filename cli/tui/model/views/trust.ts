import { fit } from '../list.js'
import {
  headHeight,
  rowsHeight,
  rowsOfTrust,
  type TrustRow,
  type TrustState,
  type VaultInfo,
} from '../screens/trust-rows.js'
import { vaultState } from '../screens/trust-texts.js'
import { vaultLabel } from '../vault.js'
import { relaysOf, type Alarm, type RelayState, type World } from '../world.js'
import {
  BLANK,
  clipped,
  columns,
  line,
  row,
  span,
  type Column,
  type Line,
  type Look,
} from './line.js'
import type { Size } from './size.js'
import { ago, agoWords, moment } from './time.js'

export function trustView(screen: TrustState, world: World, { width }: Size): readonly Line[] {
  const head = headLines(screen, world, width)
  return [...head, ...listLines(screen, world, width)]
}

type Said = readonly [string, Look]

/** How the relay stands, as long as there is room; what is being done stands in the last of these lines. */
function headLines(screen: TrustState, world: World, width: number): readonly Line[] {
  const height = headHeight(world)
  const doing: readonly Said[] = screen.busy === undefined ? [] : [[screen.busy, 'accent']]
  const [state, ...more] = relaySaid(world, width)
  // What waits comes before everything else that may be left out.
  const warned = (world.status?.warnings ?? []).map(({ message }): Said => [`! ${message}`, 'bad'])
  const all = [state, ...warned, ...queueSaid(world), ...more].filter((one) => one !== undefined)
  const kept = all.slice(0, height - doing.length - (height > 2 ? 1 : 0))
  const lines = [...kept, ...doing].map(([text, look]) => line(span(clipped(text, width), look)))
  const padding = Array.from({ length: height - lines.length }, () => BLANK)
  return height > 2 ? [...lines, ...padding] : lines
}

function relaySaid(world: World, width: number): readonly Said[] {
  const { daemon, status, sync } = world
  if (daemon === 'gone') {
    return [['× no daemon: it is started again; this is how it was', 'bad']]
  }
  const [relay, ...others] = relaysOf(world)
  if (relay === undefined) {
    return [['○ no relay: this device is alone; o connects it to others', 'plain']]
  }
  const own = (sync ?? status)?.relay ?? null
  return [
    ...stateSaid(world, relay, width),
    ...others.map(({ url, state }): Said => [`${url}  ${state}`, 'dim']),
    ...(own === null
      ? [['your own secrets are on no relay; o connects them to one', 'plain'] as const]
      : []),
  ]
}

/** How one relay stands, the state first. */
function stateSaid({ now, status }: World, relay: RelayState, width: number): readonly Said[] {
  const day = width < WIDE ? 'since' : `since ${moment(relay.since)} UTC,`
  const since = `${day} ${ago(now, relay.since)}`
  const where: Said = [`${relay.url}  key ${relay.key.slice(0, 16)}…`, 'dim']
  const why: readonly Said[] =
    relay.problem === null || relay.state === 'connected'
      ? []
      : [[`why: ${relay.problem.message}`, 'dim']]
  const calm: Said = ['everything works here meanwhile; what waits goes out by itself', 'dim']
  switch (relay.state) {
    case 'connected':
      return [[`● connected ${since}`, 'good'], where]
    case 'connecting':
      return [[`◌ connecting ${since}`, 'plain'], calm, where, ...why]
    case 'offline': {
      const asked = status?.offline === true ? ', as asked for,' : ''
      return [[`○ offline${asked} ${since}`, 'plain'], calm, where, ...why]
    }
    case 'refused':
      return [
        [`× refused ${since}`, 'bad'],
        ...why.map(([text]) => [text, 'bad'] as const),
        calm,
        where,
      ]
  }
}

function queueSaid({ status, sync }: World): readonly Said[] {
  const vaults = status?.vaults ?? []
  const queued = sync?.queued ?? vaults.reduce((sum, one) => sum + one.queued, 0)
  if (queued === 0) return []
  return [[`${queued} ${queued === 1 ? 'change waits' : 'changes wait'} to be sent`, 'accent']]
}

function listLines({ list }: TrustState, world: World, width: number): readonly Line[] {
  const rows = rowsOfTrust(world)
  if (rows.length === 0) return [line(span('reading…', 'dim'))]
  const height = rowsHeight(world)
  const { at, top } = fit(list, rows.length, height)
  const shown = rows.slice(top, top + height)
  const lines = shown.map((one, i) => rowLine(one, top + i === at, world, width))
  const first = shown.findIndex(({ kind }) => kind === 'vault')
  if (headHeight(world) <= 2 || first < 0 || width < WIDE) return lines
  return [...lines.slice(0, first), titles(width), ...lines.slice(first)]
}

function rowLine(one: TrustRow, chosen: boolean, world: World, width: number): Line {
  return one.kind === 'alarm'
    ? alarmLine(one.alarm, chosen, world, width)
    : vaultLine(one.vault, chosen, world, width)
}

function alarmLine(alarm: Alarm, chosen: boolean, world: World, width: number): Line {
  const { vault, reason, first, newest, readAt } = alarm
  const { at, message } = newest ?? first
  const mark = readAt === null ? '! ' : '  '
  const told = `${mark}${reason} in ${vaultLabel(vault)} ${agoWords(world.now, at)}: ${message}`
  return row(chosen, [span(clipped(told, width - 2), readAt === null ? 'bad' : 'dim')])
}

/** From this width on every number has a column. */
const WIDE = 72
const NUMBERS = [
  ['secrets', 7],
  ['queued', 6],
  ['log', 6],
  ['key', 4],
  ['synced', 6],
  ['confirmed', 11],
] as const
const STATE = 13
const TAKEN = NUMBERS.reduce((sum, [, wide]) => sum + wide + 1, STATE + 3)

const nameWidth = (width: number): number => Math.max(8, Math.min(40, width - TAKEN))

function titles(width: number): Line {
  const cells: readonly Column[] = [
    { text: 'vault', width: nameWidth(width), look: 'dim' },
    { text: 'state', width: STATE, look: 'dim' },
    ...NUMBERS.map(([text, wide]) => ({ text, width: wide, look: 'dim' }) as const),
  ]
  return { spans: [span('  '), ...columns(...cells)] }
}

function confirmedWord({ now }: World, { confirmedAt }: VaultInfo): string {
  return confirmedAt === null ? 'unconfirmed' : agoWords(now, confirmedAt)
}

/** To have one device alone is worth a word, and no sign of danger on every newcomer's screen. */
function isWrong({ code }: VaultInfo['warnings'][number]): boolean {
  return code !== 'last-device'
}

function vaultLine(one: VaultInfo, chosen: boolean, world: World, width: number): Line {
  const name = vaultLabel(one.vault)
  const state = vaultState(one)
  const wrong = one.state !== 'ready' || one.conflicts > 0 || one.warnings.some(isWrong)
  const word = wrong ? `! ${state}` : state
  const look: Look = wrong ? 'bad' : 'dim'
  const strong: Look = chosen ? 'strong' : 'plain'
  if (width < WIDE) {
    const wide = Math.max(8, width - 2 - STATE - 12 - 2)
    return row(
      chosen,
      columns(
        { text: name, width: wide, look: strong },
        { text: word, width: STATE, look },
        { text: confirmedWord(world, one), width: 11, look: 'dim' },
      ),
    )
  }
  const synced = one.syncedAt === null ? '-' : ago(world.now, one.syncedAt)
  const numbers = [
    `${one.secrets}`,
    `${one.queued}`,
    `${one.pos ?? '-'}`,
    `${one.epoch}`,
    synced,
    confirmedWord(world, one),
  ]
  const cells = NUMBERS.map(([, wide], i): Column => ({ text: numbers[i] ?? '', width: wide }))
  return row(
    chosen,
    columns(
      { text: name, width: nameWidth(width), look: strong },
      { text: word, width: STATE, look },
      ...cells,
    ),
  )
}
