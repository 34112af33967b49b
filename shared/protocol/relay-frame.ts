import type { Bytes } from '../bytes.js'
import { decode, encode, uint, type Codec, type TypeOf } from '../codec.js'
import { CofferError } from '../errors.js'
import { LIMITS } from '../limits.js'

type Cases = Readonly<Record<string, readonly [tag: number, codec: Codec<unknown>]>>

/** A message of the closed table `C`: its kind, the request it belongs to (0 for pushes), its payload. */
export type MessageOf<C extends Cases> = {
  [K in keyof C]: {
    readonly kind: K
    readonly id: number
    readonly body: TypeOf<C[K][1]>
  }
}[keyof C]

/** The request ids that a client may choose; 0 is kept for the handshake and for pushes. */
export const MAX_REQUEST_ID = 0xffff_ffff

const idCodec = uint(MAX_REQUEST_ID)

/** Codec of a three-element list [type, request id, payload]; the type names the payload's schema. */
export function messages<const C extends Cases>(what: string, cases: C): Codec<MessageOf<C>> {
  const byTag = new Map(Object.entries(cases).map(([kind, [tag, codec]]) => [tag, { kind, codec }]))
  return {
    raw(message) {
      const found = cases[message.kind as string]
      if (found === undefined) throw new TypeError('unknown message')
      return [found[0], message.id, found[1].raw(message.body)]
    },
    parse(raw, path) {
      if (!Array.isArray(raw) || raw.length !== 3) return malformedFrame(what)
      const found = byTag.get(raw[0] as number)
      if (found === undefined) return malformedFrame(what)
      const id = idCodec.parse(raw[1], 'id')
      const body = found.codec.parse(raw[2], path === '' ? found.kind : `${path}.${found.kind}`)
      return { kind: found.kind, id, body } as MessageOf<C>
    },
  }
}

function malformedFrame(what: string): never {
  throw new CofferError('format', `${what} is not [type, id, payload] of the table`, {
    reason: 'malformed',
  })
}

/**
 * The bytes of one binary WebSocket frame.
 * @throws CofferError `limit` (reason `oversize`) when they exceed LIMITS.frame.
 */
export function encodeFrame<T>(codec: Codec<T>, message: T): Bytes {
  const bytes = encode(codec, message)
  if (bytes.length > LIMITS.frame) {
    throw new CofferError('limit', `a frame of ${bytes.length} bytes exceeds ${LIMITS.frame}`, {
      reason: 'oversize',
    })
  }
  return bytes
}

/**
 * The message in one binary WebSocket frame.
 * @throws CofferError `format` or `limit`; see `decode`.
 */
export function decodeFrame<T>(codec: Codec<T>, bytes: Bytes): T {
  return decode(codec, bytes, 'a relay frame', LIMITS.frame)
}
