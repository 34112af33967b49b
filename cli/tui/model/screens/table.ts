import type { Opening, ScreenName } from '../opening.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import type { World } from '../world.js'
import { conflictsScreen } from './conflicts.js'
import { openConflicts, type ConflictsState } from './conflicts-state.js'
import { detailScreen } from './detail.js'
import { openDetail, type DetailState } from './detail-state.js'
import { editScreen } from './edit.js'
import { openEdit, type EditState } from './edit-state.js'
import { peopleScreen } from './people.js'
import { openPeople, type PeopleState } from './people-state.js'
import { openPlaces, placesScreen } from './places.js'
import type { PlacesState } from './places-keys.js'
import { secretsScreen } from './secrets.js'
import { openSecrets, type SecretsState } from './secrets-list.js'
import { openSetup, setupScreen } from './setup.js'
import type { SetupState } from './setup-steps.js'
import { starting, type StartingState } from './starting.js'
import type { TrustState } from './trust-rows.js'
import { openTrust, trustScreen } from './trust.js'
import { openUnlock, unlockScreen, type UnlockState } from './unlock.js'

// All screens: what they are, and how each is opened.

export type ScreenState =
  | ConflictsState
  | DetailState
  | EditState
  | PeopleState
  | PlacesState
  | SecretsState
  | SetupState
  | StartingState
  | TrustState
  | UnlockState

type Specs = { readonly [N in ScreenName]: ScreenSpec<Extract<ScreenState, { name: N }>> }

const SPECS: Specs = {
  conflicts: conflictsScreen,
  detail: detailScreen,
  edit: editScreen,
  people: peopleScreen,
  places: placesScreen,
  secrets: secretsScreen,
  setup: setupScreen,
  starting,
  trust: trustScreen,
  unlock: unlockScreen,
}

/** How a screen behaves. */
export function specOf(screen: ScreenState): ScreenSpec<ScreenState> {
  // One of the table's rows for each name: the compiler doesn't follow that through the lookup.
  return SPECS[screen.name] as ScreenSpec<ScreenState>
}

/** A screen's first state, and what it asks for. */
export function openedAs(opening: Opening, world: World): Turn<ScreenState> {
  switch (opening.screen) {
    case 'starting':
      return turn({ name: 'starting' })
    case 'places':
      return turn(openPlaces())
    case 'secrets':
      return openSecrets(opening.place, world)
    case 'detail':
      return openDetail(opening.place, opening.name, world)
    case 'edit':
      return openEdit(opening.place, opening.name, world)
    case 'conflicts':
      return openConflicts(world, opening.reference)
    case 'people':
      return openPeople(world)
    case 'trust':
      return openTrust(world)
    case 'unlock':
      return openUnlock(world)
    case 'setup':
      return openSetup(world)
  }
}
