import { open } from '../effect.js'
import { fit, move, TOP, type ListState } from '../list.js'
import { placeName } from '../place.js'
import { turn, type ScreenSpec } from '../turn.js'
import { bodyHeight, type PlaceInfo, type World } from '../world.js'

// The person's own vault and the projects of all orgs.

export type PlacesState = { readonly name: 'places'; readonly list: ListState }

export function openPlaces(): PlacesState {
  return { name: 'places', list: TOP }
}

function chosenPlace({ list }: PlacesState, world: World): PlaceInfo | undefined {
  return world.places[list.at]
}

export const placesScreen: ScreenSpec<PlacesState> = {
  title: () => 'projects',
  typing: () => false,
  bindings: [
    {
      keys: ['enter', 'right', 'l'],
      label: 'open',
      help: 'show the secrets',
      when: (screen, world) => chosenPlace(screen, world) !== undefined,
      run: (screen, world) => {
        const place = chosenPlace(screen, world)?.place
        return place === undefined ? turn(screen) : turn(screen, open({ screen: 'secrets', place }))
      },
    },
  ],
  update: (screen, event, world) => {
    const count = world.places.length
    if (event.kind === 'refreshed') {
      return turn({ ...screen, list: fit(screen.list, count, bodyHeight(world)) })
    }
    const list =
      event.kind === 'key' ? move(screen.list, event.key.name, count, bodyHeight(world)) : undefined
    return turn(list === undefined ? screen : { ...screen, list })
  },
}

/** Where a place stands in the list. */
export function nameOf({ place }: PlaceInfo): string {
  return placeName(place)
}
