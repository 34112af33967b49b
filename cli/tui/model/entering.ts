import { lostWork } from './commands.js'
import { refreshing } from './root.js'
import { topOf, type State } from './state.js'
import { chain, opened, step, type Step } from './step.js'
import { NOTHING_READ, isWaiting, type World } from './world.js'

// What a home that opens or locks makes of everything that was there.

/** A lock counts at once, also where the daemon answers late or was opened again since. */
export function turnedInto(state: State, now: 'none' | 'locked' | 'unlocked'): Step {
  const { status } = state.world
  const asked = refreshing({ ...state.world, status: undefined })
  if (now !== 'locked' || status === undefined) return step(state, ...asked)
  const world: World = { ...state.world, status: { ...status, state: now } }
  return chain(step(state, ...asked), (s) => entered({ ...s, world }, s))
}

/** Where the home's state leads, when it is another than it was. */
export function entered(state: State, before: State): Step {
  const [now, then] = [state.world.status?.state, before.world.status?.state]
  const { name } = topOf(state).screen
  if (now === then && name !== 'starting') return step(state)
  // The first steps of a new home go on when it is open: they lead on themselves.
  if (name === 'setup' && now !== 'locked') return step(state, ...refreshing(state.world).slice(1))
  // Nothing of what was open outlives a lock: neither values nor names.
  const world: World = {
    ...state.world,
    ...NOTHING_READ,
  }
  const closed = { ...state, world, overlay: undefined, note: dropped(state), sent: [] }
  if (now === 'none' || isWaiting(world)) return opened(closed, { screen: 'setup' }, [])
  if (now === 'locked') return opened(closed, { screen: 'unlock' }, [])
  const asked = refreshing(world).slice(1)
  return chain(
    step(closed, ...asked),
    (s) => opened(s, { screen: 'places' }, []),
    (s) => begun(s),
  )
}

/** A word on what a lock threw away. It stays until somebody is there to read it: nobody may be when it locks itself. */
function dropped(state: State): State['note'] {
  const work = lostWork(state)
  if (work === undefined || state.world.status?.state === 'unlocked') return undefined
  return { tone: 'bad', text: `locked: ${work}`, until: Number.MAX_SAFE_INTEGER }
}

/** Whoever has chosen a project begins there. */
function begun(state: State): Step {
  const { org, project } = state.world.status?.selection ?? {}
  if (typeof org !== 'string' || typeof project !== 'string') return step(state)
  return opened(state, { screen: 'secrets', place: { kind: 'project', org, project } }, state.stack)
}
