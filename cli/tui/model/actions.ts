import { applicable } from './commands.js'
import { searched, search } from './filter.js'
import { placeName } from './place.js'
import { topOf, type State } from './state.js'
import type { ScreenState } from './screens/table.js'
import { turn, type Binding } from './turn.js'

// What the palette offers: the key table as it applies now, and every place to go to.

export type Action = {
  readonly label: string
  readonly keys: readonly string[]
  readonly binding: Binding<ScreenState>
}

export function actions(state: State): readonly Action[] {
  const bound = applicable(topOf(state), state).map((binding) => ({
    label: binding.help,
    keys: binding.keys,
    binding,
  }))
  const places = state.world.places.map(({ place }): Action => {
    const label = `go to ${placeName(place)}`
    const opening = { screen: 'secrets', place } as const
    const run: Binding<ScreenState>['run'] = (screen) => turn(screen, { kind: 'open', opening })
    return { label, keys: [], binding: { keys: [], label, help: label, run } }
  })
  return [...bound, ...places]
}

/** Those that fit what was typed, the best first. */
export function matching(all: readonly Action[], query: string): readonly Action[] {
  const byLabel = new Map(all.map((one) => [one.label, one]))
  return search(searched([...byLabel.keys()]), query).names.flatMap(
    (label) => byLabel.get(label) ?? [],
  )
}
