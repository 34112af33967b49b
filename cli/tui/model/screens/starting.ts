import { turn, type ScreenSpec } from '../turn.js'

// Until the daemon has said how things are.

export type StartingState = { readonly name: 'starting' }

export const starting: ScreenSpec<StartingState> = {
  title: () => 'coffer',
  typing: () => false,
  bindings: [],
  update: (screen) => turn(screen),
}
