import { pastedInto, pressed, type Outcome } from '../dialog.js'
import { call, note } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import { named, type Key } from '../key.js'
import { contextOf, USER } from '../place.js'
import { EMPTY_FIELD } from '../text-field.js'
import { turn, type Binding, type ScreenSpec, type Turn } from '../turn.js'
import { bodyHeight, isWaiting, type World } from '../world.js'
import { answeredCall, failedCall, finished, proceed, WAIT, waitOn } from './setup-calls.js'
import { dialogOf, stepBefore, toStep, type SetupState } from './setup-steps.js'

// The first steps: from no home at all to the first secret, or into the vault of another device.

type S = SetupState

export function openSetup(world: World): Turn<S> {
  const first: S = {
    name: 'setup',
    step: 'start',
    way: 'new',
    kept: {},
    dialog: dialogOf('start', {}, USER),
    busy: undefined,
    resumed: false,
    problem: undefined,
    place: USER,
    fingerprint: undefined,
  }
  if (!isWaiting(world)) return turn(first)
  const problem = 'this device waits to be let in: its code again shows the fingerprint'
  const screen = { ...toStep({ ...first, way: 'join', resumed: true }, 'code'), problem }
  return turn(screen, call('joinWait', { context: contextOf(world.cwd), timeout: WAIT }))
}

function after(screen: S, outcome: Outcome, world: World): Turn<S> {
  switch (outcome.kind) {
    case 'stays':
      return turn({ ...screen, dialog: outcome.dialog, problem: undefined })
    case 'answered':
      return proceed({ ...screen, problem: undefined }, outcome.values, world)
    case 'left':
      return left(screen)
  }
}

function keyed(screen: S, key: Key, world: World): Turn<S> {
  if (screen.busy !== undefined || screen.dialog === undefined) return turn(screen)
  const size = { width: world.columns, height: bodyHeight(world) }
  return after(screen, pressed(screen.dialog, key, size), world)
}

function entered(screen: S, world: World): Turn<S> {
  if (screen.step === 'waiting') return waitOn(screen, world)
  // There it is the way out of this program, and that has a key of its own.
  return screen.step === 'recovery' ? turn(screen) : keyed(screen, named('enter'), world)
}

function left(screen: S): Turn<S> {
  const step = stepBefore(screen)
  return turn(step === undefined ? screen : toStep(screen, step))
}

/** A line's end within a value would become a blank: rather nothing than something else. */
function pasted(screen: S, given: string): Turn<S> {
  const { dialog, busy, step } = screen
  if (dialog?.kind !== 'form' || busy !== undefined) return turn(screen)
  const lines = /[\r\n]./.test(given.replace(/[\r\n]+$/, ''))
  if (step === 'secret' && dialog.fields[dialog.at]?.name === 'value' && lines) {
    const problem = 'this has several lines: leave it for later, the editor (a) keeps them'
    return turn({ ...screen, problem })
  }
  return turn({ ...screen, dialog: pastedInto(dialog, given), problem: undefined })
}

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'key':
      return keyed(screen, event.key, world)
    case 'paste':
      return pasted(screen, event.text)
    case 'answered':
      return answeredCall(screen, event, world)
    case 'failed':
      return failedCall(screen, event, world)
    case 'progress': {
      const count = event.total === null ? `${event.done}` : `${event.done} of ${event.total}`
      const busy =
        event.done === 0 && event.total === null ? event.phase : `${event.phase} ${count}`
      return turn(screen.busy === undefined ? screen : { ...screen, busy: `${busy}…` })
    }
    case 'refreshed':
      // Let in, whoever was told first.
      return screen.resumed && world.status?.state === 'unlocked' && !isWaiting(world)
        ? finished(screen, note('this device is in', 'good'))
        : turn(screen)
    case 'hidden':
      // Half a passphrase, or a value that is still dots: typed again, it is nobody else's.
      return turn(emptied(screen))
    default:
      return turn(screen)
  }
}

/** Without what is shown as dots. */
function emptied(screen: S): S {
  const { dialog } = screen
  if (dialog?.kind !== 'form') return screen
  const fields = dialog.fields.map((one) =>
    one.secret === true ? { ...one, field: EMPTY_FIELD } : one,
  )
  return { ...screen, dialog: { ...dialog, fields } }
}

const idle = ({ busy }: S): boolean => busy === undefined

const bindings: readonly Binding<S>[] = [
  {
    keys: ['enter'],
    label: 'next',
    help: 'go on with what is typed or chosen',
    whileTyping: true,
    when: (screen) => idle(screen) && screen.step !== 'recovery',
    run: entered,
  },
  {
    keys: ['esc'],
    label: 'back',
    help: 'a step back',
    whileTyping: true,
    when: (screen) =>
      (idle(screen) || screen.step === 'waiting') && stepBefore(screen) !== undefined,
    run: left,
  },
  {
    keys: ['esc'],
    label: 'later',
    help: 'go to the projects without a first secret',
    whileTyping: true,
    when: (screen) => idle(screen) && screen.step === 'place',
    run: (screen) => finished(screen),
  },
  {
    keys: ['ctrl-c'],
    label: 'quit',
    help: 'leave',
    whileTyping: true,
    run: (screen) => turn(screen, { kind: 'exit' }),
  },
]

export const setupScreen: ScreenSpec<S> = {
  title: () => 'first steps',
  typing: ({ dialog }) => dialog?.kind === 'form',
  bindings,
  update,
}
