import type { UnlockState } from '../screens/unlock.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function unlockView(screen: UnlockState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
