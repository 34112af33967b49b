import type { Result } from '../../../../shared/protocol/local.js'
import { call, note, type Effect } from '../effect.js'
import { contextOf, referenceIn, type Place } from '../place.js'
import { stagedIn } from '../staging.js'
import { areaOf, EMPTY_AREA, shown, textIn, type TextArea } from '../text-area.js'
import { EMPTY_FIELD, type TextField } from '../text-field.js'
import { turn, type Turn } from '../turn.js'
import { runnerName } from './detail-readers.js'
import { textOf } from '../views/value.js'
import { bodyHeight, onlySeals, type World } from '../world.js'

// A value that is being typed, and where it goes: it is staged, and saved with everything else that is.

export type EditState = {
  readonly name: 'edit'
  readonly place: Place
  /** Undefined until it has a name. */
  readonly secret: string | undefined
  /** `closed`: there is a value, and it can't be typed here. */
  readonly phase: 'naming' | 'reading' | 'typing' | 'closed'
  readonly naming: TextField
  /** Why the name won't do, or the value can't be edited. */
  readonly problem: string | undefined
  /** The version that was read: its id; undefined for a new name. */
  readonly over: string | undefined
  readonly original: string
  readonly area: TextArea
  /**
   * One must see what one edits, so the text is shown; whoever is watched hides it (as dots), and so does everything that
   * takes the terminal away.
   */
  readonly hidden: boolean
  /** Somebody else wrote it since it was read. */
  readonly overtaken: boolean
  /**
   * Whether only runners will open it: by choice, because the version before is sealed, or because this device may do
   * nothing else, nor see what is there.
   */
  readonly sealing: 'no' | 'chosen' | 'kept' | 'only'
  /** What that was to begin with. */
  readonly begunAs: EditState['sealing']
  /** The runners that the version before was sealed to, by name. */
  readonly sealedTo: readonly string[]
  /** The project's runners with their fingerprints, asked for where names can't be read; null where that failed. */
  readonly runners: readonly Runner[] | null | undefined
  /** The question that waits for them. */
  readonly waiting: Sealing | undefined
  /** What stood there when a random value was asked for in its place. */
  readonly replacing: string | undefined
}

type Runner = Result<'runnerList'>['runners'][number]

/** What the question of the readers is about: all that is typed, or that without the newline at its end. */
export type Sealing = 'seal' | 'seal-bare'

export function openEdit(place: Place, secret: string | undefined, world: World): Turn<EditState> {
  const sealing = onlySeals(world, place) ? 'only' : 'no'
  const screen: EditState = {
    name: 'edit',
    place,
    secret,
    phase: secret === undefined ? 'naming' : 'reading',
    naming: EMPTY_FIELD,
    problem: undefined,
    over: undefined,
    original: '',
    area: EMPTY_AREA,
    hidden: false,
    overtaken: false,
    sealing,
    begunAs: sealing,
    sealedTo: [],
    runners: undefined,
    waiting: undefined,
    replacing: undefined,
  }
  return secret === undefined ? turn(screen) : beginning(screen, secret, world)
}

/** What is there is read first, by a device that may. */
function beginning(screen: EditState, secret: string, world: World): Turn<EditState> {
  if (screen.sealing !== 'only') {
    return turn(screen, reading(screen.place, secret, world, 'begin'))
  }
  const { screen: next, effects } = begun(screen, undefined, undefined, world)
  return turn(next, ...effects, readingRunners(screen.place, world))
}

export function readingRunners(place: Place, world: World): Effect {
  return call('runnerList', { context: contextOf(world.cwd, place) }, 'runners')
}

/** Lines for text: what it is has one of its own. */
export function areaHeight(world: World): number {
  return Math.max(1, bodyHeight(world) - 1)
}

export function reading(
  place: Place,
  secret: string,
  world: World,
  tag: 'begin' | 'again',
): Effect {
  const context = contextOf(world.cwd, place)
  return call('secretGet', { context, name: referenceIn(place, secret) }, tag)
}

/** What is sealed can't be read: who it is for, and what it goes over, is in its history. */
export function readingSealed(
  { place, secret = '' }: EditState,
  world: World,
  tag: 'sealed' | 'again',
): Effect {
  const context = contextOf(world.cwd, place)
  return call('secretHistory', { context, name: referenceIn(place, secret) }, tag)
}

export function isDirty({ phase, area, original, sealing, begunAs }: EditState): boolean {
  return phase === 'typing' && (sealing !== begunAs || textIn(area) !== original)
}

/** A name that was typed is looked up: one that is there already is edited. */
export function named(screen: EditState, world: World): Turn<EditState> {
  const secret = screen.naming.text.trim().normalize('NFC')
  const problem = nameProblem(secret)
  if (problem !== undefined) return turn({ ...screen, problem })
  return beginning({ ...screen, secret, phase: 'reading', problem: undefined }, secret, world)
}

/** What would make it another place's name, or none at all. The daemon knows the rest, and says it. */
function nameProblem(name: string): string | undefined {
  if (name === '') return 'a secret needs a name'
  if (name.includes('=')) return "a name holds no '='"
  if (name.startsWith('/') || name.startsWith('coffer://')) {
    return 'a name of this place begins with no slash and no coffer://'
  }
  return name.endsWith('/') ? 'a name ends with no slash' : undefined
}

/** What to start with: what is staged goes before what is saved. @param value undefined for a new name */
export function begun(
  screen: EditState,
  value: string | undefined,
  over: string | undefined,
  world: World,
): Turn<EditState> {
  const staged = stagedIn(world.staged, screen.place).find(({ name }) => name === screen.secret)
  const text = textOf(staged?.value ?? value ?? '')
  if (text === undefined) {
    const problem = 'the value is no UTF-8 text: coffer secret set --file takes any bytes'
    return turn({ ...screen, phase: 'closed', problem })
  }
  const isThere = (value ?? staged?.value) !== undefined
  const sealing = screen.sealing === 'no' && staged?.seal !== undefined ? 'chosen' : screen.sealing
  const area = shown(areaOf(text), areaHeight(world))
  const next: EditState = { ...screen, phase: 'typing', over, original: text, area, sealing }
  return turn(
    { ...next, begunAs: sealing, naming: EMPTY_FIELD },
    // Whoever typed the name of a new one is told; who chose it in a list knows.
    ...(isThere && screen.naming.text !== ''
      ? [note(`${screen.secret ?? ''} is there already: you edit it`)]
      : []),
  )
}

/** Begins with nothing: the value before is for its runners alone. */
export function begunSealed(
  screen: EditState,
  current: Result<'secretHistory'>['versions'][number] | undefined,
  world: World,
): Turn<EditState> {
  const sealedTo = (current?.sealedTo ?? []).map(runnerName)
  return begun({ ...screen, sealing: 'kept', sealedTo }, '', current?.version.id, world)
}
