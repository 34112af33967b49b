import { call, complain, note } from '../effect.js'
import type { Answered, ScreenEvent } from '../event.js'
import { fit, move } from '../list.js'
import { contextOf } from '../place.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import { bodyHeight, type World } from '../world.js'
import {
  shownReference,
  siblingsKey,
  sidesHeight,
  sidesOf,
  type OneConflict,
  type Read,
} from './conflict-sides.js'
import { edited, mergeAnswered, mergeRead, MERGE_TAGS, type Merged } from './conflict-merging.js'
import { scrolled } from './conflict-values.js'
import { conflictsBindings } from './conflicts-keys.js'
import { asked, fitted, listed, type ConflictsState } from './conflicts-state.js'

// Secrets that were written apart, of all vaults: what happens to them.

type S = ConflictsState

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'opened':
      return asked({ ...screen, asking: 'no' }, world)
    case 'changed':
    case 'refreshed':
      return asked(refitted(screen, world), world)
    case 'key':
      return turn(pressed(screen, event.key.name, world))
    case 'answered':
      return answered(screen, event, world)
    case 'failed':
      return failed(screen, event)
    case 'timer':
      return turn(event.tag === String(screen.one?.reveal?.until) ? masked(screen) : screen)
    case 'hidden':
      return turn(forgotten(screen))
    default:
      return screen.one === undefined ? turn(screen) : decided(screen, screen.one, event, world)
  }
}

function refitted(screen: S, world: World): S {
  const list = fit(screen.list, screen.conflicts?.length ?? 0, bodyHeight(world))
  return { ...screen, list, one: screen.one && fitted(screen.one, world) }
}

function masked(screen: S): S {
  return { ...screen, one: screen.one && { ...screen.one, reveal: undefined, diff: false, top: 0 } }
}

/** No value stays, not even one that was merged and not saved. */
function forgotten(screen: S): S {
  const { one, ...rest } = masked(screen)
  return { ...rest, one: one && { ...one, merging: undefined } }
}

function pressed(screen: S, key: string, world: World): S {
  const { one, conflicts } = screen
  if (one === undefined) {
    const list = move(screen.list, key, conflicts?.length ?? 0, bodyHeight(world))
    return list === undefined ? screen : { ...screen, list }
  }
  const top = scrolled(one, key, world)
  if (top !== undefined) return { ...screen, one: { ...one, top } }
  const count = sidesOf(one.conflict).length
  const list = move(one.list, key, count, sidesHeight(one, world))
  return list === undefined ? screen : { ...screen, one: { ...one, list, top: 0 } }
}

function answered(screen: S, event: Answered, world: World): Turn<S> {
  switch (event.method) {
    case 'conflictsList':
      return listed(screen, event.result.conflicts, world)
    case 'secretGet':
      return read(screen, event.tag, { kind: 'value', value: event.result.value })
    case 'conflictsResolve': {
      const isOpen = screen.one?.conflict.reference === event.result.reference
      const { screen: next, effects } = asked(
        isOpen ? { ...screen, one: undefined } : screen,
        world,
      )
      const word = `${shownReference(event.result)}: the conflict is over`
      return turn(next, note(word, 'good'), ...effects)
    }
    default:
      return turn(screen)
  }
}

function failed(screen: S, event: Extract<ScreenEvent, { kind: 'failed' }>): Turn<S> {
  const { failure } = event
  if (event.method === 'conflictsList') {
    return turn({ ...screen, asking: 'no' }, complain(failure))
  }
  // What can't be read is said in the value's place; without the base a merge goes on, without a side it doesn't.
  const base = screen.one?.conflict.base?.version.id ?? ''
  const isSaid = event.tag.startsWith('reveal ') || event.tag === `merge ${base}`
  if (event.method === 'secretGet' && isSaid) {
    return read(screen, event.tag, { kind: 'failed', message: failure.message })
  }
  const one = screen.one && { ...screen.one, merging: undefined }
  return turn({ ...screen, one }, complain(failure))
}

/** A value came: for what is still wanted it counts, else it is dropped. */
function read(screen: S, tag: string, what: Read): Turn<S> {
  const [purpose, id = ''] = tag.split(' ')
  const { one } = screen
  if (one === undefined || !sidesOf(one.conflict).some((side) => side.id === id))
    return turn(screen)
  if (purpose === 'merge') return told(screen, mergeRead(one, id, what))
  if (purpose !== 'reveal' || one.reveal === undefined) return turn(screen)
  const reveal = { ...one.reveal, reads: { ...one.reveal.reads, [id]: what } }
  return turn({ ...screen, one: { ...one, reveal } })
}

const told = (screen: S, { one, effects }: Merged): Turn<S> => turn({ ...screen, one }, ...effects)

/** What was answered about the open conflict. */
function decided(screen: S, one: OneConflict, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'edited':
      return told(screen, edited(one, event.text))
    case 'edit-failed':
      return turn({ ...screen, one: { ...one, merging: undefined } }, complain(event.failure))
    case 'dialog-left':
      return turn(
        MERGE_TAGS.includes(event.tag)
          ? { ...screen, one: { ...one, merging: undefined } }
          : screen,
      )
    case 'dialog':
      return MERGE_TAGS.includes(event.tag)
        ? told(screen, mergeAnswered(one, event.tag, event.values['id'] ?? '', world))
        : chosen(screen, one, event.tag, world)
    default:
      return turn(screen)
  }
}

function chosen(screen: S, one: OneConflict, tag: string, world: World): Turn<S> {
  const [, version = '', ...over] = tag.split(' ')
  if (over.join(' ') !== siblingsKey(one.conflict)) {
    return turn(screen, note('somebody wrote it again meanwhile: look again', 'bad'))
  }
  const params = { context: contextOf(world.cwd), name: one.conflict.reference }
  const choice = { kind: 'version', version } as const
  return turn(screen, call('conflictsResolve', { ...params, choice }))
}

export const conflictsScreen: ScreenSpec<S> = {
  title: ({ one }) => (one === undefined ? 'conflicts' : shownReference(one.conflict)),
  typing: () => false,
  bindings: conflictsBindings,
  update,
}
