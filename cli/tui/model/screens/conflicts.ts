import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type ConflictsState = { readonly name: 'conflicts' }

export function openConflicts(_world: World): Turn<ConflictsState> {
  return turn({ name: 'conflicts' })
}

export const conflictsScreen: ScreenSpec<ConflictsState> = {
  title: () => 'conflicts',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
