import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Variables } from '../../shared/protocol/socket-path.js'
import { Secret } from '../../shared/redacted.js'
import { openLocal, ROOT_BYTES, sealLocal } from '../core/crypto/passphrase.js'
import { readPrivate, removeFile, writeAtomic } from '../home/files.js'
import type { Home } from '../home/home.js'
import type { Stretch } from './argon2.js'
import {
  decodeKeystore,
  encodeKeystore,
  parameterBytes,
  type Keystore,
  type KeystoreOpener,
} from './format.js'
import { makeKeyFile, readCredential, readKeyFile, storedPath } from './key-file.js'

// The local root and what opens it. A changed passphrase wraps the same root again; nothing else is rewritten.

/** What a caller opens or makes a keystore with. A key file's path is absolute. */
export type Opener =
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }
  | { readonly kind: 'key-file'; readonly path: string }

export type OpenerKind = Opener['kind']

export type KeystoreTools = {
  readonly random: Random
  readonly stretch: Stretch
  /** The daemon's variables: only $CREDENTIALS_DIRECTORY counts. */
  readonly env: Variables
}

function load(home: Home): Keystore {
  const rule = { maxBytes: LIMITS.homeFile, uid: home.uid }
  const content = readPrivate(home.file('keystore'), rule)
  if (content === undefined) {
    throw new CofferError('home', `${home.file('keystore')} is missing`, {
      reason: 'no-keystore',
      next: 'bring the keystore back from a backup',
    })
  }
  return decodeKeystore(content)
}

/** What opens this home. @throws CofferError as `decodeKeystore`, or `home` (reason `no-keystore`). */
export function openerKind(home: Home): OpenerKind {
  return load(home).opener.kind === 'passphrase' ? 'passphrase' : 'key-file'
}

/** Wraps `root` for a new opener and makes the file durable. A key file is made and must not exist. */
async function wrap(
  home: Home,
  root: Secret,
  opener: Opener,
  memory: number | undefined,
  tools: KeystoreTools,
): Promise<void> {
  const { stored, key } = await freshKey(home, opener, memory, tools)
  const wrapped = sealLocal('keystore', key, parameterBytes(stored), root, tools.random)
  key.wipe()
  try {
    writeAtomic(home.file('keystore'), encodeKeystore({ opener: stored, wrapped }))
  } catch (error) {
    // A key file that opens nothing would only be in the way of the next try.
    if (opener.kind === 'key-file') removeFile(opener.path)
    throw error
  }
}

async function freshKey(
  home: Home,
  opener: Opener,
  memory: number | undefined,
  { random, stretch }: KeystoreTools,
): Promise<{ stored: KeystoreOpener; key: Secret }> {
  if (opener.kind === 'key-file') {
    const key = makeKeyFile(opener.path, random)
    return { stored: { kind: 'keyFile', body: { path: storedPath(home, opener.path) } }, key }
  }
  const { passphrase } = opener
  const length = passphrase.reveal().length
  if (length === 0 || length > LIMITS.passphrase) {
    throw new CofferError('usage', `a passphrase has 1 to ${LIMITS.passphrase} bytes`, {
      reason: 'passphrase-length',
    })
  }
  const parameters = {
    time: LIMITS.argon2Time,
    memory: memory === undefined ? LIMITS.argon2Memory : memory * 1024,
    salt: random(16),
  }
  const key = await stretch(passphrase, parameters)
  return { stored: { kind: 'passphrase', body: parameters }, key }
}

/**
 * Makes a root and the keystore that `opener` opens, replacing what an interrupted `init` left.
 * @param memory MiB of Argon2id, for a passphrase only
 * @throws CofferError `exists` (a key file is there), `usage`, `storage`, `home`.
 */
export async function createKeystore(
  home: Home,
  opener: Opener,
  memory: number | undefined,
  tools: KeystoreTools,
): Promise<Secret> {
  const root = new Secret(tools.random(ROOT_BYTES))
  await wrap(home, root, opener, memory, tools)
  return root
}

/**
 * The root of `home`. Without an opener by its key file or systemd's credential (`locked` when it has a passphrase).
 * @throws CofferError `cannot-decrypt`, `locked`, `home`, `tampering`, `limit`, `storage`.
 */
export async function openKeystore(
  home: Home,
  opener: Opener | undefined,
  tools: KeystoreTools,
): Promise<Secret> {
  const { opener: stored, wrapped } = load(home)
  const key = await keyFor(home, stored, opener, tools)
  try {
    return openLocal('keystore', key, parameterBytes(stored), wrapped)
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    const passphrase = stored.kind === 'passphrase'
    throw new CofferError(
      'cannot-decrypt',
      `the ${passphrase ? 'passphrase' : 'key file'} is wrong`,
      {
        reason: passphrase ? 'wrong-passphrase' : 'wrong-key-file',
        next: passphrase
          ? 'try again; a lost passphrase cannot be restored'
          : 'name the key file that init made',
      },
    )
  } finally {
    key.wipe()
  }
}

async function keyFor(
  home: Home,
  stored: KeystoreOpener,
  opener: Opener | undefined,
  { stretch, env }: KeystoreTools,
): Promise<Secret> {
  if (stored.kind === 'passphrase') {
    if (opener?.kind === 'passphrase') return stretch(opener.passphrase, stored.body)
    throw new CofferError('locked', 'this home opens with a passphrase', {
      reason: 'needs-passphrase',
      next: 'run coffer unlock',
    })
  }
  if (opener?.kind === 'passphrase') {
    throw new CofferError('usage', 'this home opens with a key file, not with a passphrase', {
      reason: 'needs-key-file',
      next: 'run coffer unlock',
    })
  }
  if (opener !== undefined) return readKeyFile(home, opener.path)
  return readCredential(env, home.uid) ?? readKeyFile(home, stored.body.path)
}

/**
 * Wraps the same root for another opener: `current` must open it; afterwards only `next` does, the old file is gone.
 * @throws CofferError as `openKeystore` and `createKeystore`.
 */
export async function changeOpener(
  home: Home,
  current: Opener,
  next: Opener,
  memory: number | undefined,
  tools: KeystoreTools,
): Promise<void> {
  const root = await openKeystore(home, current, tools)
  try {
    await wrap(home, root, next, memory, tools)
  } finally {
    root.wipe()
  }
}
