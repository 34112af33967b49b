import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { fromHex, toHex, utf8, type Bytes } from '../../shared/bytes.js'
import { cryptoReady, hash } from '../../shared/crypto/hash.js'
import { signKeyPair, type SignKeyPair } from '../../shared/crypto/sign.js'
import { idOf, type DeviceId, type InviteKey, type UserId } from '../../shared/ids.js'
import { inviteSeed } from '../../shared/log/code.js'
import {
  deviceIdOf,
  makeStatement,
  type DeviceKeys,
  type DeviceStatement,
} from '../../shared/log/device.js'
import { decodeWraps, encodeWraps } from '../../shared/log/link.js'
import { epochStart, unwrap, wrapFor } from '../../daemon/core/crypto/epoch.js'
import { boxKeyPair, type BoxKeyPair } from '../../daemon/core/crypto/seal.js'

// Who acts in the frozen vectors. Every key comes from a name; only the boxes of wraps hold true randomness.

await cryptoReady

/** The source folder, wherever the compiled program stands. */
export const FOLDER = path.resolve(import.meta.dirname, '../../../scripts/vectors')

export const hex = toHex

/** A type, so that it may be a JSON value. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export function unhex(text: string): Bytes {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new TypeError(`not hex: ${text}`)
  return bytes
}

export const seed = (name: string): Bytes => hash('vector', utf8(name))

export type Person = {
  readonly name: string
  readonly id: DeviceId
  readonly userId: UserId
  readonly signSeed: Bytes
  readonly boxSeed: Bytes
  readonly keys: DeviceKeys
  readonly sign: SignKeyPair
  readonly box: BoxKeyPair
  readonly statement: DeviceStatement
}

/** The device `user/name`. */
export function person(name: string): Person {
  const signSeed = seed(`sign ${name}`)
  const boxSeed = seed(`box ${name}`)
  const sign = signKeyPair(signSeed)
  const box = boxKeyPair(boxSeed)
  const keys = { sign: sign.publicKey, box: box.publicKey }
  const userId = idOf<UserId>(seed(`user ${name.split('/')[0] ?? ''}`).slice(0, 16))
  const statement = makeStatement(keys, userId, sign.privateKey)
  return { name, id: deviceIdOf(keys), userId, signSeed, boxSeed, keys, sign, box, statement }
}

export type Invite = { readonly secret: Bytes; readonly key: InviteKey; readonly pair: SignKeyPair }

export function invite(name: string): Invite {
  const secret = seed(`invite ${name}`).slice(0, 13)
  const pair = signKeyPair(inviteSeed(secret))
  return { secret, key: idOf(pair.publicKey), pair }
}

/** Tables of wraps by the name of their link: what the vectors keep, and what is made when one doesn't fit. */
export class FrozenWraps {
  readonly tables: Record<string, string> = {}
  readonly #known: Readonly<Record<string, unknown>>

  constructor(known: Readonly<Record<string, unknown>>) {
    this.#known = known
  }

  /** The tables of a file; none before it was made. */
  static read(file = 'wraps.json'): FrozenWraps {
    try {
      const known: unknown = JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8'))
      return new FrozenWraps(typeof known === 'object' && known !== null ? { ...known } : {})
    } catch {
      return new FrozenWraps({})
    }
  }

  /** What `make` gave when it was first asked for `name`. */
  keep(name: string, make: () => Bytes): Bytes {
    const known = this.#known[name]
    const bytes = typeof known === 'string' ? unhex(known) : make()
    this.tables[name] = hex(bytes)
    return bytes
  }

  /** The table of one link: the frozen one when it opens to this key for all of `to`. */
  table(link: string, at: KeyAt, to: readonly Person[]): { bytes: Bytes; hash: Bytes } {
    const known = this.#known[link]
    const bytes = typeof known === 'string' && fits(unhex(known), at, to) ? unhex(known) : undefined
    const keys = to.map((one) => one.keys)
    const made = encodeWraps(
      bytes ? decodeWraps(bytes) : wrapFor(at.key, at.vault, at.epoch ?? 1, keys),
    )
    this.tables[link] = hex(made.bytes)
    return made
  }
}

/** A key to give: of which epoch (by default 1) of which vault. */
type KeyAt = { readonly key: Bytes; readonly vault: Bytes; readonly epoch?: number }

function fits(table: Bytes, { key, vault, epoch = 1 }: KeyAt, to: readonly Person[]): boolean {
  try {
    const wraps = decodeWraps(table)
    const start = epochStart(key, new Uint8Array(0))
    for (const { box, id } of to) unwrap(wraps, box, { vault, epoch, device: id, start })
    return wraps.length === to.length
  } catch {
    return false
  }
}
