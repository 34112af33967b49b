import { move, fit, TOP, type ListState } from './list.js'
import type { Key } from './key.js'
import { fieldOf, insert, typeInto, type TextField } from './text-field.js'
import { wrapped } from './views/line.js'
import type { Size } from './views/size.js'

// What stands over a screen and asks something. Its answer goes back to the screen under the dialog's tag.

export type Field = {
  readonly name: string
  readonly label: string
  readonly field: TextField
  /** Shown as dots. */
  readonly secret?: boolean
  readonly optional?: boolean
  readonly hint?: string
  /** Chosen with ← and → instead of typed. */
  readonly choices?: readonly string[]
}

export type Choice = { readonly id: string; readonly label: string; readonly hint?: string }

export type Dialog =
  | {
      readonly kind: 'confirm'
      readonly tag: string
      readonly title: string
      readonly lines: readonly string[]
      /** What enter (or y) does. */
      readonly yes: string
      /** The first line seen, where there are more than the window has. */
      readonly top: number
    }
  | {
      readonly kind: 'form'
      readonly tag: string
      readonly title: string
      readonly lines: readonly string[]
      readonly fields: readonly Field[]
      readonly at: number
      readonly submit: string
      readonly problem?: string
    }
  | {
      readonly kind: 'choice'
      readonly tag: string
      readonly title: string
      readonly choices: readonly Choice[]
      readonly list: ListState
    }
  | {
      readonly kind: 'text'
      readonly tag: string
      readonly title: string
      readonly lines: readonly string[]
      /** Shown as a QR code, too, where there is room; `y` answers with `copy`. */
      readonly code?: string
      readonly top: number
    }

export type Values = { readonly [name: string]: string }

/** What a key made of a dialog: it stays, is answered, or is left. */
export type Outcome =
  | { readonly kind: 'stays'; readonly dialog: Dialog }
  | { readonly kind: 'answered'; readonly values: Values }
  | { readonly kind: 'left' }

export function confirmation(
  tag: string,
  title: string,
  lines: readonly string[],
  yes: string,
): Dialog {
  return { kind: 'confirm', tag, title, lines, yes, top: 0 }
}

export function form(
  tag: string,
  title: string,
  fields: readonly Field[],
  submit: string,
  lines: readonly string[] = [],
): Dialog {
  // Where there is but one choice there is nothing to do.
  const at = fields.findIndex(({ choices }) => choices === undefined || choices.length > 1)
  return { kind: 'form', tag, title, lines, fields, at: Math.max(0, at), submit }
}

export function field(name: string, label: string, more: Partial<Field> = {}): Field {
  const text = more.choices?.[0] ?? ''
  return { name, label, field: fieldOf(text), ...more }
}

export function choice(tag: string, title: string, choices: readonly Choice[]): Dialog {
  return { kind: 'choice', tag, title, choices, list: TOP }
}

export function text(tag: string, title: string, lines: readonly string[], code?: string): Dialog {
  return {
    kind: 'text',
    tag,
    title,
    lines,
    top: 0,
    ...(code === undefined ? {} : { code }),
  }
}

/** What a key does to a dialog. @param size room for what it says */
export function pressed(dialog: Dialog, key: Key, size: Size): Outcome {
  if (key.name === 'esc' || key.name === 'ctrl-c') return { kind: 'left' }
  switch (dialog.kind) {
    case 'confirm':
      if (key.name === 'enter' || key.name === 'y') return { kind: 'answered', values: {} }
      return key.name === 'n' || key.name === 'q' ? { kind: 'left' } : scrolled(dialog, key, size)
    case 'form':
      return intoForm(dialog, key)
    case 'choice':
      return intoChoice(dialog, key, size.height)
    case 'text':
      return intoText(dialog, key, size)
  }
}

type Form = Extract<Dialog, { kind: 'form' }>

