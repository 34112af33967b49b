import { decode as cborDecode, encode as cborEncode } from 'cborg'
import { equal, fromUtf8, utf8, type Bytes } from './bytes.js'
import { CofferError } from './errors.js'
import { bytesOf, idOf, type AnyId } from './ids.js'

/**
 * One deterministic encoding for all that is signed, hashed, stored or sent (SPEC section 1): CBOR of
 * RFC 8949 §4.2, maps keyed by the integers 0–23, no floats, no tags, no null, no indefinite lengths.
 */
export interface Codec<T> {
  /** The value as cborg takes it. */
  raw(value: T): unknown
  /** The checked value of what cborg gave; throws `Malformed`. */
  parse(raw: unknown, path: string): T
}

export type TypeOf<C> = C extends Codec<infer T> ? T : never

class Malformed extends Error {}

function malformed(path: string, what: string): never {
  throw new Malformed(`${path === '' ? 'message' : path}: ${what}`)
}

const DECODE_OPTIONS = {
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
} as const

/** Canonical bytes of `value`. The value is trusted to fit its type; `decode` is the gate. */
export function encode<T>(codec: Codec<T>, value: T): Bytes {
  const out = cborEncode(codec.raw(value))
  // On Node it may be a Buffer out of a shared pool: one that prints, compares and slices otherwise.
  return out.constructor === Uint8Array ? out : new Uint8Array(out)
}

/**
 * The value that `bytes` encode canonically.
 * @throws CofferError `format` when they are truncated, oversize, of another shape, carry unknown keys or
 * trailing bytes, or are not the canonical form (encoding the value again must give the same bytes).
 */
export function decode<T>(codec: Codec<T>, bytes: Bytes, what: string, maxBytes: number): T {
  if (bytes.length > maxBytes) {
    throw new CofferError('limit', `${what} has ${bytes.length} bytes, more than ${maxBytes}`, {
      reason: 'oversize',
    })
  }
  let value: T
  try {
    // A view, since the slices of a Buffer would be parts of it: what is decoded has bytes of its own.
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    value = codec.parse(cborDecode(view, DECODE_OPTIONS), '')
  } catch (error) {
    const why = error instanceof Malformed ? error.message : 'not canonical CBOR'
    throw new CofferError('format', `${what} is malformed (${why})`, { reason: 'malformed' })
  }
  if (!equal(encode(codec, value), bytes)) {
    throw new CofferError('format', `${what} is not in canonical form`, { reason: 'non-canonical' })
  }
  return value
}

/** Bytes of a length between `min` and `max`. */
export function bytes(max: number, min = 0): Codec<Bytes> {
  return {
    raw: (value) => value,
    parse(raw, path) {
      if (!(raw instanceof Uint8Array)) return malformed(path, 'not bytes')
      if (raw.length < min || raw.length > max) return malformed(path, `${raw.length} bytes`)
      return raw
    },
  }
}

/** Exactly `length` bytes. */
export const fixed = (length: number): Codec<Bytes> => bytes(length, length)

/** An id of `length` raw bytes, lower-case hex in memory. */
export function id<T extends AnyId>(length = 32): Codec<T> {
  const inner = fixed(length)
  return { raw: (value) => bytesOf(value), parse: (raw, path) => idOf<T>(inner.parse(raw, path)) }
}

/** An integer from 0 to `max`. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Codec<number> {
  return {
    raw(value) {
      // A fraction would be encoded as a float, which no decoder takes.
      if (Number.isSafeInteger(value) && value >= 0) return value
      throw new TypeError('not an unsigned integer')
    },
    parse(raw, path) {
      if (typeof raw !== 'number' || !Number.isSafeInteger(raw) || raw < 0 || raw > max) {
        return malformed(path, `not an integer of 0..${max}`)
      }
      return raw
    },
  }
}

export const bool: Codec<boolean> = {
  raw: (value) => value,
  parse: (raw, path) => (typeof raw === 'boolean' ? raw : malformed(path, 'not a boolean')),
}

/** Well-formed text of at most `maxBytes` of UTF-8. */
export function text(maxBytes: number): Codec<string> {
  return {
    raw: (value) => value,
    parse(raw, path) {
      if (typeof raw !== 'string') return malformed(path, 'not text')
      const encoded = utf8(raw)
      if (encoded.length > maxBytes) return malformed(path, `text of ${encoded.length} bytes`)
      if (fromUtf8(encoded) !== raw) return malformed(path, 'not well-formed UTF-8')
      return raw
    },
  }
}

