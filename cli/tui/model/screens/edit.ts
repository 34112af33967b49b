import type { Place } from '../place.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type EditState = {
  readonly name: 'edit'
  readonly place: Place
  readonly secret: string | undefined
}

export function openEdit(place: Place, secret: string | undefined, _world: World): Turn<EditState> {
  return turn({ name: 'edit', place, secret })
}

export const editScreen: ScreenSpec<EditState> = {
  title: () => 'edit',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
