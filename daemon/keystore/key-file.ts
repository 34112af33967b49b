import { isAbsolute, join, relative } from 'node:path'
import { fromBase32, fromUtf8, toBase32, utf8, type Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Variables } from '../../shared/protocol/socket-path.js'
import { keyedHash } from '../core/crypto/seal.js'
import { Secret } from '../../shared/redacted.js'
import { readPrivate, writeNew } from '../home/files.js'
import type { Home } from '../home/home.js'

const HEADER = 'coffer-key-file 1'
/** The name under which systemd passes a key file (`LoadCredential=coffer-key:…`). */
const CREDENTIAL = 'coffer-key'

/** A header line and the base32 of 32 bytes. */
export function keyFileText(key: Bytes): string {
  return `${HEADER}\n${toBase32(key)}\n`
}

/** The 32 bytes of a key file; undefined when it is none. */
export function parseKeyFile(content: Bytes): Bytes | undefined {
  const [header, body, end, ...more] = (fromUtf8(content) ?? '').split('\n')
  if (header !== HEADER || body === undefined || end !== '' || more.length > 0) return undefined
  const key = fromBase32(body)
  return key?.length === 32 ? key : undefined
}

/** The key that wraps the local root, from a key file's 32 bytes. */
function wrappingKey(key: Bytes): Secret {
  return new Secret(keyedHash(key, 'key-file'))
}

/** Makes a key file (0600, which must not exist) and gives its wrapping key. @throws CofferError `exists`, `home`. */
export function makeKeyFile(path: string, random: Random): Secret {
  const key = random(32)
  writeNew(path, utf8(keyFileText(key)))
  return wrappingKey(key)
}

/** Where the keystore says the key file is: relative when it stands in the home, so that a home can move. */
export function storedPath(home: Home, path: string): string {
  const inside = relative(home.path, path)
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? path : inside
}

/** The wrapping key of an existing key file. @throws CofferError `home`, `cannot-decrypt` (reason `no-key-file`, `key-file`). */
export function readKeyFile(home: Home, path: string): Secret {
  const full = isAbsolute(path) ? path : join(home.path, path)
  const content = readPrivate(full, { maxBytes: LIMITS.homeFile, uid: home.uid })
  return keyOf(full, content)
}

function keyOf(path: string, content: Bytes | undefined): Secret {
  if (content === undefined) {
    throw new CofferError('cannot-decrypt', `there is no key file at ${path}`, {
      reason: 'no-key-file',
      next: 'bring the key file back; without it nothing here opens',
    })
  }
  const key = parseKeyFile(content)
  content.fill(0)
  if (key === undefined) {
    throw new CofferError('cannot-decrypt', `${path} is no coffer key file`, {
      reason: 'key-file',
      next: 'name the key file that init made',
    })
  }
  return wrappingKey(key)
}

/** The wrapping key that systemd passed as credential `coffer-key`; undefined without one. */
export function readCredential(env: Variables, uid: number): Secret | undefined {
  const folder = env['CREDENTIALS_DIRECTORY']
  if (folder?.startsWith('/') !== true) return undefined
  const path = join(folder, CREDENTIAL)
  const content = readPrivate(path, { maxBytes: LIMITS.homeFile, uid, credential: true })
  return content === undefined ? undefined : keyOf(path, content)
}
