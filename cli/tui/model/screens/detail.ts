import { call, complain, note } from '../effect.js'
import type { Answered, ScreenEvent } from '../event.js'
import { move } from '../list.js'
import { contextOf, isOf, placeName, referenceIn } from '../place.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import { paneHeight, paneRows } from '../views/detail-panes.js'
import type { World } from '../world.js'
import { bodyHeight } from '../world.js'
import { detailBindings } from './detail-keys.js'
import { arrived, copiedAs, masked } from './detail-reveal.js'
import {
  asking,
  choosing,
  chosenEntry,
  entriesOf,
  history,
  kept,
  VERSIONS,
  type DetailState,
} from './detail-state.js'

// One secret: what happens to it.

type S = DetailState

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'opened':
      return turn(settled({ ...screen, chosen: undefined }, world), ...asking(screen, world))
    case 'key':
      return turn(moved(screen, event.key.name, world))
    case 'answered':
      return answered(screen, event, world)
    case 'failed':
      return failed(screen, event)
    case 'dialog':
      return decided(screen, event.tag, world)
    case 'changed': {
      const { vault, names } = event
      const isIt = isOf(screen.place, vault) && (names === null || names.includes(screen.secret))
      return isIt ? turn(screen, history(screen, world)) : turn(screen)
    }
    case 'refreshed':
      return turn(settled(screen, world))
    case 'timer':
      return turn(event.tag === String(screen.reveal?.until) ? masked(screen) : screen)
    case 'hidden':
      return turn(masked(screen))
    default:
      return turn(screen)
  }
}

/** The choice in its place; what is seen of another, or of what is staged no more, is masked. */
function settled(screen: S, world: World): S {
  const { pane, reveal } = screen
  const next = kept(screen, world)
  if (pane.kind === 'diff') {
    const ids = entriesOf(next, world).map(({ id }) => id)
    const isThere = ids.includes(pane.before.id) && ids.includes(pane.after.id)
    return isThere ? next : { ...masked(next), pane: VERSIONS }
  }
  const isSeen = reveal === undefined || reveal.ids[0] === chosenEntry(next, world)?.id
  return isSeen ? next : masked(next)
}

function moved(screen: S, key: string, world: World): S {
  if (screen.pane.kind === 'versions') {
    const list = move(screen.list, key, entriesOf(screen, world).length, bodyHeight(world))
    // Another version's value isn't what was asked for.
    return list === undefined ? screen : choosing(masked(screen), list, world)
  }
  const height = paneHeight(screen, world)
  const count = paneRows(screen, world.columns).length
  const at = move({ at: screen.top, top: 0 }, key, count, height)?.at
  return at === undefined ? screen : { ...screen, top: Math.max(0, Math.min(at, count - height)) }
}

function answered(screen: S, event: Answered, world: World): Turn<S> {
  const { readers } = screen
  switch (event.method) {
    case 'secretHistory': {
      const next = { ...screen, versions: event.result.versions, problem: undefined }
      return turn(settled(next, world))
    }
    case 'projectMemberList':
      return turn({ ...screen, readers: { ...readers, members: event.result.members } })
    case 'deviceList':
      return turn({ ...screen, readers: { ...readers, devices: event.result.devices } })
    case 'runnerList':
      return turn({ ...screen, readers: { ...readers, runners: event.result.runners } })
    case 'secretGet': {
      const { value, version } = event.result
      return event.tag === 'copy'
        ? turn(screen, { kind: 'copy', value, what: copiedAs(screen, version.id, version.number) })
        : arrived(screen, event.tag.replace(/^show /, ''), value, world)
    }
    case 'secretRollback':
      return turn(screen, note(`brought back as version ${event.result.version.number}`, 'good'))
    default:
      return turn(screen)
  }
}

function failed(screen: S, { tag, failure }: Extract<ScreenEvent, { kind: 'failed' }>): Turn<S> {
  switch (tag) {
    case 'readers':
      // Who may not know is told so where readers stand.
      return turn(screen)
    case 'history':
      return failure.code === 'not-found'
        ? turn({ ...screen, versions: [], problem: failure.message })
        : turn(screen, complain(failure))
    default:
      return turn(masked(screen), complain(failure))
  }
}

function decided(screen: S, tag: string, world: World): Turn<S> {
  if (!tag.startsWith('rollback ')) return turn(screen)
  const context = contextOf(world.cwd, screen.place)
  const name = referenceIn(screen.place, screen.secret)
  const version = tag.replace(/^rollback /, '')
  return turn(screen, call('secretRollback', { context, name, version }, 'rollback'))
}

export const detailScreen: ScreenSpec<S> = {
  title: ({ place, secret }) =>
    place.kind === 'user' ? referenceIn(place, secret) : `${placeName(place)}/${secret}`,
  typing: () => false,
  bindings: detailBindings,
  update,
}
