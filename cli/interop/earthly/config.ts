import { isMap, isScalar, parseDocument, stringify, type Document } from 'yaml'
import { CofferError } from '../../../shared/errors.js'
import { parseDocuments } from '../yaml-package.js'

// Earthly's configuration: one value in somebody's own YAML, everything else as it stands, byte for byte where it can be.

/** Far more than any configuration nests. */
const DEPTH = 64
const MARK = 'coffer earthly provider'

export type ProviderFlags = {
  readonly override: boolean
  readonly optional: readonly string[]
  readonly allow: readonly string[]
  readonly legacyProject: string | undefined
}

/** What Earthly shall run for each secret; it puts the name behind. */
export function providerCommand({
  override,
  optional,
  allow,
  legacyProject,
}: ProviderFlags): string {
  const words = [
    MARK,
    ...(allow.length > 0 ? ['--allow', quoted(allow.join(','))] : []),
    ...(override ? ['--override'] : []),
    ...(optional.length > 0 ? ['--optional', quoted(optional.join(','))] : []),
    ...(legacyProject === undefined ? [] : ['--legacy-project', quoted(legacyProject)]),
  ]
  return words.join(' ')
}

function quoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * A configuration's text with that command as `global.secret_provider`.
 * @param force takes the place of another provider, too
 * @throws CofferError `format` for what is no such YAML; `exists` (reason `other-provider`) for another provider
 */
export function withProvider(text: string, command: string, force: boolean): string {
  const document = parsed(text)
  const before: unknown = document.toJS({ maxAliasCount: 100 })
  const current = document.getIn(['global', 'secret_provider'])
  if (current === command) return text
  const isUnset = current === undefined || current === null || current === ''
  const isOurs = typeof current === 'string' && current.startsWith(MARK)
  if (!isUnset && !isOurs && !force) throw otherProvider()
  const wanted = settingOf(before, command)
  for (const make of [spliced, rewritten]) {
    const made = make(text, command)
    if (made !== undefined && sameAs(made, wanted)) return made
  }
  throw refuse('has no place for global.secret_provider')
}

function parsed(text: string): Document.Parsed {
  const documents = parseDocuments(text, { uniqueKeys: true }, DEPTH)
  if (documents === undefined) throw refuse('nests too deep')
  const [document = parseDocument(text), ...more] = documents
  if (more.length > 0 || document.errors.length > 0) throw refuse('is not valid YAML')
  const { contents } = document
  const isEmpty = contents === null || (isScalar(contents) && contents.value === null)
  if (!isEmpty && !isMap(contents)) throw refuse('is no map of settings')
  const global: unknown = isMap(contents) ? contents.get('global', true) : undefined
  const unset =
    global === undefined || global === null || (isScalar(global) && global.value === null)
  if (!unset && !isMap(global)) throw refuse('has a global that is no map of settings')
  return document
}

/** What the configuration shall say in the end. */
function settingOf(before: unknown, command: string): unknown {
  const all = typeof before === 'object' && before !== null ? before : {}
  const global: unknown = 'global' in all ? all.global : undefined
  const settings = typeof global === 'object' && global !== null ? global : {}
  return { ...all, global: { ...settings, secret_provider: command } }
}

/** Nothing but the setting changed; undefined where it has no line of its own. */
function spliced(text: string, command: string): string | undefined {
  const { contents } = parsed(text)
  const scalar = stringify(command, { lineWidth: 0 }).trimEnd()
  const global: unknown = isMap(contents) ? contents.get('global', true) : undefined
  if (global === undefined) {
    const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
    return `${start}global:\n  secret_provider: ${scalar}\n`
  }
  const line = `\n  secret_provider: ${scalar}`
  if (isScalar(global)) return insertAt(text, global.range?.[0], line)
  if (!isMap(global) || global.flow === true) return undefined
  const value: unknown = global.get('secret_provider', true)
  if (isScalar(value)) {
    const [from, to] = value.range ?? [0, 0]
    return to === 0
      ? undefined
      : `${text.slice(0, from)}${from === to ? ' ' : ''}${scalar}${text.slice(to)}`
  }
  const key: unknown = global.items[0]?.key
  const at = isScalar(key) ? key.range?.[0] : undefined
  if (at === undefined) return undefined
  const indent = text.slice(text.lastIndexOf('\n', at - 1) + 1, at)
  return `${text.slice(0, at)}secret_provider: ${scalar}\n${indent}${text.slice(at)}`
}

function insertAt(text: string, at: number | undefined, more: string): string | undefined {
  if (at === undefined) return undefined
  // A comment there stays one.
  const gap = text.charAt(at) === '#' ? ' ' : ''
  return text.slice(0, at) + more + gap + text.slice(at)
}

/** The same by writing the document anew: comments stay, blanks may not. */
function rewritten(text: string, command: string): string {
  const document = parsed(text)
  if (document.getIn(['global']) === null) document.deleteIn(['global'])
  document.setIn(['global', 'secret_provider'], command)
  return document.toString({ lineWidth: 0 })
}

function sameAs(text: string, wanted: unknown): boolean {
  try {
    return canonical(parsed(text).toJS({ maxAliasCount: 100 })) === canonical(wanted)
  } catch {
    return false
  }
}

/** A value's text that doesn't depend on the order of settings. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}

function refuse(what: string): CofferError {
  return new CofferError('format', `Earthly's configuration ${what}`, {
    reason: 'earthly-config',
    next: 'correct it; nothing was changed',
  })
}

function otherProvider(): CofferError {
  return new CofferError('exists', 'Earthly has another secret provider already', {
    reason: 'other-provider',
    next: 'say --force to take its place; coffer earthly provider --help tells how to ask both',
  })
}
