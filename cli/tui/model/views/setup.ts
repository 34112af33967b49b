import type { SetupState } from '../screens/setup.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function setupView(screen: SetupState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
