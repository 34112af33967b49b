import type { DetailState } from '../screens/detail.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function detailView(screen: DetailState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
