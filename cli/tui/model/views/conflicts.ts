import type { ConflictsState } from '../screens/conflicts.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function conflictsView(screen: ConflictsState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
