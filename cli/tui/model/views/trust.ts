import type { TrustState } from '../screens/trust.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function trustView(screen: TrustState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
