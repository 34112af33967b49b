import { Buffer } from 'node:buffer'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { isObject } from '../../shared/protocol/schema.js'
import type { Named } from './named.js'
import { readDocument, yamlQuoted } from './yaml.js'

// A Secret of Kubernetes: values in base64, so it holds any bytes; names as its API takes them.

/** All values of one Secret together (MaxSecretSize). */
const SECRET_MAX = 1024 * 1024

export type KubernetesNames = { readonly name: string; readonly namespace?: string | undefined }

/**
 * The manifest of one Secret of these names.
 * @throws CofferError `usage` (reason `bad-name`); `format`, `limit` (reason `not-in-format`) by name
 */
export function writeKubernetes(
  secrets: readonly Named[],
  { name, namespace }: KubernetesNames,
): string {
  checkObjectName('--name', name, 253)
  if (namespace !== undefined) checkObjectName('--namespace', namespace, 63)
  const size = secrets.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (size > SECRET_MAX) {
    throw new CofferError('limit', 'a Secret of Kubernetes holds at most 1 MiB', {
      reason: 'not-in-format',
      next: 'name some of them',
    })
  }
  const lines = [
    'apiVersion: v1',
    'kind: Secret',
    'metadata:',
    `  name: ${yamlQuoted(name)}`,
    ...(namespace === undefined ? [] : [`  namespace: ${yamlQuoted(namespace)}`]),
    'type: Opaque',
    secrets.length === 0 ? 'data: {}' : 'data:',
    ...secrets.map(
      (one) => `  ${yamlQuoted(keyOf(one))}: ${yamlQuoted(one.bytes.toString('base64'))}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function keyOf({ name }: Named): string {
  if (/^[A-Za-z0-9._-]{1,253}$/.test(name) && name !== '.' && !name.startsWith('..')) return name
  throw new CofferError(
    'format',
    `a Secret of Kubernetes can't hold the name ${displayText(name)}`,
    {
      reason: 'not-in-format',
      next: 'its names have letters, digits, -, _ and . only: name those that you need',
    },
  )
}

function checkObjectName(option: string, name: string, longest: number): void {
  const label = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/
  if (name.length <= longest && label.test(name) && !/\.\.|\.-|-\./.test(name)) return
  throw new CofferError(
    'usage',
    `${option} takes a name of Kubernetes: small letters, digits, dots and dashes`,
    {
      reason: 'bad-name',
      next: `as in ${option} app-secrets`,
    },
  )
}

/**
 * Names and bytes of a Secret's manifest: `data` and `stringData`, of which the latter wins, as in Kubernetes.
 * @throws CofferError `format` naming the secret, never a value
 */
export async function readKubernetes(
  content: string,
): Promise<{ name: string; bytes: Uint8Array }[]> {
  const manifest = await readDocument(content)
  if (!isObject(manifest) || manifest['kind'] !== 'Secret') {
    throw refuse('the file is no manifest of a Secret', 'not-a-secret')
  }
  const all = new Map<string, Uint8Array>()
  for (const [name, value] of entries(manifest['data'])) all.set(name, fromBase64(name, value))
  for (const [name, value] of entries(manifest['stringData'])) {
    if (typeof value !== 'string') throw notText(name)
    all.set(name, Buffer.from(value))
  }
  return [...all].map(([name, bytes]) => ({ name, bytes }))
}

function entries(map: unknown): [string, unknown][] {
  if (map === undefined || map === null) return []
  if (isObject(map)) return Object.entries(map)
  throw refuse('data and stringData are no maps', 'not-a-secret')
}

function fromBase64(name: string, value: unknown): Uint8Array {
  if (typeof value !== 'string') throw notText(name)
  // Manifests wrap long values.
  const text = value.replace(/[\r\n ]/g, '')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') === text) return bytes
  throw refuse(`the value of '${displayText(name.slice(0, 80))}' is no base64`, 'not-base64')
}

function notText(name: string): CofferError {
  return refuse(`the value of '${displayText(name.slice(0, 80))}' is no text`, 'not-text')
}

function refuse(why: string, reason: string): CofferError {
  return new CofferError('format', why, { reason, next: 'correct it; nothing was stored' })
}
