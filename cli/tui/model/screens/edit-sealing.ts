import type { Result } from '../../../../shared/protocol/local.js'
import { field, form, text, type Dialog, type Values } from '../dialog.js'
import { ask, note } from '../effect.js'
import { fieldOf } from '../text-field.js'
import { turn, type Turn } from '../turn.js'
import { runnerLine } from './detail-readers.js'
import type { EditState, Sealing } from './edit-state.js'

// A value that nobody but runners will open, once it is saved: its readers are asked for when it is staged.

type S = EditState

/** Whether it may be sealed, or readable after all: what is sealed already stays so, and a person's own vault has no runners. */
export function canSwitch({ phase, place, sealing }: S): boolean {
  return phase === 'typing' && place.kind === 'project' && ['no', 'chosen'].includes(sealing)
}

export function switched(screen: S): Turn<S> {
  return screen.sealing === 'no'
    ? turn({ ...screen, sealing: 'chosen' }, note('only runners will open it, once it is saved'))
    : turn({ ...screen, sealing: 'no' }, note('whoever reads the project will read it'))
}

const WHOLE: Sealing = 'seal'
const BARE: Sealing = 'seal-bare'
export const SEAL_TAGS: readonly string[] = [WHOLE, BARE]

/** @param bare the newline at the end isn't meant */
function sealForm(screen: S, bare: boolean): Dialog {
  const { secret = '', sealedTo, sealing } = screen
  if (sealing === 'only') return blindForm(screen, bare)
  const runners = field('to', 'runners', {
    optional: true,
    hint: 'names or fingerprints; empty: all that are granted it',
  })
  const before =
    sealedTo.length === 0 ? [] : [`Until now only these open it: ${sealedTo.join(', ')}.`]
  const lines = ['Nobody else will open it: not you, not an owner.', ...before]
  return form(bare ? BARE : WHOLE, `Seal ${secret} for whom?`, [runners], 'stage it', lines)
}

/** Who is granted a name is written where this device can't read: it says the readers itself, by fingerprints. */
function blindForm({ secret = '', runners }: S, bare: boolean): Dialog {
  const [only, ...more] = (runners ?? []).flatMap(({ fingerprint }) => fingerprint ?? [])
  const prefilled = only === undefined || more.length > 0 ? {} : { field: fieldOf(only) }
  const to = field('to', 'runners', { hint: 'fingerprints of runners', ...prefilled })
  const lines =
    runners === undefined || runners === null
      ? ["Which runners there are isn't known here."]
      : runners.length === 0
        ? ['No runner of this project is known here: an admin makes one.']
        : ['The runners here; compare with what the machine shows:', ...runners.map(runnerLine)]
  return form(bare ? BARE : WHOLE, `Seal ${secret} for whom?`, [to], 'stage it', lines)
}

/** Where the runners are still asked for, it is asked when they are known. */
export function askingReaders(screen: S, bare: boolean): Turn<S> {
  return screen.sealing === 'only' && screen.runners === undefined && screen.waiting === undefined
    ? turn({ ...screen, waiting: bare ? BARE : WHOLE }, note('asking which runners there are…'))
    : turn({ ...screen, waiting: undefined }, ask(sealForm(screen, bare)))
}

/** The runners are known, or can't be: whoever waits is asked. */
export function toldRunners(screen: S, runners: S['runners']): Turn<S> {
  const next = { ...screen, runners }
  return next.waiting === undefined ? turn(next) : askingReaders(next, isBare(next.waiting))
}

/** The runners that were typed; none: those that are granted the name when it is saved. */
export function sealOf(values: Values): { readonly to: readonly string[] } {
  return { to: (values['to'] ?? '').split(/[\s,]+/).filter((one) => one !== '') }
}

export function isBare(tag: string): boolean {
  return tag === BARE
}

/**
 * To whom something was sealed, with fingerprints: an admin could have put another runner in the place of one.
 * @param before what stands over the screen: several that are saved together are told together
 */
export function readersDialog(
  before: Dialog | undefined,
  { reference, sealedTo = [] }: Result<'secretSet'>,
): Dialog {
  const told = before?.kind === 'text' && before.tag === 'sealed' ? before.lines : []
  const lines = [...told, `${reference} is sealed to:`, ...sealedTo.map(runnerLine)]
  return text('sealed', 'sealed: compare the fingerprints', lines)
}
