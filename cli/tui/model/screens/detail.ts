import type { Place } from '../place.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type DetailState = {
  readonly name: 'detail'
  readonly place: Place
  readonly secret: string
}

export function openDetail(place: Place, secret: string, _world: World): Turn<DetailState> {
  return turn({ name: 'detail', place, secret })
}

export const detailScreen: ScreenSpec<DetailState> = {
  title: () => 'detail',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
