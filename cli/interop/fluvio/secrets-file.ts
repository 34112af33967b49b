import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../../shared/bytes.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { isTrimmed, trimmed } from './names.js'

// A connector's two ways to secrets. The file: lines `K=V`, cut at the first `=`, both sides trimmed, the first line of a
// name counts; no quotes, no comments. The variables: read as they are, where there is no --secrets.

type Named = { readonly name: string; readonly bytes: Uint8Array }

/** What Linux takes for one `NAME=VALUE` with its NUL. */
const VARIABLE_MAX = 128 * 1024

/** Why the file can't hold a secret so that the connector reads the same; undefined when it can. */
export function fileProblem({ name, bytes }: Named): string | undefined {
  if (name === '' || isTrimmed(name) || /[=\n]/.test(name))
    return 'has a name that no line can hold'
  const text = fromUtf8(bytes)
  if (text === undefined) return 'is not UTF-8 text'
  if (text.includes('\n')) return 'has more than one line'
  if (isTrimmed(text)) return 'begins or ends with a blank'
  return undefined
}

/** Why no variable can hold a secret so that the connector reads the same; undefined when one can. */
export function variableProblem({ name, bytes }: Named): string | undefined {
  if (name === '' || /[=\0]/.test(name)) return 'has a name that no variable can have'
  if (fromUtf8(bytes) === undefined) return 'is not UTF-8 text'
  if (bytes.includes(0)) return 'holds a NUL byte'
  if (Buffer.byteLength(name) + bytes.length + 2 > VARIABLE_MAX) return 'has 128 KiB or more'
  return undefined
}

/**
 * The secrets file, from which a connector reads exactly these values.
 * @throws CofferError `format` (reason `not-a-line`) by name for what it can't hold; `usage` for a name given twice
 */
export function writeSecretsFile(secrets: readonly Named[]): string {
  const seen = new Set<string>()
  const lines = secrets.map((one) => {
    const problem = fileProblem(one)
    if (problem !== undefined) {
      throw new CofferError(
        'format',
        `a secrets file of Fluvio can't hold ${displayText(one.name)}: it ${problem}`,
        { reason: 'not-a-line', next: 'leave it out, or store it in a form that fits one line' },
      )
    }
    if (seen.has(one.name)) {
      throw new CofferError('usage', `${displayText(one.name)} is named twice`, {
        reason: 'same-name',
        next: 'a connector reads the first line of a name: name each once',
      })
    }
    seen.add(one.name)
    return `${one.name}=${fromUtf8(one.bytes) ?? ''}\n`
  })
  return lines.join('')
}

/**
 * The names and values that a connector reads from such a file. Lines that begin with `#` are for people: no name that a
 * connector asks for begins so.
 * @throws CofferError `format` naming the line, never a value: no `NAME=VALUE` (`no-assignment`, `names-only`), or one that
 * no connector would read, being the second of its name (`duplicate`)
 */
export function readSecretsFile(content: string): { name: string; value: string }[] {
  const seen = new Set<string>()
  return content.split('\n').flatMap((read, i) => {
    const line = read.replace(/\r$/, '')
    const at = line.indexOf('=')
    const name = trimmed(line.slice(0, Math.max(0, at)))
    if (trimmed(line) === '' || line.startsWith('#')) return []
    if (name === '') throw noLine(i + 1, content)
    if (seen.has(name)) {
      throw new CofferError('format', `line ${i + 1}: sets a name again`, {
        reason: 'duplicate',
        next: 'a connector reads the first one only: take one out; nothing was stored',
      })
    }
    seen.add(name)
    return [{ name, value: trimmed(line.slice(at + 1)) }]
  })
}

function noLine(line: number, content: string): CofferError {
  const isListing = /^\s*(SecretNames|Secret Name|Name)\s+Last ?Update/i.test(content)
  return new CofferError('format', `line ${line}: is no NAME=VALUE`, {
    reason: isListing ? 'names-only' : 'no-assignment',
    next: isListing
      ? 'a listing of Fluvio holds names only, and it gives no value back: set them from where you have them'
      : 'correct it; nothing was stored',
  })
}
