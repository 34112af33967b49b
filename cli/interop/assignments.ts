import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { base64, isObject, isWellFormed } from '../../shared/protocol/schema.js'
import { LIMITS } from '../../shared/limits.js'
import { parseDotenv } from './dotenv.js'

// Files of many secrets, as the items of one transaction.

export type Item = { readonly name: string; readonly value: string }
export const FORMATS = ['dotenv', 'json'] as const
export type Format = (typeof FORMATS)[number]

/** The format that a flag names. @throws CofferError `usage`. */
export function checkFormat(option: string, typed: string): Format {
  const format = FORMATS.find((one) => one === typed)
  if (format !== undefined) return format
  throw new CofferError('usage', `${option} takes ${FORMATS.join(' or ')}`, {
    reason: 'bad-format',
  })
}

/**
 * The secrets in a file, values as base64: JSON when the name or the first character says so, else dotenv.
 * @throws CofferError `format` naming line or secret, never a value
 */
export function parseAssignments(bytes: Uint8Array, file: string, format?: Format): Item[] {
  const content = fromUtf8(bytes)
  if (content === undefined) {
    throw new CofferError('format', 'the file is not UTF-8', {
      reason: 'not-utf8',
      next: 'save it as UTF-8',
    })
  }
  const json = format === 'json' || (format === undefined && looksLikeJson(file, content))
  const items = json ? parseJson(content) : parseDotenv(content).map(encode)
  for (const { name } of items) refuseReference(name)
  return items
}

function encode({ name, value }: { readonly name: string; readonly value: string }): Item {
  return { name, value: Buffer.from(value).toString('base64') }
}

function looksLikeJson(file: string, content: string): boolean {
  return file.endsWith('.json') || content.trimStart().startsWith('{')
}

// A file tells names, not places: one that somebody sent must not write among one's own secrets.
function refuseReference(name: string): void {
  if (!/^(\/|coffer:|user\/)/i.test(name)) return
  throw new CofferError(
    'format',
    `'${displayText(name.slice(0, 80))}' is a reference, not a name`,
    {
      reason: 'reference-in-file',
      next: 'choose the place with --org and --project',
    },
  )
}

function parseJson(content: string): Item[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(content.replace(/^\ufeff/, ''))
  } catch {
    throw new CofferError('format', 'the file is not JSON', {
      reason: 'not-json',
      next: 'correct it; nothing was stored',
    })
  }
  if (!isObject(parsed)) {
    throw new CofferError('format', 'the file is no JSON object of names and values', {
      reason: 'not-an-object',
      next: 'write {"NAME": "value"}',
    })
  }
  return Object.entries(parsed).map(([name, value]) => jsonItem(name, value))
}

function jsonItem(name: string, value: unknown): Item {
  if (typeof value === 'string' && !isWellFormed(value)) {
    throw new CofferError('format', `the value of ${shown(name)} is not well-formed Unicode`, {
      reason: 'not-unicode',
      next: 'write bytes as {"base64": …}',
    })
  }
  if (typeof value === 'string') return encode({ name, value })
  if (isObject(value) && Object.keys(value).length === 1 && 'base64' in value) {
    return {
      name,
      value: base64(LIMITS.value).check(value['base64'], `the base64 of ${shown(name)}`),
    }
  }
  throw new CofferError('format', `the value of ${shown(name)} is neither text nor {"base64": …}`, {
    reason: 'not-text',
    next: 'put numbers and words into quotes',
  })
}

function shown(name: string): string {
  return `'${displayText(name.slice(0, 80))}'`
}
