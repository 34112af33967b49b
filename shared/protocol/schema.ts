import { CofferError } from '../errors.js'

// Small run-time checks for values that came as JSON. A schema either returns the checked value (a fresh
// object with exactly the declared fields) or throws CofferError `format` naming the place, never the value:
// what is refused may be a secret.

/** Checks an untrusted value; `at` is the place within the message, for the error. */
export type Schema<T> = { readonly check: (value: unknown, at: string) => T }

/** The type that a schema lets through. */
export type Infer<S> = S extends Schema<infer T> ? T : never

type Optional<T> = Schema<T> & { readonly optional: true }
type Fields = { readonly [key: string]: Schema<unknown> }
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K : never
}[keyof F]
type Shape<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]>
} & { readonly [K in OptionalKeys<F>]?: Infer<F[K]> }
type Flat<T> = { [K in keyof T]: T[K] }

/** The refusal of every schema: `format`, reason `schema`. */
export function mismatch(at: string, expected: string): CofferError {
  return new CofferError('format', `${at === '' ? 'the message' : at} is not ${expected}`, {
    reason: 'schema',
  })
}

/** Well-formed Unicode text of at most `max` UTF-16 units (NUL and controls allowed unless `pattern` says no). */
export function text(
  max: number,
  pattern?: RegExp,
  expected = `text of at most ${max} characters`,
) {
  const check = (value: unknown, at: string): string => {
    if (typeof value !== 'string' || value.length > max) throw mismatch(at, expected)
    if (!isWellFormed(value)) throw mismatch(at, 'well-formed Unicode')
    if (pattern !== undefined && !pattern.test(value)) throw mismatch(at, expected)
    return value
  }
  return { check } satisfies Schema<string>
}

/** False when `value` holds a lone surrogate (String.prototype.isWellFormed came after ES2023). */
export function isWellFormed(value: string): boolean {
  return !/\p{Surrogate}/u.test(value)
}

/** Lower-case hex of exactly `bytes` bytes. */
export function hex(bytes: number): Schema<string> {
  return text(2 * bytes, new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `${bytes} bytes as hex`)
}

/** Canonical padded base64 (RFC 4648 section 4) of at most `maxBytes` bytes, kept as text. */
export function base64(maxBytes: number): Schema<string> {
  const check = (value: unknown, at: string): string => {
    if (typeof value !== 'string' || !isBase64(value)) throw mismatch(at, 'base64')
    if (base64Size(value) > maxBytes) {
      throw new CofferError('limit', `${at} is larger than ${maxBytes} bytes`, {
        reason: 'too-large',
      })
    }
    return value
  }
  return { check }
}

/** Bytes that canonical base64 `value` stands for. */
export function base64Size(value: string): number {
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0
  return (value.length / 4) * 3 - padding
}

// A search for one bad character, not a match of the whole: no backtracking over megabytes.
function isBase64(value: string): boolean {
  if (value.length % 4 !== 0) return false
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0
  const body = value.slice(0, value.length - padding)
  if (/[^A-Za-z0-9+/]/.test(body)) return false
  if (padding === 2) return /[AQgw]$/.test(body)
  return padding === 0 || /[AEIMQUYcgkosw048]$/.test(body)
}

/** A safe integer within [min, max]. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  const check = (value: unknown, at: string): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw mismatch(at, `an integer from ${min} to ${max}`)
    }
    return value
  }
  return { check }
}

export const flag: Schema<boolean> = {
  check: (value, at) => {
    if (typeof value !== 'boolean') throw mismatch(at, 'true or false')
    return value
  },
}

/** One of the given words. */
export function oneOf<const T extends readonly string[]>(...words: T): Schema<T[number]> {
  const check = (value: unknown, at: string): T[number] => {
    const word = words.find((candidate) => candidate === value)
    if (word === undefined) throw mismatch(at, `one of ${words.join(', ')}`)
    return word
  }
  return { check }
}

/** At most `max` values of one schema. */
export function list<T>(of: Schema<T>, max: number): Schema<readonly T[]> {
  const check = (value: unknown, at: string): readonly T[] => {
    if (!Array.isArray(value)) throw mismatch(at, 'a list')
    if (value.length > max) {
      throw new CofferError('limit', `${at} has more than ${max} entries`, { reason: 'too-many' })
    }
    return value.map((entry: unknown, i) => of.check(entry, `${at}[${i}]`))
  }
  return { check }
}

/** A field that may be absent (never null or undefined on the wire). */
export function optional<T>(of: Schema<T>): Optional<T> {
  return { check: of.check, optional: true }
}

/** A value or null. */
export function nullable<T>(of: Schema<T>): Schema<T | null> {
  return { check: (value, at) => (value === null ? null : of.check(value, at)) }
}

/** True for a JSON object (not a list, not null). */
export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object with exactly these fields; an unknown field is refused. */
export function object<F extends Fields>(fields: F): Schema<Flat<Shape<F>>> {
  const names = Object.keys(fields)
  const check = (value: unknown, at: string): Flat<Shape<F>> => {
    if (!isObject(value)) throw mismatch(at, 'an object')
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(fields, key)) throw mismatch(at, 'free of unknown fields')
    }
    const out: { [key: string]: unknown } = {}
    for (const name of names) checkField(fields, name, value, at, out)
    return out as Flat<Shape<F>>
  }
  return { check }
}

function checkField(
  fields: Fields,
  name: string,
  value: { readonly [key: string]: unknown },
  at: string,
  out: { [key: string]: unknown },
): void {
  const schema = fields[name]
  if (schema === undefined) return
  const place = at === '' ? name : `${at}.${name}`
  if (Object.hasOwn(value, name)) out[name] = schema.check(value[name], place)
  else if (!('optional' in schema)) throw mismatch(place, 'there')
}

/** An object whose `tag` field picks the schema: `{ kind: 'a', … } | { kind: 'b', … }`. */
export function variant<V extends { readonly [kind: string]: Fields }>(
  variants: V,
): Schema<{ [K in keyof V]: Flat<{ readonly kind: K } & Shape<V[K]>> }[keyof V]> {
  type Out = { [K in keyof V]: Flat<{ readonly kind: K } & Shape<V[K]>> }[keyof V]
  const kinds = Object.keys(variants)
  const schemas = new Map(
    kinds.map((kind) => [kind, object({ kind: oneOf(kind), ...variants[kind] })] as const),
  )
  const check = (value: unknown, at: string): Out => {
    const kind = isObject(value) ? value['kind'] : undefined
    const schema = typeof kind === 'string' ? schemas.get(kind) : undefined
    if (schema === undefined) throw mismatch(at, `one of the kinds ${kinds.join(', ')}`)
    return schema.check(value, at) as Out
  }
  return { check }
}