function intoForm(dialog: Form, key: Key): Outcome {
  const { fields, at } = dialog
  const count = fields.length
  if (key.name === 'enter' || key.name === 'ctrl-s') {
    if (key.name === 'enter' && at < count - 1) return stays({ ...dialog, at: at + 1 })
    return submitted(dialog)
  }
  if (key.name === 'tab' || key.name === 'down') return stays({ ...dialog, at: (at + 1) % count })
  if (key.name === 'shift-tab' || key.name === 'up') {
    return stays({ ...dialog, at: (at + count - 1) % count })
  }
  const current = fields[at]
  const changed =
    current && (current.choices === undefined ? typedIn(current, key) : turned(current, key))
  return stays(changed === undefined ? dialog : withField(dialog, changed))
}

function typedIn(current: Field, key: Key): Field | undefined {
  const field = typeInto(current.field, key)
  return field && { ...current, field }
}

function turned(current: Field, key: Key): Field | undefined {
  const { choices = [], field } = current
  const step = key.name === 'left' ? -1 : key.name === 'right' || key.name === 'space' ? 1 : 0
  const index = (choices.indexOf(field.text) + step + choices.length) % choices.length
  return step === 0 ? undefined : { ...current, field: fieldOf(choices[index] ?? '') }
}

function withField({ problem: _old, ...dialog }: Form, changed: Field): Form {
  return { ...dialog, fields: dialog.fields.map((one, i) => (i === dialog.at ? changed : one)) }
}

function submitted(dialog: Form): Outcome {
  const missing = dialog.fields.findIndex(
    ({ field, optional }) => field.text === '' && optional !== true,
  )
  const label = dialog.fields[missing]?.label
  if (label !== undefined) return stays({ ...dialog, at: missing, problem: `${label} is missing` })
  return { kind: 'answered', values: valuesOf(dialog) }
}

export function valuesOf({ fields }: Form): Values {
  return Object.fromEntries(fields.map(({ name, field }) => [name, field.text]))
}

function intoChoice(
  dialog: Extract<Dialog, { kind: 'choice' }>,
  key: Key,
  height: number,
): Outcome {
  const { choices, list } = dialog
  if (key.name === 'q') return { kind: 'left' }
  if (key.name === 'enter') {
    const id = choices[fit(list, choices.length, height).at]?.id
    return id === undefined ? { kind: 'left' } : { kind: 'answered', values: { id } }
  }
  const moved = move(list, key.name, choices.length, height)
  return stays(moved === undefined ? dialog : { ...dialog, list: moved })
}

function intoText(dialog: Extract<Dialog, { kind: 'text' }>, key: Key, size: Size): Outcome {
  if (key.name === 'q') return { kind: 'left' }
  if (key.name === 'enter') return { kind: 'answered', values: {} }
  if (key.name === 'y' && dialog.code !== undefined) {
    return { kind: 'answered', values: { copy: 'code' } }
  }
  return scrolled(dialog, key, size)
}

function scrolled(
  dialog: Extract<Dialog, { kind: 'text' | 'confirm' }>,
  key: Key,
  { width, height }: Size,
): Outcome {
  const count = dialog.lines.reduce((sum, one) => sum + wrapped(one, width).length, 0)
  const last = Math.max(0, count - height)
  // Each press moves what is seen, from the first on.
  const at = move({ at: Math.min(dialog.top, last), top: 0 }, key.name, count, height)?.at
  return stays(at === undefined ? dialog : { ...dialog, top: Math.min(at, last) })
}

/** Pasted text, into the field at work. */
export function pastedInto(dialog: Dialog, pasted: string): Dialog {
  const current = dialog.kind === 'form' ? dialog.fields[dialog.at] : undefined
  if (dialog.kind !== 'form' || current === undefined || current.choices !== undefined)
    return dialog
  return withField(dialog, {
    ...current,
    field: insert(current.field, pasted.replace(/[\r\n]+$/, '')),
  })
}

function stays(dialog: Dialog): Outcome {
  return { kind: 'stays', dialog }
}
