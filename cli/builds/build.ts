import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { builtin } from '../builtin.js'
import type { BuildLine } from '../interop/buildkit/command-line.js'
import { secretMounts, type SecretMount } from '../interop/buildkit/containerfile.js'
import type { ReadSecret } from '../files/read-many.js'
import type { Session } from '../session.js'
import { readPath } from '../files/values.js'

// What a build is to be given: which ids its Containerfiles mount, and which secrets those are.

/** BuildKit takes no larger secret. */
const SECRET_MAX = 500 * 1024

/** One secret of a build: the id that it is asked for by, and the reference that it is. */
export type Wanted = { readonly id: string; readonly reference: string }
/** A mount and the file it stands in. */
export type FoundMount = SecretMount & { readonly file: string }

/**
 * The mounts of the Containerfiles that a build will read, or undefined where there is none that can be read.
 * @param named files that the caller names for coffer, instead of the builder's own
 * @throws CofferError `usage`, `storage`, `limit`, `format` for a file that can't be read
 */
export function mountsOf(
  session: Session,
  line: BuildLine,
  named: readonly string[],
): FoundMount[] | undefined {
  const files = named.length > 0 ? named.map((file) => session.path(file)) : filesOf(session, line)
  return files?.flatMap((file) => secretMounts(textOf(file)).map((mount) => ({ ...mount, file })))
}

function textOf(file: string): string {
  const bytes = readPath(file, LIMITS.buildFile)
  if (bytes.length > LIMITS.buildFile) {
    throw new CofferError('limit', `${displayText(file)} is no Containerfile: it is too long`, {
      reason: 'too-large',
      next: 'name the file: coffer build --containerfile FILE',
    })
  }
  const text = fromUtf8(bytes)
  if (text !== undefined) return text
  throw new CofferError('format', `${displayText(file)} is not UTF-8`, {
    reason: 'not-utf8',
    next: 'save it as UTF-8',
  })
}

function filesOf(session: Session, { files, contexts, defaults }: BuildLine): string[] | undefined {
  const folders = contexts.map((word) => session.path(word)).filter(isFolder)
  if (files.includes('-')) return undefined
  if (files.length > 0) {
    // As the builders do: from here, else from the context.
    return files.map((file) => {
      const places = [session.path(file), ...folders.map((folder) => join(folder, file))]
      return places.find(isFile) ?? session.path(file)
    })
  }
  for (const folder of folders.length > 0 ? folders : [session.path('.')]) {
    const found = defaults.map((name) => join(folder, name)).find(isFile)
    if (found !== undefined) return [found]
  }
  return undefined
}

const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
const isFile = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true

/**
 * Which secrets a build gets: what its files mount, under the references that the caller gives for some, and what the
 * caller names beside.
 * @param given `ID` or `ID=REFERENCE`
 * @param taken ids that the builder's own command line gives
 * @throws CofferError `usage` (reasons `no-mounts`, `unresolved-id`, `reference-in-file`)
 */
export function wantedBy(
  mounts: readonly FoundMount[] | undefined,
  given: readonly string[],
  taken: readonly string[],
): Wanted[] {
  const wanted = new Map<string, string>()
  for (const one of given) {
    const equals = one.indexOf('=')
    const id = equals < 0 ? one : one.slice(0, equals)
    wanted.set(id, equals < 0 ? one : one.slice(equals + 1))
  }
  if (mounts === undefined && given.length === 0) throw noMounts()
  for (const mount of mounts ?? []) {
    if (wanted.has(mount.id) || taken.includes(mount.id)) continue
    if (mount.unresolved && given.length > 0) continue
    if (mount.unresolved) throw unresolved(mount)
    refuseReference(mount)
    wanted.set(mount.id, mount.id)
  }
  for (const id of wanted.keys()) checkId(id)
  return [...wanted].map(([id, reference]) => ({ id, reference }))
}

// The builder reads its option as fields between commas.
function checkId(id: string): void {
  if (id !== '' && !/[,"\n]/.test(id)) return
  throw new CofferError('usage', `'${displayText(id)}' can't be the id of a secret`, {
    reason: 'bad-id',
    next: 'write --secret ID or --secret ID=NAME',
  })
}

function noMounts(): CofferError {
  return new CofferError('usage', 'there is no Containerfile here that coffer can read', {
    reason: 'no-mounts',
    next: 'name it with --containerfile FILE, or name the secrets with --secret NAME',
  })
}

function unresolved({ id, file, line }: FoundMount): CofferError {
  const place = `${displayText(file)}:${line}`
  return new CofferError(
    'usage',
    `${place}: only the build knows which secret ${displayText(id)} is`,
    {
      reason: 'unresolved-id',
      next: 'name those that it may be with --secret NAME',
    },
  )
}

// A Containerfile tells names, not places: one that somebody sent must not reach into other vaults.
function refuseReference({ id, file, line }: FoundMount): void {
  if (!/^(\/|coffer:|user\/)/i.test(id)) return
  const place = `${displayText(file)}:${line}`
  throw new CofferError(
    'usage',
    `${place}: '${displayText(id)}' names a place, not only a secret`,
    {
      reason: 'reference-in-file',
      next: `say that it is meant: --secret ${displayText(id)}=REFERENCE`,
    },
  )
}

/** @throws CofferError `limit` (reason `too-large`) by name */
export function checkSizes(
  secrets: readonly { readonly id: string; readonly secret: ReadSecret }[],
): void {
  const large = secrets.filter(({ secret }) => secret.bytes.length > SECRET_MAX)
  if (large.length === 0) return
  const ids = large.map(({ id }) => displayText(id)).join(', ')
  throw new CofferError('limit', `builders take secrets of at most ${SECRET_MAX} bytes: ${ids}`, {
    reason: 'too-large',
    next: 'nothing was built; store a smaller value',
  })
}

/**
 * What changes when one of the secrets is written anew, and tells nothing of their values: a hash of the ids of their
 * versions, which are hashes of ciphertexts. A hash of the values would let whoever sees the image guess at them.
 */
export function digestOf(
  secrets: readonly { readonly id: string; readonly secret: ReadSecret }[],
): string {
  const lines = secrets.map(({ id, secret }) => `${id}\0${secret.version.id}\n`).toSorted()
  return builtin('node:crypto')
    .createHash('sha256')
    .update(lines.join(''))
    .digest('hex')
    .slice(0, 32)
}
