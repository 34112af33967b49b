import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'

export type TrustState = { readonly name: 'trust' }

export function openTrust(_world: World): Turn<TrustState> {
  return turn({ name: 'trust' })
}

export const trustScreen: ScreenSpec<TrustState> = {
  title: () => 'trust',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
