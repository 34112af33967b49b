import type { ScreenState } from '../screens/table.js'
import type { World } from '../world.js'
import { conflictsView } from './conflicts.js'
import { detailView } from './detail.js'
import { editView } from './edit.js'
import { peopleView } from './people.js'
import { placesView } from './places.js'
import { secretsView } from './secrets.js'
import { setupView } from './setup.js'
import { trustView } from './trust.js'
import { unlockView } from './unlock.js'
import { line, span, type Line } from './line.js'
import type { Size } from './size.js'

/** What a screen shows, in at most `size.height` lines. */
export function viewOf(screen: ScreenState, world: World, size: Size): readonly Line[] {
  switch (screen.name) {
    case 'conflicts':
      return conflictsView(screen, world, size)
    case 'detail':
      return detailView(screen, world, size)
    case 'edit':
      return editView(screen, world, size)
    case 'people':
      return peopleView(screen, world, size)
    case 'places':
      return placesView(screen, world, size)
    case 'secrets':
      return secretsView(screen, world, size)
    case 'setup':
      return setupView(screen, world, size)
    case 'trust':
      return trustView(screen, world, size)
    case 'unlock':
      return unlockView(screen, world, size)
    case 'starting':
      return [line(span('asking the daemon…', 'dim'))]
  }
}
