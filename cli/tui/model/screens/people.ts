import { ask, complain, note, type Effect } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import { move } from '../list.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import { done, read, readingDevices } from './people-answers.js'
import { answeredDialog, leftFailure } from './people-dialogs.js'
import { peopleBindings } from './people-keys.js'
import {
  arranged,
  catchingUp,
  chosen,
  reading,
  readingOrg,
  readingRunners,
  watched,
  watching,
  withOrg,
  type PeopleState,
} from './people-state.js'
import { failedDialog } from './people-words.js'

// People and devices: what happens to their list.

type S = PeopleState

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'opened':
      return reading(screen, world)
    case 'key': {
      const { list, rows } = screen
      const next = move(list, event.key.name, rows.length, bodyHeight(world))
      return turn(next === undefined ? screen : { ...screen, list: next })
    }
    case 'answered':
      return read(screen, event, world) ?? done(screen, event, world)
    case 'failed':
      return failed(screen, event, world)
    case 'dialog':
      return answeredDialog(screen, event.tag, event.values, world)
    case 'dialog-left':
      return event.tag === 'failed' ? leftFailure(screen) : turn(screen)
    case 'refreshed':
      return both(catchingUp(screen, world), world)
    case 'changed':
      return both(changed(screen, event, world), world)
    case 'timer':
      return event.tag === String(screen.watch.at)
        ? both(turn(screen, ...looking(screen, world)), world)
        : turn(screen)
    default:
      return turn(screen)
  }
}

/** Who waits is looked at with everything else that is new. */
function both({ screen, effects }: Turn<S>, world: World): Turn<S> {
  const more = watching(screen, world)
  return turn(more.screen, ...effects, ...more.effects)
}

/** What others do to devices and people isn't told as a change of secrets: what is looked at is read again. */
function looking(screen: S, world: World): readonly Effect[] {
  const org = chosen(screen)?.org
  return [readingDevices(world), ...(org === undefined ? [] : readingOrg(org, world))]
}

function changed(
  screen: S,
  { vault }: Extract<ScreenEvent, { kind: 'changed' }>,
  world: World,
): Turn<S> {
  const { kind, org = '', project = '' } = vault
  if (kind === 'user') return turn(screen, readingDevices(world))
  if (!screen.asked.has(kind === 'org' ? org : `${org}/${project}`)) return turn(screen)
  return kind === 'org'
    ? turn(screen, ...readingOrg(org, world))
    : turn(screen, readingRunners({ kind: 'project', org, project }, world))
}

function failed(
  screen: S,
  { method, tag, failure }: Extract<ScreenEvent, { kind: 'failed' }>,
  world: World,
): Turn<S> {
  switch (method) {
    case 'deviceRequests':
    case 'orgInviteRequests':
      return watched(screen)
    case 'orgMemberList':
      return turn(withOrg(screen, tag, { problem: `! ${failure.message}` }, world))
    case 'orgInviteList':
    case 'runnerList':
      // Whoever doesn't manage an org or a project isn't told of these.
      return turn(screen)
    case 'deviceList':
      return turn(arranged({ ...screen, devices: screen.devices ?? [] }, world), complain(failure))
    default:
      return turn(
        { ...screen, working: undefined },
        note('not done', 'bad'),
        ask(failedDialog(failure)),
      )
  }
}

export const peopleScreen: ScreenSpec<S> = {
  title: ({ working }) => (working === undefined ? 'people' : `people: ${working}…`),
  typing: () => false,
  bindings: peopleBindings,
  update,
}
