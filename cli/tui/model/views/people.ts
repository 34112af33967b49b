import { windowed } from '../list.js'
import { deviceName, type Row } from '../screens/people-rows.js'
import type { PeopleState } from '../screens/people-state.js'
import type { World } from '../world.js'
import { clipped, columns, row, span, type Line, type Look } from './line.js'
import type { Size } from './size.js'
import { ago, agoWords, moment } from './time.js'

export function peopleView(screen: PeopleState, world: World, size: Size): readonly Line[] {
  const { rows, list } = screen
  return windowed(list, rows, size.height).map(({ item, index }) =>
    rowLine(item, index === list.at, world, size.width),
  )
}

function rowLine(item: Row, chosen: boolean, world: World, width: number): Line {
  if (item.kind === 'heading') {
    return row(chosen, [span(clipped(item.title, width - 2), 'accent')])
  }
  if (item.kind === 'word') return row(chosen, [span(clipped(item.text, width - 2), 'dim')])
  const { sign, name, state, more } = cells(item, world)
  const look: Look = chosen ? 'strong' : 'plain'
  const bad = sign === '!' || sign === '?'
  const wide = width >= 72
  const second = wide ? 17 : 14
  const first = wide ? Math.min(40, Math.floor((width - 23) / 2)) : width - second - 5
  const rest = wide ? [{ text: more, width: width - first - second - 6, look: 'dim' } as const] : []
  return row(
    chosen,
    columns(
      { text: sign, width: 1, look: bad ? 'bad' : 'dim' },
      { text: name, width: first, look },
      { text: state, width: second, look: 'dim' },
      ...rest,
    ),
  )
}

type Cells = {
  /** `?` waits, `!` wants a look, `+` invited, `*` a machine: a sign, so that no colour has to tell. */
  readonly sign: string
  readonly name: string
  readonly state: string
  readonly more: string
}

type Of<K extends Row['kind']> = Extract<Row, { kind: K }>

function cells(item: Exclude<Row, { kind: 'heading' | 'word' }>, { now }: World): Cells {
  switch (item.kind) {
    case 'joiner': {
      const { email, name, level, at, expired } = item.joiner
      const since = expired ? 'expired' : `asks since ${ago(now, at)}`
      return { sign: '?', name: email, state: level, more: said(since, `for ${item.org}`, name) }
    }
    case 'newcomer': {
      const { at, expired } = item.newcomer
      const state = expired ? 'expired' : `since ${ago(now, at)}`
      return { sign: '?', name: 'a device with your code', state, more: '' }
    }
    case 'device':
      return deviceCells(item, now)
    case 'member':
      return memberCells(item)
    case 'invite': {
      const { email, level, expiresAt, expired } = item.invite
      const until = expired ? 'invite expired' : `invited until ${moment(expiresAt)}`
      return { sign: expired ? '!' : '+', name: email, state: level, more: until }
    }
    case 'runner':
      return runnerCells(item)
  }
}

function deviceCells({ device }: Of<'device'>, now: number): Cells {
  const { self, recovery, addedAt, seenAt, doubled } = device
  const seen = seenAt === null ? 'not seen yet' : `seen ${agoWords(now, seenAt)}`
  const state = self ? 'this device' : recovery ? 'recovery' : seen
  const more = said(doubled ? 'signed a number twice: enter' : '', `added ${day(addedAt)}`)
  return { sign: doubled ? '!' : ' ', name: deviceName(device), state, more }
}

function memberCells({ member }: Of<'member'>): Cells {
  const { email, name, level, since, self, lookalike, userId } = member
  const like = lookalike ? `looks like another: id ${userId.slice(0, 8)}` : ''
  const more = said(self ? 'you' : '', like, name, `since ${day(since)}`)
  return { sign: lookalike ? '!' : ' ', name: email || name || userId, state: level, more }
}

function runnerCells({ project, runner }: Of<'runner'>): Cells {
  const { names, expiresAt, expired, missing } = runner
  const until = expiresAt === null ? '' : `until ${day(expiresAt)}`
  const lacks = missing.length === 0 ? '' : `${missing.length} not given yet`
  return {
    sign: expired || missing.length > 0 ? '!' : '*',
    name: `${project}: ${deviceName(runner)}`,
    state: expired ? 'runner expired' : 'runner',
    more: said(`${names.length} granted`, lacks, until),
  }
}

const day = (at: number): string => moment(at).slice(0, 10)

function said(...parts: readonly string[]): string {
  return parts.filter(Boolean).join(' · ')
}
