import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type PeopleState = { readonly name: 'people' }

export function openPeople(_world: World): Turn<PeopleState> {
  return turn({ name: 'people' })
}

export const peopleScreen: ScreenSpec<PeopleState> = {
  title: () => 'people',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
