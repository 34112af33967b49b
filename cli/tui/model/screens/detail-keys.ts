import { confirmation, text } from '../dialog.js'
import { ask, note, open } from '../effect.js'
import { canonicalReference } from '../place.js'
import { turn, type Binding, type Turn } from '../turn.js'
import { authorName } from './conflict-sides.js'
import { moment } from '../views/time.js'
import { mayEdit, mayWrite, type World } from '../world.js'
import { readerLines } from './detail-readers.js'
import { copying, masked, revealing } from './detail-reveal.js'
import {
  chosenEntry,
  currentOf,
  entriesOf,
  isInConflict,
  VERSIONS,
  type DetailState,
  type Entry,
} from './detail-state.js'

// What can be done to one secret.

type S = DetailState

const hasEntries = ({ versions }: S): boolean => (versions ?? []).length > 0

/** What the chosen entry is compared with: the current one, or, for that, the one before it. */
function pair(screen: S, world: World): readonly [Entry, Entry] | undefined {
  const entries = entriesOf(screen, world)
  const chosen = chosenEntry(screen, world)
  if (chosen === undefined) return undefined
  const current = entries.find((one) => one.kind === 'version' && one.version.current)
  if (chosen.kind === 'staged') return current && [current, chosen]
  if (current !== undefined && chosen.id !== current.id) return [chosen, current]
  const before = entries[entries.findIndex(({ id }) => id === chosen.id) + 1]
  return before && [before, chosen]
}

function comparing(screen: S, world: World): Turn<S> {
  const found = pair(screen, world)
  if (found === undefined) return turn(screen)
  const [before, after] = found
  return turn({ ...masked(screen), pane: { kind: 'diff', before, after }, top: 0 })
}

function canComeBack(screen: S, world: World): boolean {
  const entry = chosenEntry(screen, world)
  if (entry?.kind !== 'version') return false
  const { current, kind, sealed } = entry.version
  return !current && kind === 'put' && sealed !== true && mayWrite(world, screen.place)
}

function bringingBack(screen: S, world: World): Turn<S> {
  const entry = chosenEntry(screen, world)
  if (entry?.kind !== 'version') return turn(screen)
  const { version, at, author } = entry.version
  const lines = [
    `What ${authorName(author)} wrote at ${moment(at)} UTC becomes a new version of ${screen.secret}.`,
    'It is saved at once.',
  ]
  const title = `Bring version ${version.number} back?`
  return turn(screen, ask(confirmation(`rollback ${version.id}`, title, lines, 'bring it back')))
}

function deleting(screen: S): Turn<S> {
  const { place, secret } = screen
  const over = currentOf(screen)?.version.id
  const change = { place, name: secret, value: undefined, over, overtaken: false }
  const said = note(`${secret} is to be deleted: w saves that, u takes it back`)
  return turn(masked(screen), { kind: 'stage', change }, said)
}

/** Nobody here can read it. */
function isSealed(screen: S, world: World): boolean {
  const entry = chosenEntry(screen, world)
  return entry?.kind === 'version' && entry.version.sealed === true
}

const isPane = ({ pane }: S): boolean => pane.kind !== 'versions'

export const detailBindings: readonly Binding<S>[] = [
  {
    keys: ['esc', 'left', 'h', 'backspace'],
    label: 'close',
    help: 'back to the versions',
    when: isPane,
    run: (screen) => turn({ ...masked(screen), pane: VERSIONS, top: 0 }),
  },
  {
    keys: ['r'],
    label: 'reveal',
    help: 'show the chosen value, or what is compared, for some seconds; again: mask it',
    when: (screen, world) => chosenEntry(screen, world) !== undefined,
    quiet: isSealed,
    run: (screen, world) =>
      screen.reveal === undefined ? revealing(screen, world) : turn(masked(screen)),
  },
  {
    keys: ['y'],
    label: 'copy',
    help: 'copy the chosen value; the clipboard clears itself',
    when: (screen, world) =>
      screen.pane.kind !== 'diff' && chosenEntry(screen, world) !== undefined,
    quiet: isSealed,
    run: copying,
  },
  {
    keys: ['e'],
    label: 'edit',
    help: 'edit the value',
    when: ({ place }, world) => mayEdit(world, place),
    run: ({ place, secret, ...rest }) =>
      turn(masked({ place, secret, ...rest }), open({ screen: 'edit', place, name: secret })),
  },
  {
    keys: ['D', 'enter'],
    label: 'diff',
    help: 'compare the chosen version with the current one, or that with the one before',
    when: (screen, world) => !isPane(screen) && pair(screen, world) !== undefined,
    run: comparing,
  },
  {
    keys: ['b'],
    label: 'bring back',
    help: 'bring the chosen version back, as a new one',
    when: canComeBack,
    run: bringingBack,
  },
  {
    keys: ['d'],
    label: 'delete',
    help: 'delete the secret, once you save',
    when: (screen, world) => currentOf(screen)?.kind === 'put' && mayWrite(world, screen.place),
    run: deleting,
  },
  {
    keys: ['c'],
    label: 'conflict',
    help: 'its values that were written apart',
    when: isInConflict,
    run: (screen) =>
      turn(
        masked(screen),
        open({
          screen: 'conflicts',
          reference: canonicalReference(screen.place, screen.secret),
        }),
      ),
  },
  {
    keys: ['m'],
    label: 'readers',
    help: 'everybody who can read it',
    when: hasEntries,
    run: (screen) =>
      turn(screen, ask(text('readers', 'Who can read it', [...readerLines(screen)]))),
  },
]
