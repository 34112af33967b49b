import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { concat, equal, readU32be, u32be, utf8, type Bytes } from '../../shared/bytes.js'
import { mailboxError } from '../mailbox/mailbox.js'

// What the relay's disk holds under an at-rest key (SPEC section 9): each value is an OpenPGP message of its own (RFC 4880),
// which gpg opens with the key file as its passphrase. By hand, not by the library: all of a store's messages have one key,
// stretched once at the start, and a constant length beyond the value; and they are made in the order of the calls.

/** Tag 3, version 4, AES-256, iterated and salted S2K, SHA-256. */
const SKESK = Uint8Array.of(0xc3, 13, 4, 9, 3, 8)
const SALT_BYTES = 8
/** 16 MiB are hashed: GnuPG's and OpenPGP.js's own order of magnitude. The key isn't a person's: nothing rests on it. */
const COUNT = 224
const HEADER_BYTES = SKESK.length + SALT_BYTES + 1

const BLOCK = 16
const ALGORITHM = 'aes-256-cfb'
const NO_IV = new Uint8Array(BLOCK)
/** Tag 18 and tag 11, each with a length of five bytes: so every value has the same overhead. */
const [SEALED, LITERAL] = [Uint8Array.of(0xd2, 0xff), Uint8Array.of(0xcb, 0xff)]
const VERSION = Uint8Array.of(1)
/** Bytes as they are, no file name, no date. */
const BINARY = Uint8Array.of(0x62, 0, 0, 0, 0, 0)
const MDC = Uint8Array.of(0xd3, 0x14)
const SHA1_BYTES = 20

/** Before a value within the encrypted part, and behind it. */
const BEFORE = BLOCK + 2 + LITERAL.length + 4 + BINARY.length
const BEHIND = MDC.length + SHA1_BYTES
const SEALED_BYTES = SEALED.length + 4 + VERSION.length

/** What a wrapped value has beyond the value. */
export const WRAP_BYTES = HEADER_BYTES + SEALED_BYTES + BEFORE + BEHIND

/** A key, and the packet that says how it comes from the key file. */
export type WrapKey = { readonly header: Bytes; readonly key: Bytes; readonly names: Bytes }

function stretched(passphrase: Bytes, salt: Bytes): Bytes {
  const unit = concat(salt, passphrase)
  const count = (16 + (COUNT & 15)) << ((COUNT >> 4) + 6)
  const many = Buffer.alloc(unit.length * Math.ceil(65_536 / unit.length), unit)
  const hash = createHash('sha256')
  let left = Math.max(count, unit.length)
  for (; left > many.length; left -= many.length) hash.update(many)
  return new Uint8Array(hash.update(many.subarray(0, left)).digest())
}

function keyWith(passphrase: Bytes, salt: Bytes): WrapKey {
  const key = stretched(passphrase, salt)
  const names = createHmac('sha256', key).update('coffer/v1/at-rest-names').digest()
  return { header: concat(SKESK, salt, Uint8Array.of(COUNT)), key, names: new Uint8Array(names) }
}

/** A key for a new store. */
export function freshKey(passphrase: Bytes): WrapKey {
  return keyWith(passphrase, new Uint8Array(randomBytes(SALT_BYTES)))
}

/** The key that made `wrapped`, if the passphrase is its own. @throws CofferError `storage` (reason `damaged`) */
export function keyOf(passphrase: Bytes, wrapped: Bytes): WrapKey {
  const form = equal(wrapped.subarray(0, SKESK.length), SKESK)
  if (!form || wrapped[HEADER_BYTES - 1] !== COUNT) throw damaged()
  return keyWith(passphrase, wrapped.slice(SKESK.length, SKESK.length + SALT_BYTES))
}

/**
 * Wraps a value. With `name` the same value of that name is wrapped into the same bytes, by which it can be compared; who
 * has no key sees that it is the same again, and no more.
 */
export function wrap({ header, key, names }: WrapKey, body: Bytes, name?: string): Bytes {
  const start =
    name === undefined
      ? randomBytes(BLOCK)
      : createHmac('sha256', names)
          .update(concat(u32be(name.length), utf8(name), body))
          .digest()
          .subarray(0, BLOCK)
  const length = u32be(BINARY.length + body.length)
  const plain = concat(start, start.subarray(-2), LITERAL, length, BINARY, body, MDC)
  const cipher = createCipheriv(ALGORITHM, key, NO_IV)
  const sum = createHash('sha1').update(plain).digest()
  const inner = u32be(VERSION.length + plain.length + SHA1_BYTES)
  return concat(header, SEALED, inner, VERSION, cipher.update(plain), cipher.update(sum))
}

/** @throws CofferError `storage` (reason `damaged`) for what this key didn't wrap, or what was altered since */
export function unwrap({ header, key }: WrapKey, wrapped: Bytes): Bytes {
  const size = wrapped.length - WRAP_BYTES
  if (size < 0 || !equal(wrapped.subarray(0, HEADER_BYTES), header)) throw damaged()
  const sealed = wrapped.subarray(HEADER_BYTES)
  const inner = sealed.length - SEALED.length - 4
  const expected = concat(SEALED, u32be(inner), VERSION)
  if (!equal(sealed.subarray(0, SEALED_BYTES), expected)) throw damaged()
  const plain = createDecipheriv(ALGORITHM, key, NO_IV).update(sealed.subarray(SEALED_BYTES))
  const sum = createHash('sha1').update(plain.subarray(0, -SHA1_BYTES)).digest()
  if (!sum.equals(plain.subarray(-SHA1_BYTES))) throw damaged()
  const literal = plain.subarray(BLOCK + 2)
  if (readU32be(literal.subarray(LITERAL.length)) !== BINARY.length + size) throw damaged()
  // A plain view: Buffers have methods and prints of their own.
  return new Uint8Array(plain.buffer, plain.byteOffset + BEFORE, size)
}

function damaged(): Error {
  return mailboxError('damaged', 'a value that was wrapped at rest is damaged')
}
