import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { base64, isObject, isWellFormed } from '../../shared/protocol/schema.js'
import { LIMITS } from '../../shared/limits.js'
import { parseDotenv } from './dotenv.js'
import { parseSecretFile } from './earthly/secret-reader.js'
import { readEnvFile } from './env-file.js'
import { readSecretsFile } from './fluvio/secrets-file.js'
import { readKubernetes } from './kubernetes.js'
import { readYaml } from './yaml.js'

// Files of many secrets, as the items of one transaction.

export type Item = { readonly name: string; readonly value: string }
export const FORMATS = ['dotenv', 'json', 'yaml', 'docker', 'k8s', 'earthly', 'fluvio'] as const
export type Format = (typeof FORMATS)[number]

/** The format that a flag names. @throws CofferError `usage`. */
export function checkFormat(option: string, typed: string): Format {
  const format = FORMATS.find((one) => one === typed)
  if (format !== undefined) return format
  const pass = option === '--from' ? ', pass' : ''
  throw new CofferError('usage', `${option} takes one of ${FORMATS.join(', ')}${pass}`, {
    reason: 'bad-format',
  })
}

/**
 * The secrets in a file, values as base64. Without a format the file's name tells it, or a first `{`; else it is dotenv.
 * @throws CofferError `format` naming line or secret, never a value
 */
export async function parseAssignments(
  bytes: Uint8Array,
  file: string,
  format: Format = guessed(file, bytes),
): Promise<readonly Item[]> {
  const items = once(await READERS[format](textOf(bytes)))
  for (const { name } of items) refuseReference(name)
  return items
}

/** The same for a list of whole paths (`/org/path/NAME`), as which they are the caller's to place. */
export async function parseListing(bytes: Uint8Array, file: string): Promise<readonly Item[]> {
  const format = guessed(file, bytes)
  const content = textOf(bytes)
  // No name in a .secret can be a path.
  return once(
    format === 'dotenv' || format === 'earthly'
      ? parseDotenv(content, true).map(encode)
      : await READERS[format](content),
  )
}

function textOf(bytes: Uint8Array): string {
  const content = fromUtf8(bytes)
  if (content !== undefined) return content
  throw new CofferError('format', 'the file is not UTF-8', {
    reason: 'not-utf8',
    next: 'save it as UTF-8',
  })
}

function once(items: readonly Item[]): readonly Item[] {
  const seen = new Set<string>()
  for (const { name } of items) {
    if (seen.has(name)) throw twice(name)
    seen.add(name)
  }
  return items
}

type Read = (content: string) => readonly Item[] | Promise<readonly Item[]>

const READERS: { readonly [F in Format]: Read } = {
  dotenv: (content) => parseDotenv(content).map(encode),
  json: parseJson,
  docker: (content) => readEnvFile(content).map(encode),
  yaml: async (content) => (await readYaml(content)).map(encodeBytes),
  k8s: async (content) => (await readKubernetes(content)).map(encodeBytes),
  earthly: (content) => parseSecretFile(content).map(encode),
  fluvio: (content) => readSecretsFile(content).map(encode),
}

function guessed(file: string, bytes: Uint8Array): Format {
  if (/\.ya?ml$/i.test(file)) return 'yaml'
  if (file.endsWith('.json')) return 'json'
  if (/(^|\/)\.secret$/.test(file)) return 'earthly'
  return /^\ufeff?\s*\{/.test(Buffer.from(bytes.subarray(0, 4096)).toString()) ? 'json' : 'dotenv'
}

function encode({ name, value }: { readonly name: string; readonly value: string }): Item {
  return { name, value: Buffer.from(value).toString('base64') }
}

function encodeBytes({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }): Item {
  return { name, value: Buffer.from(bytes).toString('base64') }
}

function twice(name: string): CofferError {
  return new CofferError('format', `${shown(name)} stands twice in the file`, {
    reason: 'duplicate',
    next: 'take one of them out; nothing was stored',
  })
}

/**
 * A file tells names, not places: one that somebody sent must not write among one's own secrets.
 * @throws CofferError `format` (`reference-in-file`)
 */
export function refuseReference(name: string): void {
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
