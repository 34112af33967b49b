import type { EditState } from '../screens/edit.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function editView(screen: EditState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
