import { Buffer } from 'node:buffer'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { systemWords } from '../../shared/system-error.js'
import { isFolder } from '../builds/earthfiles.js'
import { parseListing, type Item } from '../interop/assignments.js'
import { readMany } from './read-many.js'
import type { Session } from '../session.js'
import { readInputFile, readPath } from './values.js'

// What is to be moved into a project: all that an org of Earthly's had, from an org here, a file, or a folder of files.

export type Source = {
  /** Names below the source org, values as base64. */
  readonly items: readonly Item[]
  /** Paths that aren't the source's: one's own, other orgs'. */
  readonly others: number
  /** References that only runners open. */
  readonly sealed: readonly string[]
}

/**
 * Everything of an org here: a secret `NAME` of its project `PROJECT` is `PROJECT/NAME`.
 * @param except a project that is left out: where it all goes
 * @throws CofferError what listing and reading throw
 */
export async function fromOrg(
  session: Session,
  org: string,
  except: string | undefined,
): Promise<Source> {
  const context = { cwd: session.context.cwd, env: {}, org }
  const { projects } = await session.call('projectList', { context })
  const items: Item[] = []
  const sealed: string[] = []
  for (const { name: project } of projects.filter(({ name }) => name !== except)) {
    const read = await readMany(session, {}, { ...context, project })
    sealed.push(...read.sealed)
    for (const { name, bytes } of read.secrets) {
      items.push({ name: `${project}/${name}`, value: bytes.toString('base64') })
    }
  }
  return { items, others: 0, sealed }
}

/**
 * What a file (`-` for stdin) of `/ORG/path=value` or JSON, or a folder with files at ORG/path, has of the org.
 * @throws CofferError `usage`, `format`, `limit`, `storage`
 */
export async function fromListing(session: Session, typed: string, org: string): Promise<Source> {
  const path = session.path(typed)
  const all =
    typed !== '-' && isFolder(path)
      ? readTree(path)
      : await parseListing(await readInputFile(session, typed, LIMITS.transaction), typed)
  const items = all.flatMap(({ name, value }) => {
    const full = name.replace(/^\//, '')
    return full.startsWith(`${org}/`) ? [{ name: full.slice(org.length + 1), value }] : []
  })
  return { items, others: all.length - items.length, sealed: [] }
}

/** Every file of a folder by its path within. @throws CofferError `format` for what is no file, `limit` */
function readTree(root: string): Item[] {
  const items: Item[] = []
  let size = 0
  const waiting = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(join(root, folder))) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) {
        waiting.push(name)
        continue
      }
      if (!entry.isFile()) throw notFile(name)
      const bytes = readPath(join(root, name), LIMITS.value)
      if (bytes.length > LIMITS.value) throw tooLarge(name)
      size += bytes.length
      if (size > LIMITS.transaction || items.length >= LIMITS.items) throw tooMuch()
      items.push({ name, value: Buffer.from(bytes).toString('base64') })
    }
  }
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function entriesOf(path: string): ReturnType<typeof readFolder> {
  try {
    return readFolder(path)
  } catch (error) {
    throw new CofferError('usage', `can't read ${displayText(path)}: ${systemWords(error)}`, {
      reason: 'unreadable',
      next: 'name a folder that you may read',
      cause: error,
    })
  }
}

const readFolder = (path: string) => readdirSync(path, { withFileTypes: true })

function notFile(name: string): CofferError {
  return new CofferError('format', `${displayText(name)} is no regular file`, {
    reason: 'not-a-file',
    next: 'take it out; nothing was stored',
  })
}

function tooLarge(name: string): CofferError {
  return new CofferError('limit', `${displayText(name)} has more than ${LIMITS.value} bytes`, {
    reason: 'too-large',
    next: 'take it out; nothing was stored',
  })
}

function tooMuch(): CofferError {
  return new CofferError(
    'limit',
    `one transaction takes at most ${LIMITS.items} secrets and ${LIMITS.transaction} bytes`,
    { reason: 'too-many', next: 'migrate it in parts' },
  )
}
