import { initial } from '../update.js'
import { named, typed, type Key } from '../key.js'
import type { State } from '../state.js'
import type { Status, World } from '../world.js'

// A world for the model's tests: noon, 80×24, a daemon that is there, an unlocked home with nothing in it.

export const NOON = 1_764_244_800_000

export function aStatus(overrides: Partial<Status> = {}): Status {
  return {
    version: '0.0.0',
    pid: 7,
    startedAt: NOON - 60_000,
    home: '/home/ada/.local/share/coffer',
    state: 'unlocked',
    opener: 'passphrase',
    autoLock: null,
    offline: false,
    device: { deviceId: 'd1'.repeat(16), name: 'laptop' },
    user: { userId: 'a1'.repeat(8), name: 'Ada', email: 'ada@example.org' },
    selection: {
      org: null,
      project: null,
      orgFrom: 'nothing',
      projectFrom: 'nothing',
      file: null,
    },
    relay: null,
    otherRelays: [],
    joining: false,
    recovery: null,
    vaults: [],
    todo: [],
    warnings: [],
    ...overrides,
  }
}

export function aWorld(overrides: Partial<World> = {}): World {
  return {
    now: NOON,
    columns: 80,
    rows: 24,
    cwd: '/home/ada',
    start: { cwd: '/home/ada', env: {} },
    colour: true,
    reader: false,
    revealFor: 10_000,
    clipboardFor: 45_000,
    daemon: 'connected',
    status: aStatus(),
    sync: undefined,
    places: [],
    placesRead: true,
    orgs: [],
    alarms: [],
    staged: [],
    deleted: [],
    ...overrides,
  }
}

/** The whole interface in such a world, before anything has happened. */
export function aState(overrides: Partial<World> = {}): State {
  return initial(aWorld(overrides))
}

/** The keys of a word or sentence, one after the other. */
export function keysOf(text: string): readonly Key[] {
  return Array.from(text, typed)
}

/** `enter`, `esc`, `ctrl-s`, `a`: a key by its name. */
export function keyOf(name: string): Key {
  return Array.from(name).length === 1 ? typed(name) : named(name)
}
