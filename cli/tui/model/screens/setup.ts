import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type SetupState = { readonly name: 'setup' }

export function openSetup(_world: World): Turn<SetupState> {
  return turn({ name: 'setup' })
}

export const setupScreen: ScreenSpec<SetupState> = {
  title: () => 'setup',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
