import { turn, type ScreenSpec } from '../turn.js'

// Until the daemon has said how things are.

export type StartingState = { readonly name: 'starting' }

export const starting: ScreenSpec<StartingState> = {
  title: () => 'coffer',
  typing: () => false,
  bindings: [
    {
      keys: ['enter', 'r'],
      label: 'ask again',
      help: 'ask the daemon again',
      run: (screen) => turn(screen, { kind: 'refresh' }),
    },
  ],
  update: (screen) => turn(screen),
}
