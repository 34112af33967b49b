import { equal, utf8, type Bytes } from '../../shared/bytes.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { readPrivateFile } from '../identity.js'
import type { Mailbox } from '../mailbox/mailbox.js'
import { AtRestMailbox } from './at-rest-mailbox.js'
import { freshKey, keyOf, unwrap, wrap } from './packets.js'

/** What a wrapped store is marked with: an OpenPGP message of this, by which a key is tried. */
const MARK = utf8('coffer-relay at rest 1\n')

/** At least 22 characters, and as many different ones as a random key of 100 bits has. */
const STRONG = /^[\x21-\x7e]{22,}$/
const DISTINCT = 8

/**
 * The key in the first line of a file, as gpg --passphrase-file takes it.
 * @throws CofferError `storage` (`at-rest-key-file`, `permissions`, `owner`), `usage` (`weak-at-rest-key`)
 */
export async function readAtRestKey(path: string): Promise<Bytes> {
  const text = await readPrivateFile(path)
  if (text === undefined) {
    throw new CofferError('storage', `the at-rest key ${path} is not there`, {
      reason: 'at-rest-key-file',
      next: 'put it back, or for a new store make one: (umask 077; openssl rand -hex 32 >FILE)',
    })
  }
  const [line = ''] = text.split(/\r?\n/)
  const strong = STRONG.test(line) && line.length <= LIMITS.passphrase
  if (strong && new Set(line).size >= DISTINCT) return utf8(line)
  throw new CofferError('usage', `the first line of ${path} is no generated key`, {
    reason: 'weak-at-rest-key',
    next: 'make one: (umask 077; openssl rand -hex 32 >FILE)',
  })
}

/**
 * The mailbox to use: as it is for a plain store, unwrapping for a wrapped one. An empty store is marked as wrapped when
 * there is a key.
 * @param key of the at-rest key file, undefined without one
 * @throws CofferError `cannot-decrypt` (`at-rest-key` without a key, `wrong-at-rest-key`), `storage` (`not-wrapped`)
 */
export async function openAtRest(mailbox: Mailbox, key: Bytes | undefined): Promise<Mailbox> {
  const mark = await mailbox.mark()
  if (key === undefined) {
    if (mark === undefined) return mailbox
    throw new CofferError('cannot-decrypt', 'the store is wrapped with an at-rest key', {
      reason: 'at-rest-key',
      next: 'give --at-rest-key FILE',
    })
  }
  if (mark !== undefined) return opened(mailbox, key, mark)
  const fresh = freshKey(key)
  try {
    await mailbox.setMark(wrap(fresh, MARK))
  } catch (error) {
    if (!hasCode(error, 'storage') || error.reason !== 'not-empty') throw error
    throw new CofferError('storage', 'the store has vaults that are not wrapped', {
      reason: 'not-wrapped',
      next: 'leave --at-rest-key out, or move DIR/store away: devices then send their vaults anew, to be wrapped',
      cause: error,
    })
  }
  return new AtRestMailbox(mailbox, fresh)
}

function opened(mailbox: Mailbox, passphrase: Bytes, mark: Bytes): Mailbox {
  const key = keyOf(passphrase, mark)
  try {
    if (equal(unwrap(key, mark), MARK)) return new AtRestMailbox(mailbox, key)
  } catch (error) {
    if (!hasCode(error, 'storage')) throw error
  }
  throw new CofferError('cannot-decrypt', 'the store was wrapped with another at-rest key', {
    reason: 'wrong-at-rest-key',
    next: 'give the file that it was made with',
  })
}
