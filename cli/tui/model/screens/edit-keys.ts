import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import { LIMITS } from '../../../../shared/limits.js'
import { choice, confirmation, field, form, type Dialog, type Values } from '../dialog.js'
import { ask, call, note } from '../effect.js'
import { fieldOf } from '../text-field.js'
import { textIn } from '../text-area.js'
import { turn, type Binding, type Turn } from '../turn.js'
import type { Staged } from '../staging.js'
import { askingReaders, canSwitch, switched } from './edit-sealing.js'
import { isDirty, named, type EditState } from './edit-state.js'
import type { World } from '../world.js'

// What can be done to a value that is being typed.

type S = EditState

const typing = ({ phase }: S): boolean => phase === 'typing'

/** Stages what is typed, once nothing about it has to be asked. */
function staging(screen: S): Turn<S> {
  const text = textIn(screen.area)
  const name = screen.secret ?? ''
  const bytes = utf8(text).length
  if (bytes > LIMITS.value) {
    return turn(screen, note(`${bytes} bytes are too many: a value has ${LIMITS.value}`, 'bad'))
  }
  if (text === '') {
    const lines = [`${name} is to hold nothing at all.`]
    return turn(screen, ask(confirmation('empty', 'Stage an empty value?', lines, 'stage it')))
  }
  // Of what is sealed the readers may be others.
  if (!isDirty(screen) && screen.sealing === 'no') {
    return turn(screen, note('nothing is changed'), { kind: 'back' })
  }
  if (endsByHabit(text, screen.original)) return turn(screen, ask(newlineChoice))
  return meant(screen, false)
}

/** It is clear what is meant; of what shall be sealed it is asked for whom. @param bare no newline at its end */
export function meant(screen: S, bare: boolean): Turn<S> {
  return screen.sealing === 'no'
    ? staged(screen, meantText(screen, bare))
    : askingReaders(screen, bare)
}

/** What is staged of what is typed. */
export function meantText({ area }: S, bare: boolean): string {
  return bare ? textIn(area).replace(/\n+$/, '') : textIn(area)
}

/** Enter behind a password is habit, and a password with a newline fits nowhere. */
function endsByHabit(text: string, original: string): boolean {
  return /^[^\n]+\n+$/.test(text) && !original.endsWith('\n')
}

const newlineChoice: Dialog = choice('newline', 'The value ends with a newline', [
  { id: 'without', label: 'leave it out', hint: 'a password or token has none' },
  { id: 'with', label: 'keep it', hint: 'it is a file of one line' },
])

/** @param text what is typed, or what of it is meant */
export function staged(screen: S, text: string, seal?: Staged['seal']): Turn<S> {
  const { place, secret = '', over, overtaken } = screen
  const value = toBase64(utf8(text))
  const change = { place, name: secret, value, over, overtaken, ...(seal && { seal }) }
  const done = note(`${secret} is staged: w saves it`, 'good')
  return turn(screen, { kind: 'stage', change }, { kind: 'back' }, done)
}

function leaving(screen: S): Turn<S> {
  if (!isDirty(screen)) return turn(screen, { kind: 'back' })
  const lines = ['What you typed is kept nowhere.']
  return turn(screen, ask(confirmation('leave', 'Throw your changes away?', lines, 'throw away')))
}

const CHARSETS = ['alnum', 'hex', 'digits', 'symbols', 'base64url'] as const
const REPLACE = 'in place of all'
const INSERT = 'at the cursor'

function generator(screen: S, values: Values = {}, problem?: string): Dialog {
  const fields = [
    field('length', 'length', {
      field: fieldOf(values['length'] ?? '32'),
      hint: `characters, 1 to ${LIMITS.generated}`,
    }),
    field('charset', 'made of', {
      choices: CHARSETS,
      field: fieldOf(values['charset'] ?? CHARSETS[0]),
      hint: '← → alnum: A-Z a-z 0-9; symbols: all of ASCII but the blank',
    }),
  ]
  const where = field('where', 'where', {
    choices: [REPLACE, INSERT],
    field: fieldOf(values['where'] ?? REPLACE),
  })
  const all = textIn(screen.area) === '' ? fields : [...fields, where]
  const dialog = form('generate', 'A random value', all, 'generate')
  return problem === undefined || dialog.kind !== 'form' ? dialog : { ...dialog, problem }
}

/** The value is the daemon's: nothing here makes randomness. */
export function generating(screen: S, values: Values): Turn<S> {
  const typed = values['length'] ?? ''
  const length = /^[0-9]{1,4}$/.test(typed) ? Number(typed) : 0
  const charset = CHARSETS.find((one) => one === values['charset'])
  if (length < 1 || length > LIMITS.generated || charset === undefined) {
    const problem = `length is 1 to ${LIMITS.generated}`
    return turn(screen, ask(generator(screen, values, problem)))
  }
  const tag = values['where'] === INSERT ? 'insert' : 'replace'
  const next = { ...screen, replacing: textIn(screen.area) }
  return turn(next, call('valueGenerate', { length, charset }, tag))
}

export const editBindings: readonly Binding<S>[] = [
  {
    keys: ['enter'],
    label: 'next',
    help: 'take this name',
    whileTyping: true,
    when: ({ phase }) => phase === 'naming',
    run: (screen, world: World) => named(screen, world),
  },
  {
    keys: ['ctrl-s'],
    label: 'stage',
    help: 'stage the value and go back; it is saved with everything that is staged',
    whileTyping: true,
    when: typing,
    run: staging,
  },
  {
    keys: ['esc'],
    label: 'back',
    help: 'go back; what is typed is asked about',
    whileTyping: true,
    when: ({ phase }) => phase === 'naming' || phase === 'typing',
    run: leaving,
  },
  {
    // ^e goes to the end of the line, as everywhere.
    keys: ['ctrl-o'],
    label: 'editor',
    help: 'open it in $VISUAL, $EDITOR or vi, as a file in memory',
    whileTyping: true,
    when: typing,
    run: (screen) =>
      turn(screen, {
        kind: 'edit',
        tag: 'editor',
        name: screen.secret ?? '',
        text: textIn(screen.area),
      }),
  },
  {
    keys: ['ctrl-g'],
    label: 'generate',
    help: 'put in a random value',
    whileTyping: true,
    when: typing,
    run: (screen) => turn(screen, ask(generator(screen))),
  },
  {
    keys: ['ctrl-r'],
    label: 'hide',
    help: 'show the text as dots, or as it is',
    whileTyping: true,
    when: typing,
    run: (screen) => turn({ ...screen, hidden: !screen.hidden }),
  },
  {
    keys: ['ctrl-t'],
    label: 'seal',
    help: 'seal it for runners, or leave it readable',
    whileTyping: true,
    when: canSwitch,
    run: switched,
  },
]
