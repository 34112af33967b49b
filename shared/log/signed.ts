import type { Bytes } from '../bytes.js'
import { bytes, decode, encode, fixed, req, struct, type Codec } from '../codec.js'
import { hash } from '../crypto/hash.js'
import { sign, verify } from '../crypto/sign.js'
import { CofferError } from '../errors.js'
import { idOf, type AnyId } from '../ids.js'
import { LIMITS } from '../limits.js'

/** A signature beside the very bytes that it covers (SPEC section 3): bodies are never re-encoded to verify. */
export type Signed = { readonly body: Bytes; readonly signature: Bytes }

export const signedCodec: Codec<Signed> = struct({
  body: req(0, bytes(LIMITS.entry)),
  signature: req(1, fixed(64)),
})

/** One kind of signed thing: its domain, its body's schema, and how its hash is made. */
export class SignedKind<T, Id extends AnyId> {
  readonly type: string
  readonly codec: Codec<T>

  constructor(type: string, codec: Codec<T>) {
    this.type = type
    this.codec = codec
  }

  /** Body bytes and signature of `value`. */
  make(value: T, privateKey: Bytes): Signed {
    const body = encode(this.codec, value)
    return { body, signature: sign(this.type, body, privateKey) }
  }

  /** @throws CofferError `format` when the body isn't this kind's canonical form. */
  read(signed: Signed): T {
    return decode(this.codec, signed.body, this.type, LIMITS.entry)
  }

  /** @throws CofferError `tampering` (reason `bad-signature`) when `publicKey` didn't sign the body. */
  check(signed: Signed, publicKey: Bytes): void {
    if (!verify(this.type, signed.signature, signed.body, publicKey)) {
      throw new CofferError(
        'tampering',
        `a ${this.type} carries a signature that isn't its author's`,
        {
          reason: 'bad-signature',
        },
      )
    }
  }

  /** Whether `publicKey` signed the body. */
  holds({ signature, body }: Signed, publicKey: Bytes): boolean {
    return verify(this.type, signature, body, publicKey)
  }

  /** Hash of the body: the identity of the signed thing. */
  id(signed: Signed): Id {
    return idOf<Id>(hash(this.type, signed.body))
  }
}