export function list<T>(item: Codec<T>, max: number, min = 0): Codec<readonly T[]> {
  return {
    raw: (value) => value.map((one) => item.raw(one)),
    parse(raw, path) {
      if (!Array.isArray(raw)) return malformed(path, 'not a list')
      if (raw.length < min || raw.length > max) return malformed(path, `${raw.length} elements`)
      return raw.map((one: unknown, i) => item.parse(one, `${path}[${i}]`))
    },
  }
}

/** One of a closed list of words, encoded as its index. */
export function oneOf<const T extends string>(words: readonly T[]): Codec<T> {
  const inner = uint(words.length - 1)
  return {
    raw: (value) => words.indexOf(value),
    parse: (raw, path) => words[inner.parse(raw, path)] ?? malformed(path, 'unknown word'),
  }
}

type Field<T, Optional extends boolean> = {
  readonly key: number
  readonly codec: Codec<T>
  readonly optional: Optional
}
type Fields = Readonly<Record<string, Field<unknown, boolean>>>
type FieldType<F> = F extends Field<infer T, boolean> ? T : never
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K]['optional'] extends true ? K : never
}[keyof F]
type StructOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: FieldType<F[K]>
} & { readonly [K in OptionalKeys<F>]?: FieldType<F[K]> }
export type Flat<T> = { [K in keyof T]: T[K] }

export function req<T>(key: number, codec: Codec<T>): Field<T, false> {
  return { key, codec, optional: false }
}

export function opt<T>(key: number, codec: Codec<T>): Field<T, true> {
  return { key, codec, optional: true }
}

/** A map with integer keys; keys that the schema doesn't name are refused. */
export function struct<F extends Fields>(fields: F): Codec<Flat<StructOf<F>>> {
  const entries = Object.entries(fields)
  return {
    raw(value) {
      const source = value as Record<string, unknown>
      const out = new Map<number, unknown>()
      for (const [name, field] of entries) {
        const one = source[name]
        if (one !== undefined) out.set(field.key, field.codec.raw(one))
      }
      return out
    },
    parse(raw, path) {
      if (!(raw instanceof Map)) return malformed(path, 'not a map')
      const out: Record<string, unknown> = {}
      let seen = 0
      for (const [name, field] of entries) {
        const one: unknown = raw.get(field.key)
        if (one === undefined && !raw.has(field.key)) {
          if (field.optional) continue
          return malformed(path, `${name} is missing`)
        }
        seen++
        out[name] = field.codec.parse(one, path === '' ? name : `${path}.${name}`)
      }
      if (seen !== raw.size) return malformed(path, 'unknown key')
      return out as Flat<StructOf<F>>
    },
  }
}

type Cases = Readonly<Record<string, readonly [tag: number, codec: Codec<unknown>]>>
export type VariantOf<C extends Cases> = {
  [K in keyof C]: { readonly kind: K; readonly body: TypeOf<C[K][1]> }
}[keyof C]

/** A two-element list [tag, body]: the tag names the body's schema. */
export function variant<const C extends Cases>(cases: C): Codec<VariantOf<C>> {
  const byTag = new Map(Object.entries(cases).map(([kind, [tag, codec]]) => [tag, { kind, codec }]))
  return {
    raw(value) {
      const found = cases[value.kind as string]
      if (found === undefined) throw new TypeError('unknown variant')
      return [found[0], found[1].raw(value.body)]
    },
    parse(raw, path) {
      if (!Array.isArray(raw) || raw.length !== 2) return malformed(path, 'not a tagged pair')
      const found = byTag.get(raw[0] as number)
      if (found === undefined) return malformed(path, 'unknown tag')
      const body = found.codec.parse(raw[1], `${path}.${found.kind}`)
      return { kind: found.kind, body } as VariantOf<C>
    },
  }
}
