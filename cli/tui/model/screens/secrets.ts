import { complain } from '../effect.js'
import type { Answered, ScreenEvent } from '../event.js'
import { search } from '../filter.js'
import { move } from '../list.js'
import { isOf, placeName } from '../place.js'
import { insert, typeInto } from '../text-field.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'
import { rowCount } from './rows.js'
import { revealed, secretsBindings } from './secrets-keys.js'
import {
  filtered,
  listHeight,
  listing,
  masked,
  renewed,
  type SecretsState,
} from './secrets-list.js'

// The secrets of one place: what happens to its list.

type S = SecretsState

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'opened':
      return turn(renewed(screen, world), listing(screen, world))
    case 'key':
      return pressed(screen, event.key, world)
    case 'paste':
      return screen.filtering
        ? turn(filtered(screen, insert(screen.query, event.text), world))
        : turn(screen)
    case 'answered':
      return answered(screen, event, world)
    case 'failed':
      return turn(screen, complain(event.failure))
    case 'changed':
      return isOf(screen.place, event.vault) ? turn(screen, listing(screen, world)) : turn(screen)
    case 'refreshed':
      return turn(renewed(screen, world))
    case 'timer':
      if (event.tag === WARMING.tag) return warmed(screen)
      return turn(
        event.tag === String(screen.reveal?.until) ? { ...screen, reveal: undefined } : screen,
      )
    case 'hidden':
      return turn(masked(screen))
    default:
      return turn(screen)
  }
}

function pressed(screen: S, key: { name: string; text: string }, world: World): Turn<S> {
  const height = listHeight(world)
  const moves = screen.filtering
    ? /^(up|down|page-up|page-down|ctrl-p|ctrl-n)$/.test(key.name)
    : true
  const list = moves ? move(screen.list, key.name, rowCount(screen.rows), height) : undefined
  if (list !== undefined) return turn({ ...screen, list })
  if (!screen.filtering) return turn(screen)
  const query = typeInto(screen.query, key)
  return turn(query === undefined ? screen : filtered(screen, query, world))
}

/** The first search of many names makes them ready: nobody's key press is to wait for that. */
const WARMING = { kind: 'timer', ms: 50, tag: 'warm' } as const

function warmed(screen: S): Turn<S> {
  search(screen.index, 'a')
  return turn(screen)
}

function answered(screen: S, event: Answered, world: World): Turn<S> {
  switch (event.method) {
    case 'secretList': {
      const { secrets, loading } = event.result
      const next = renewed({ ...screen, loading }, world, secrets)
      return next.index === screen.index ? turn(next) : turn(next, WARMING)
    }
    case 'secretGet':
      return got(screen, event, world)
    default:
      return turn(screen)
  }
}

/** A value came: what was asked to be seen is, unless somebody looked away meanwhile. */
function got(
  screen: S,
  { tag, result }: Extract<Answered, { method: 'secretGet' }>,
  world: World,
): Turn<S> {
  const { value, reference } = result
  if (tag === 'copy') return turn(screen, { kind: 'copy', value, what: reference })
  const { awaited } = screen
  return awaited !== undefined && tag === `show ${awaited}`
    ? revealed(screen, awaited, value, world)
    : turn(screen)
}

export const secretsScreen: ScreenSpec<S> = {
  title: ({ place, folder }) =>
    `${placeName(place)}${place.kind === 'user' || folder === '' ? '' : '/'}${folder}`,
  typing: ({ filtering }) => filtering,
  bindings: secretsBindings,
  update,
}
