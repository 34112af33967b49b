import { ask, call, note } from '../effect.js'
import { contextOf } from '../place.js'
import { turn, type Binding, type Turn } from '../turn.js'
import type { World } from '../world.js'
import {
  confirmForm,
  inviteForm,
  levelChoice,
  ownRemoval,
  removal,
  type Waits,
} from './people-asking.js'
import { detailDialog } from './people-detail.js'
import { nextHeading, type Row } from './people-rows.js'
import { chosen, moved, type PeopleState } from './people-state.js'

// What can be done to people and devices.

type S = PeopleState

const idle = ({ working }: S): boolean => working === undefined

function adding(screen: S, world: World): Turn<S> {
  const params = { context: contextOf(world.cwd), expires: HOUR }
  return turn(
    { ...screen, working: 'making a code' },
    note('making a code…'),
    call('deviceAdd', params),
  )
}

const HOUR = 3_600_000

const waits = (row: Row | undefined): row is Waits =>
  row?.kind === 'joiner' || row?.kind === 'newcomer'

/** Who is let in: the chosen one, or else the first who waits. */
function waiting(screen: S): Waits | undefined {
  const here = chosen(screen)
  return waits(here) ? here : screen.rows.find(waits)
}

function opening(screen: S): Turn<S> {
  const about = waiting(screen)
  return about === undefined ? turn(screen) : turn({ ...screen, about }, ask(confirmForm(about)))
}

function changing(screen: S): Turn<S> {
  const row = chosen(screen)
  if (row?.kind !== 'member') return turn(screen)
  if (row.member.self) return turn(screen, note('your own level is for others to change', 'bad'))
  return turn({ ...screen, about: row }, ask(levelChoice(row)))
}

function removing(screen: S): Turn<S> {
  const row = chosen(screen)
  if (row?.kind === 'member' && row.member.self) {
    return turn(screen, note(ownRemoval(screen, row), 'bad'))
  }
  const dialog = row && removal(screen, row)
  return dialog === undefined ? turn(screen) : turn({ ...screen, about: row }, ask(dialog))
}

function jump(step: 1 | -1): Binding<S>['run'] {
  return (screen, world) =>
    turn(moved(screen, nextHeading(screen.rows, screen.list.at, step), world))
}

const isMember = (screen: S): boolean => chosen(screen)?.kind === 'member'

function again(which: 'rotate' | 'code'): Binding<S>['run'] {
  return (screen) => {
    const dialog = screen[which]
    return dialog === undefined ? turn(screen) : turn(screen, ask(dialog))
  }
}

export const peopleBindings: readonly Binding<S>[] = [
  {
    keys: ['f'],
    label: 'let in',
    help: 'let in who waits, by the fingerprint that they read to you',
    when: (screen) => idle(screen) && waiting(screen) !== undefined,
    run: opening,
  },
  {
    keys: ['i'],
    label: 'invite',
    help: 'invite a person to an org',
    when: (screen, { orgs }) => idle(screen) && orgs.length > 0,
    run: (screen, world) => turn(screen, ask(inviteForm(screen, world))),
  },
  {
    keys: ['a'],
    label: 'add device',
    help: 'make a code for another device of yours',
    when: idle,
    run: adding,
  },
  {
    keys: ['c'],
    label: 'level',
    help: 'give the person another level, in the org or in one project',
    when: (screen) => idle(screen) && isMember(screen),
    run: changing,
  },
  {
    keys: ['x', 'd'],
    label: 'remove',
    help: 'remove the person, device or runner, or take the invite back',
    when: (screen) => {
      const row = chosen(screen)
      return idle(screen) && row !== undefined && removal(screen, row) !== undefined
    },
    run: removing,
  },
  {
    keys: ['enter', 'right', 'l'],
    label: 'details',
    help: 'show all that is known',
    when: (screen) => {
      const row = chosen(screen)
      return row !== undefined && detailDialog(row) !== undefined
    },
    run: (screen) => {
      const row = chosen(screen)
      const dialog = row && detailDialog(row)
      return dialog === undefined ? turn(screen) : turn(screen, ask(dialog))
    },
  },
  {
    keys: ['R'],
    label: 'to change',
    help: 'show again what was to be changed after the last removal',
    when: ({ rotate }) => rotate !== undefined,
    run: again('rotate'),
  },
  {
    keys: ['v'],
    label: 'code',
    help: 'show the last code again',
    when: ({ code }) => code !== undefined,
    run: again('code'),
  },
  { keys: ['tab'], label: 'next part', help: 'next part of the list', quiet: true, run: jump(1) },
  {
    keys: ['shift-tab'],
    label: 'part before',
    help: 'part of the list before',
    quiet: true,
    run: jump(-1),
  },
]
