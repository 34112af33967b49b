import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { chmod, link, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fromHex, toHex } from '../shared/bytes.js'
import { signKeyPair } from '../shared/crypto/sign.js'
import { CofferError } from '../shared/errors.js'
import { idOf } from '../shared/ids.js'
import { makeFolder } from '../shared/make-folder.js'
import { systemCode, systemWords } from '../shared/system-error.js'
import type { RelayIdentity } from './core/authenticate.js'

/** The relay's key file: one line, the seed of its Ed25519 key in hex behind this word. */
const KEY_FILE = 'relay.key'
const KEY_WORD = 'coffer-relay-key-1'

function storage(reason: string, what: string, next?: string, cause?: unknown): CofferError {
  return new CofferError('storage', what, {
    reason,
    ...(next === undefined ? {} : { next }),
    cause,
  })
}

/**
 * Makes the data folder (0700), or checks that it is a folder of ours and closes it to others.
 * @throws CofferError `storage` (reasons `owner`, `not-a-folder`, `unavailable`)
 */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    makeFolder(resolve(folder), {
      make: (path) => mkdirSync(path, { mode: 0o700 }),
      parentOf: dirname,
    })
    const found = await stat(folder)
    if (!found.isDirectory()) throw storage('not-a-folder', `${folder} is not a folder`)
    checkOwner(found.uid, folder)
    if ((found.mode & 0o077) !== 0) await chmod(folder, 0o700)
  } catch (error) {
    if (error instanceof CofferError) throw error
    const why = systemWords(error)
    throw storage(
      'unavailable',
      `the data folder ${folder} can't be used: ${why}`,
      undefined,
      error,
    )
  }
}

function checkOwner(uid: number, path: string): void {
  const own = process.getuid?.()
  if (own !== undefined && uid !== own) {
    throw storage('owner', `${path} belongs to another user`, 'run the relay as its owner')
  }
}

/**
 * The relay's key from the data folder; made at the first start. Nobody else starts on the folder meanwhile:
 * the caller holds the store's lock.
 * @throws CofferError `storage` (reasons `owner`, `permissions`, `damaged`, `unavailable`)
 */
export async function loadIdentity(folder: string): Promise<RelayIdentity> {
  const path = join(folder, KEY_FILE)
  let text: string | undefined
  try {
    text = await readOwn(path)
    if (text === undefined) {
      await writeKey(folder, path, `${KEY_WORD} ${toHex(randomBytes(32))}\n`)
      text = await readOwn(path)
    }
  } catch (error) {
    if (error instanceof CofferError) throw error
    const what = `the relay's key ${path} can't be read or made: ${systemWords(error)}`
    throw storage('unavailable', what, undefined, error)
  }
  const seed = fromHex(/^coffer-relay-key-1 ([0-9a-f]{64})\n$/.exec(text ?? '')?.[1] ?? '')
  if (seed?.length !== 32) {
    throw storage('damaged', `${path} is no relay key`, 'put it back from a backup: devices pin it')
  }
  const { publicKey, privateKey } = signKeyPair(seed)
  return { key: idOf(publicKey), privateKey }
}

/**
 * The text of a file that only this user may read; undefined when there is none.
 * @throws CofferError `storage` (reasons `owner`, `permissions`, `unavailable`)
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readOwn(path)
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw storage('unavailable', `${path} can't be read: ${systemWords(error)}`, undefined, error)
  }
}

async function readOwn(path: string): Promise<string | undefined> {
  try {
    const { uid, mode } = await stat(path)
    checkOwner(uid, path)
    if ((mode & 0o077) !== 0) {
      const next = `run chmod 600 ${path}`
      throw storage('permissions', `${path} is open to other users`, next)
    }
    return await readFile(path, 'latin1')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all, and on disk before anybody is told the key. */
async function writeKey(folder: string, path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await open(temporary, 'wx', 0o600)
  try {
    await file.writeFile(text, 'latin1')
    await file.sync()
  } finally {
    await file.close()
  }
  await link(temporary, path)
  await rm(temporary)
  const directory = await open(folder, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
