import { ask, call } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import { fit, move, TOP } from '../list.js'
import { contextOf } from '../place.js'
import { turn, type Binding, type ScreenSpec, type Turn } from '../turn.js'
import { unread, type World } from '../world.js'
import {
  acknowledging,
  answeredCall,
  answeredDialog,
  auditing,
  examining,
  failedCall,
  relayForm,
  shown,
  syncing,
  verifying,
} from './trust-calls.js'
import { chosenRow, rowsHeight, rowsOfTrust, type TrustState } from './trust-rows.js'

// Sync and trust: how the relay stands, what waits for it, whom it can't have cheated, and what it was caught at.

type S = TrustState

/** Alarms stand first in the list: whoever comes for them has the newest under the cursor. */
export function openTrust({ cwd }: World): Turn<S> {
  return turn(
    { name: 'trust', list: TOP, busy: undefined, relay: {} },
    { kind: 'refresh' },
    call('announcements', { context: contextOf(cwd) }),
  )
}

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  const count = rowsOfTrust(world).length
  switch (event.kind) {
    case 'opened':
      return turn(screen, { kind: 'refresh' })
    case 'key': {
      const list = move(screen.list, event.key.name, count, rowsHeight(world))
      return turn(list === undefined ? screen : { ...screen, list })
    }
    case 'refreshed':
      return turn({ ...screen, list: fit(screen.list, count, rowsHeight(world)) })
    case 'answered':
      return answeredCall(screen, event)
    case 'failed':
      return failedCall(screen, event)
    case 'dialog':
      return answeredDialog(screen, event.tag, event.values, world)
    case 'progress': {
      if (screen.busy === undefined) return turn(screen)
      const { phase, done, total } = event
      return turn({ ...screen, busy: `${phase} ${done}${total === null ? '' : ` of ${total}`}…` })
    }
    default:
      return turn(screen)
  }
}

const idle = ({ busy }: S): boolean => busy === undefined

const bindings: readonly Binding<S>[] = [
  {
    keys: ['enter', 'right', 'l'],
    label: 'read',
    help: 'all of the alarm or vault',
    when: (screen, world) => chosenRow(screen, world) !== undefined,
    run: shown,
  },
  {
    keys: ['A'],
    label: 'acknowledge',
    help: 'say that you have read the alarms: they stay listed',
    when: (_screen, world) => unread(world).length > 0,
    run: acknowledging,
  },
  {
    keys: ['s'],
    label: 'sync',
    help: 'wait until all is sent and all is read',
    when: idle,
    run: syncing,
  },
  {
    keys: ['v'],
    label: 'verify',
    help: 'check everything again; fingerprints to compare with another device',
    when: idle,
    run: verifying,
  },
  {
    keys: ['o'],
    label: 'relay',
    help: 'choose the relay',
    when: idle,
    run: (screen, { status }) =>
      turn(
        screen,
        ask(relayForm({ url: status?.relay?.url ?? '', key: status?.relay?.key ?? '' })),
      ),
  },
  {
    keys: ['t'],
    label: 'audit',
    help: 'who did what in the chosen vault',
    when: (screen, world) => idle(screen) && chosenRow(screen, world) !== undefined,
    run: auditing,
  },
  {
    keys: ['d'],
    label: 'doctor',
    help: 'examine home, store, relay and clock',
    when: idle,
    run: (screen, world) => examining(screen, world, false),
  },
]

export const trustScreen: ScreenSpec<S> = {
  title: () => 'trust',
  typing: () => false,
  bindings,
  update,
}
