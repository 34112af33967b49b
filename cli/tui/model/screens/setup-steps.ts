import { choice, field, form, text, type Dialog, type Field, type Values } from '../dialog.js'
import { placeName, type Place } from '../place.js'
import { fieldOf } from '../text-field.js'

// The steps from nothing to the first secret: what each asks, and which comes before it.

type StepName =
  | 'start'
  | 'recovery'
  | 'you'
  | 'code'
  | 'opener'
  | 'passphrase'
  | 'key-file'
  | 'place'
  | 'secret'
  | 'waiting'

/** A vault of one's own, or one that another device has. */
export type Way = 'new' | 'join' | 'recovery'

export type SetupState = {
  readonly name: 'setup'
  readonly step: StepName
  readonly way: Way
  /** What the steps before said; no passphrase and no value is ever among it. */
  readonly kept: Values
  readonly dialog: Dialog | undefined
  /** What is being done; nothing is typed meanwhile. */
  readonly busy: string | undefined
  /** The home is there already, and waits to be let in: nothing else can be chosen. */
  readonly resumed: boolean
  readonly problem: string | undefined
  /** Where the first secret goes. */
  readonly place: Place
  /** What another device confirms. */
  readonly fingerprint: string | undefined
}

const ORDERS: { readonly [W in Way]: readonly (readonly StepName[])[] } = {
  new: [['start'], ['you'], ['opener'], ['passphrase', 'key-file'], ['place'], ['secret']],
  join: [['start'], ['code'], ['opener'], ['passphrase', 'key-file'], ['waiting']],
  recovery: [['start'], ['recovery']],
}

/** `step 2 of 6`: which one it is, and of how many. */
export function stepCount(step: StepName, way: Way): string {
  const order = ORDERS[way]
  const at = order.findIndex((names) => names.includes(step))
  return `step ${at + 1} of ${order.length}`
}

/** Where esc leads: undefined where there is no way back. */
export function stepBefore({ step, way, resumed }: SetupState): StepName | undefined {
  switch (step) {
    case 'code':
      return resumed ? undefined : 'start'
    case 'you':
    case 'recovery':
      return 'start'
    case 'opener':
      return way === 'join' ? 'code' : 'you'
    case 'passphrase':
    case 'key-file':
      return 'opener'
    case 'secret':
      return 'place'
    case 'waiting':
      return 'code'
    // The home is made: there is nothing to be taken back.
    case 'place':
    case 'start':
      return undefined
  }
}

function filled(kept: Values, name: string, label: string, more: Partial<Field> = {}): Field {
  return field(name, label, { ...more, field: fieldOf(kept[name] ?? '') })
}

/** What a step asks, with what was said before; never with a passphrase or a value. Nothing: it only shows. */
export function dialogOf(step: StepName, kept: Values, place: Place): Dialog | undefined {
  switch (step) {
    case 'start':
      return choice(step, 'No vault here yet', [
        { id: 'new', label: 'a new vault', hint: 'for the first device' },
        { id: 'join', label: 'join', hint: 'with a code from another device' },
        { id: 'recovery', label: 'recovery', hint: 'I have a recovery file' },
      ])
    case 'recovery':
      return text(step, 'With a recovery file', [
        'Leave (q) and run, in a shell:',
        'coffer recovery use FILE',
        'It makes this machine a device of yours and lets it into all your vaults.',
      ])
    case 'you':
      return form(
        step,
        'Who you are',
        [
          filled(kept, 'name', 'name', { optional: true }),
          filled(kept, 'email', 'email', { optional: true }),
          filled(kept, 'device', 'this device', { optional: true, hint: "the machine's name" }),
        ],
        'next',
        ['Optional labels; no mail is sent.', 'Members of your orgs will see them.'],
      )
    case 'code':
      return form(
        step,
        'Join with a code',
        [
          filled(kept, 'code', 'code', { hint: 'from coffer device add, or its people screen' }),
          filled(kept, 'device', 'this device', { optional: true, hint: "the machine's name" }),
        ],
        'next',
      )
    case 'opener':
      return choice(step, 'What opens it here', [
        { id: 'passphrase', label: 'a passphrase', hint: 'you type it to unlock' },
        { id: 'key-file', label: 'a key file', hint: 'whoever has it opens it' },
      ])
    default:
      return laterDialog(step, kept, place)
  }
}

function laterDialog(step: StepName, kept: Values, place: Place): Dialog | undefined {
  switch (step) {
    case 'passphrase':
      return form(
        step,
        'The passphrase',
        [
          field('passphrase', 'passphrase', { secret: true }),
          field('again', 'again', { secret: true }),
        ],
        'next',
        ['A lost passphrase is lost data: nobody can open this vault without it.'],
      )
    case 'key-file':
      return form(
        step,
        'The key file',
        [filled(kept, 'path', 'new file', { hint: 'better not on the same disk' })],
        'next',
        ['It is made now. A lost key file is lost data: nothing else opens it.'],
      )
    case 'place':
      return form(
        step,
        'The first place',
        [
          filled(kept, 'org', 'org', { optional: true, hint: 'such as a company or a team' }),
          filled(kept, 'project', 'project', { optional: true }),
        ],
        'next',
        ['Both empty: /user/, yours alone.', 'A project of an org can be shared with others.'],
      )
    case 'secret':
      return form(
        step,
        `The first secret in ${placeName(place)}`,
        [
          filled(kept, 'secret', 'name', { hint: 'such as DATABASE_PASSWORD' }),
          field('value', 'value', { secret: true }),
        ],
        'save',
      )
    default:
      return undefined
  }
}

/** Goes to a step, with nothing but what is kept. */
export function toStep(screen: SetupState, step: StepName): SetupState {
  const dialog = dialogOf(step, screen.kept, screen.place)
  return { ...screen, step, dialog, busy: undefined, problem: undefined }
}
