import { utf8, type Bytes } from '../../../shared/bytes.js'
import type { Random } from '../../../shared/crypto/random.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import { base64 } from './secrets-read.js'
import { put } from './changes.js'
import { exists, writeTo, written } from './secrets-write.js'
import { placeOf } from '../place.js'
import type { Session } from '../session.js'

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const ALNUM = LOWER.toUpperCase() + LOWER + DIGITS

type Charset = Params<'secretGenerate'>['charset']

const CHARSETS: Readonly<Record<Charset, string>> = {
  alnum: ALNUM,
  hex: `${DIGITS}abcdef`,
  digits: DIGITS,
  symbols: Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join(''),
  base64url: `${ALNUM}-_`,
}

/** `length` characters, each uniform over the set: bytes that would favour some of them are thrown away. */
export function randomText(charset: Charset, length: number, random: Random): string {
  const characters = CHARSETS[charset]
  const limit = 256 - (256 % characters.length)
  let out = ''
  while (out.length < length) {
    for (const byte of random(length - out.length)) {
      if (byte < limit) out += characters.charAt(byte % characters.length)
    }
  }
  return out
}

/** A value to be written later: the generator's, and nobody's invention. */
export function generateValue(
  session: Session,
  { length, charset }: Params<'valueGenerate'>,
): Result<'valueGenerate'> {
  return { value: base64(utf8(randomText(charset, length, session.world.random))) }
}

export async function generateSecret(
  session: Session,
  { context, name, length, charset, force, reveal }: Params<'secretGenerate'>,
): Promise<Result<'secretGenerate'>> {
  const place = await placeOf(session, context, name)
  const value: Bytes = utf8(randomText(charset, length, session.world.random))
  const { created } = await writeTo(session, place, (replica) => {
    if (!force && replica.get('secret', place.name) !== undefined) throw exists(place)
    return [put(place.name, value)]
  })
  return { ...written(place, created), ...(reveal ? { value: base64(value) } : {}) }
}
