import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { isObject } from '../../shared/protocol/schema.js'
import type { Named } from './named.js'

// YAML as a flat map of names and texts. Written with every name and text in double quotes, which YAML 1.1 and 1.2 read
// alike; read by the same strictness: `no`, `1e3` and `2026-01-01` mean different things to different readers, so what is
// no text is refused, not guessed at.

/** Characters that YAML wants escaped, or that some readers take for line ends. */
const ESCAPED = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g

/** The text in double quotes, for any reader of YAML; it is JSON, too. */
export function yamlQuoted(text: string): string {
  return JSON.stringify(text).replace(
    ESCAPED,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** One `"name": "text"` a line; bytes that are no UTF-8 as `!!binary`. */
export function writeYaml(secrets: readonly Named[]): string {
  const lines = secrets.map(({ name, bytes }) => {
    const text = fromUtf8(bytes)
    const value = text === undefined ? `!!binary "${bytes.toString('base64')}"` : yamlQuoted(text)
    return `${yamlQuoted(name)}: ${value}\n`
  })
  return lines.length === 0 ? '{}\n' : lines.join('')
}

/**
 * Names and bytes of a YAML file: one document, a map of texts and `!!binary`.
 * @throws CofferError `format` naming the secret, never a value
 */
export async function readYaml(content: string): Promise<{ name: string; bytes: Uint8Array }[]> {
  const value = await readDocument(content)
  if (!isObject(value)) throw refuse('the file is no map of names and texts', 'not-an-object')
  return Object.entries(value).map(([name, one]) => ({ name, bytes: bytesOf(name, one) }))
}

/** Far more than any file of secrets nests. */
const DEPTH = 64

/**
 * What one document of YAML holds, without aliases or tags but `!!binary`. Maps come as objects without a prototype.
 * @throws CofferError `format` (reasons `not-yaml`, `too-deep`)
 */
export async function readDocument(content: string): Promise<unknown> {
  const { parseDocuments } = await import('./yaml-package.js')
  const options = {
    schema: 'core',
    customTags: ['binary' as const],
    uniqueKeys: true,
    stringKeys: true,
  }
  const documents = parseDocuments(content, options, DEPTH)
  if (documents === undefined) throw refuse('the file nests too deep', 'too-deep')
  const [document, ...more] = documents
  if (document === undefined || more.length > 0) {
    throw refuse('the file is not one document of YAML', 'not-yaml')
  }
  if (document.errors.length > 0 || document.warnings.length > 0) {
    throw refuse('the file is not valid YAML', 'not-yaml')
  }
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch {
    throw refuse('the file uses YAML aliases', 'not-yaml')
  }
}

function bytesOf(name: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return Buffer.from(value)
  throw refuse(`the value of '${displayText(name.slice(0, 80))}' is no text`, 'not-text')
}

function refuse(why: string, reason: string): CofferError {
  const next =
    reason === 'not-text' ? 'put numbers and words into quotes' : 'correct it; nothing was stored'
  return new CofferError('format', why, { reason, next })
}
