import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { yamlQuoted } from './yaml.js'

// Templates of `inject`: `{{ coffer NAME }}`, `{{ coffer://org/project/NAME }}`, with `| FORM` where the value has to be
// written for what stands around it. Everything else is left as it is, bytes and other programs' braces included; a
// backslash before the braces keeps the words.

/** One place of a template where a value goes. */
export type Slot = {
  readonly reference: string
  readonly form: Form | undefined
  /** The line it stands in, from 1. */
  readonly line: number
  /** From and up to which byte of the template. */
  readonly start: number
  readonly end: number
}

export type Template = {
  readonly bytes: Buffer
  readonly slots: readonly Slot[]
  /** Places of backslashes that are taken out. */
  readonly kept: readonly number[]
}

/** Ways to write a value: what they give is ASCII or the text itself, never another value for its reader. */
export const FORMS = {
  json: (text: string) => yamlQuoted(text),
  yaml: (text: string) => yamlQuoted(text),
  shell: (text: string) => `'${text.replaceAll("'", `'\\''`)}'`,
  url: (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
} as const
export type Form = keyof typeof FORMS | 'base64' | 'hex'
const FORM_NAMES = [...Object.keys(FORMS), 'base64', 'hex']

/**
 * Where values go in a template. @throws CofferError `format` (reason `bad-template`) naming the line: an opening that
 * nothing closes, no name, a form that there isn't
 */
export function readTemplate(bytes: Buffer): Template {
  // Every byte is one character of this text: what is no slot comes out as it went in.
  const text = bytes.toString('latin1')
  const slots: Slot[] = []
  const kept: number[] = []
  const opening = /(\\?)\{\{[ \t]*(?=coffer(?:[ \t]|:\/\/))/g
  const lineAt = lineCounter(text)
  for (let found = opening.exec(text); found !== null; found = opening.exec(text)) {
    const start = found.index
    if (found[1] === '\\') {
      kept.push(start)
      continue
    }
    const line = lineAt(start)
    const close = text.indexOf('}}', opening.lastIndex)
    if (close < 0) throw mistake(line, 'opens {{ coffer, and nothing closes it')
    const words = Buffer.from(text.slice(opening.lastIndex, close), 'latin1')
    slots.push({ ...slotOf(words, line), line, start, end: close + 2 })
    opening.lastIndex = close + 2
  }
  return { bytes, slots, kept }
}

/** Line numbers of places that come in order: a template may hold as many as it has room for. */
function lineCounter(text: string): (at: number) => number {
  let line = 1
  let next = text.indexOf('\n')
  return (at) => {
    for (; next >= 0 && next < at; next = text.indexOf('\n', next + 1)) line++
    return line
  }
}

function slotOf(bytes: Buffer, line: number): Pick<Slot, 'reference' | 'form'> {
  const text = fromUtf8(bytes)
  if (text === undefined || /[\r\n]/.test(text))
    throw mistake(line, 'has a reference that is not one line of UTF-8')
  const bar = text.lastIndexOf('|')
  const named = (bar < 0 ? text : text.slice(0, bar)).trim()
  const reference = named.startsWith('coffer://') ? named : named.slice('coffer'.length).trim()
  if (reference === '') throw mistake(line, 'has {{ coffer }} without a name')
  return { reference, form: bar < 0 ? undefined : formOf(text.slice(bar + 1).trim(), line) }
}

function formOf(word: string, line: number): Form {
  if (word === 'base64' || word === 'hex') return word
  if (isTextForm(word)) return word
  throw mistake(
    line,
    `has the form '${displayText(word.slice(0, 20))}': there are ${FORM_NAMES.join(', ')}`,
  )
}

function isTextForm(word: string): word is keyof typeof FORMS {
  return Object.hasOwn(FORMS, word)
}

function mistake(line: number, why: string): CofferError {
  return new CofferError('format', `line ${line} of the template ${why}`, {
    reason: 'bad-template',
    next: 'write {{ coffer NAME }} or {{ coffer NAME | json }}; \\{{ keeps the braces',
  })
}

/**
 * The template with its values. @param valueOf the bytes of a reference
 * @throws CofferError `format` (reason `not-text`) for a form that needs text; `limit` (reason `too-large`) when values that
 * stand there again and again make it larger than any file of the kind
 */
export function fillTemplate(
  { bytes, slots, kept }: Template,
  valueOf: (reference: string) => Buffer,
): Buffer {
  let size = bytes.length
  const fill = ({ start, end, ...slot }: Slot): { start: number; end: number; put: Buffer } => {
    const put = written(slot, valueOf(slot.reference))
    size += put.length
    if (size > LIMITS.filled) throw tooLarge(slot.line)
    return { start, end, put }
  }
  const cuts = [
    ...slots.map(fill),
    ...kept.map((start) => ({ start, end: start + 1, put: Buffer.alloc(0) })),
  ].toSorted((a, b) => a.start - b.start)
  const out: Buffer[] = []
  let at = 0
  for (const { start, end, put } of cuts) {
    out.push(bytes.subarray(at, start), put)
    at = end
  }
  return Buffer.concat([...out, bytes.subarray(at)])
}

function tooLarge(line: number): CofferError {
  const message = `line ${line} of the template: with its values it has more than ${LIMITS.filled} bytes`
  return new CofferError('limit', message, { reason: 'too-large', next: 'split it' })
}

function written({ reference, form, line }: Omit<Slot, 'start' | 'end'>, value: Buffer): Buffer {
  if (form === undefined) return value
  if (form === 'base64' || form === 'hex') return Buffer.from(value.toString(form))
  const text = fromUtf8(value)
  const nul = form === 'shell' && text?.includes('\0') === true
  if (text !== undefined && !nul) return Buffer.from(FORMS[form](text))
  const why = nul ? 'holds a NUL' : 'is not UTF-8 text'
  throw new CofferError(
    'format',
    `the value of ${displayText(reference)}, for line ${line}, ${why}`,
    {
      reason: 'not-text',
      next: 'write it as | base64 or | hex',
    },
  )
}
