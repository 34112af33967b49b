import { ask, note } from '../effect.js'
import { fit, move, TOP } from '../list.js'
import { placeName } from '../place.js'
import { turn, type ScreenSpec } from '../turn.js'
import { bodyHeight, type PlaceInfo } from '../world.js'
import { failedDialog } from './people-words.js'
import { answeredForm, leftFailure, made, placesBindings, type PlacesState } from './places-keys.js'

// The person's own vault and the projects of all orgs.

export function openPlaces(): PlacesState {
  return { name: 'places', list: TOP, wanted: undefined, about: undefined, again: undefined }
}

export const placesScreen: ScreenSpec<PlacesState> = {
  title: () => 'projects',
  typing: () => false,
  bindings: placesBindings,
  update: (screen, event, world) => {
    const count = world.places.length
    switch (event.kind) {
      case 'refreshed':
        return turn({ ...screen, list: fit(screen.list, count, bodyHeight(world)) })
      case 'key': {
        const list = move(screen.list, event.key.name, count, bodyHeight(world))
        return turn(list === undefined ? screen : { ...screen, list })
      }
      case 'dialog':
        return answeredForm(screen, event.tag, event.values, world)
      case 'dialog-left':
        return event.tag === 'failed' ? leftFailure(screen) : turn(screen)
      case 'answered':
        return made(screen, event, world)
      case 'failed':
        return turn(screen, note('not done', 'bad'), ask(failedDialog(event.failure)))
      default:
        return turn(screen)
    }
  },
}

/** Where a place stands in the list. */
export function nameOf({ place }: PlaceInfo): string {
  return placeName(place)
}
