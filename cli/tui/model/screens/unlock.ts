import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type UnlockState = { readonly name: 'unlock' }

export function openUnlock(_world: World): Turn<UnlockState> {
  return turn({ name: 'unlock' })
}

export const unlockScreen: ScreenSpec<UnlockState> = {
  title: () => 'unlock',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
