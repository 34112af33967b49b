import type { PeopleState } from '../screens/people.js'
import type { World } from '../world.js'
import { line, type Line } from './line.js'
import type { Size } from './size.js'

export function peopleView(screen: PeopleState, _world: World, _size: Size): readonly Line[] {
  return [line(screen.name)]
}
