import { ReadableStream } from 'node:stream/web'
import { setImmediate } from 'node:timers/promises'
import type { Message, PartialConfig, PrivateKey } from 'openpgp'
import { fromUtf8, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Secret } from '../../shared/redacted.js'
import type { PgpKey } from './keys.js'
import { attempt, CONFIG, library } from './library.js'
import { cannotOpen, checkMeantFor, checkUnderPassphrase, notAMessage } from './messages.js'

// OpenPGP messages of bytes, too large for a line of text: secrets and backups (SPEC section 14).

/** Who opens a message: the holders of keys, or whoever knows a passphrase. */
export type Recipients =
  | { readonly kind: 'keys'; readonly keys: readonly PgpKey[] }
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }

/** What opens a message. */
export type Opening =
  | { readonly kind: 'key'; readonly key: PrivateKey }
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }

const textOf = (passphrase: Secret): string => fromUtf8(passphrase.reveal()) ?? ''

function encryptingTo(to: Recipients): { encryptionKeys: PgpKey['key'][] } | { passwords: string } {
  return to.kind === 'keys'
    ? { encryptionKeys: to.keys.map(({ key }) => key) }
    : { passwords: textOf(to.passphrase) }
}

/** Encrypts bytes, exactly as they are; armored. */
export async function encryptBytes(to: Recipients, plain: Bytes): Promise<string> {
  const { createMessage, encrypt } = await library()
  const message = await createMessage({ binary: plain })
  const armored: unknown = await encrypt({ message, ...encryptingTo(to), config: CONFIG })
  if (typeof armored !== 'string') throw notAMessage()
  return armored
}

/** Encrypts what `plain` yields, as it yields it, into pieces of one message (not armored); others get turns in between. */
export async function* encryptPieces(
  to: Recipients,
  plain: Iterable<Bytes>,
): AsyncGenerator<Bytes, void> {
  const { createMessage, encrypt } = await library()
  const pieces = plain[Symbol.iterator]()
  const binary = new ReadableStream<Bytes>({
    async pull(controller) {
      await setImmediate()
      const next = pieces.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
  })
  const message = await createMessage({ binary })
  const format = 'binary' as const
  const stream: unknown = await encrypt({ message, ...encryptingTo(to), format, config: CONFIG })
  if (!(stream instanceof ReadableStream)) throw new TypeError('no stream came')
  for await (const piece of stream) {
    if (piece instanceof Uint8Array) yield piece
  }
}

const ARMOR = '-----BEGIN PGP'

/**
 * Decrypts a whole message, armored or not, of at most `max` bytes; nothing of one that was altered comes back.
 * @throws CofferError `cannot-decrypt` (`pgp-cannot-open`, `pgp-for-a-key`, `pgp-wrong-key`), `format` (`pgp-message`), `limit`
 */
export async function decryptBytes(
  open: Opening,
  bytes: Bytes,
  max: number = LIMITS.backup,
): Promise<Bytes> {
  const { decrypt } = await library()
  const config: PartialConfig = { ...CONFIG, maxDecompressedMessageSize: max }
  const message = await readAny(bytes, config)
  if (open.kind === 'passphrase') checkUnderPassphrase(message)
  else checkMeantFor(message, open.key)
  const by =
    open.kind === 'passphrase'
      ? { passwords: textOf(open.passphrase) }
      : { decryptionKeys: open.key }
  const { data } = await attempt<{ readonly data: unknown }>(
    () => decrypt({ message, ...by, format: 'binary', config }),
    () => cannotOpen(open.kind === 'key' ? 'the key is wrong' : 'the passphrase is wrong'),
  )
  if (!(data instanceof Uint8Array)) throw notAMessage()
  if (data.length <= max) return data
  throw new CofferError('limit', `the message unpacks to more than ${max} bytes`, {
    reason: 'oversize',
  })
}

async function readAny(bytes: Bytes, config: PartialConfig): Promise<Message<Uint8Array>> {
  const { readMessage, unarmor } = await library()
  const start = fromUtf8(bytes.subarray(0, ARMOR.length))
  return attempt(async () => {
    if (start !== ARMOR) return readMessage({ binaryMessage: bytes, config })
    const unarmored: { readonly data: unknown } = await unarmor(fromUtf8(bytes) ?? '')
    const { data } = unarmored
    if (!(data instanceof Uint8Array)) throw notAMessage()
    return readMessage({ binaryMessage: data, config })
  }, notAMessage)
}
