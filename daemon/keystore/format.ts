import type { Bytes } from '../../shared/bytes.js'
import {
  decode,
  encode,
  fixed,
  req,
  struct,
  text,
  uint,
  variant,
  type TypeOf,
} from '../../shared/codec.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { WRAPPED_BYTES } from '../core/crypto/passphrase.js'

// `keystore` (SPEC section 4): what opens the local root. Everything but the box is authenticated with it.

const VERSION = 1
const SUITE = 1

const passphraseCodec = struct({
  /** Argon2id passes. */
  time: req(0, uint()),
  /** Argon2id memory in KiB. */
  memory: req(1, uint()),
  salt: req(2, fixed(16)),
})
export type PassphraseParameters = TypeOf<typeof passphraseCodec>

const keyFileCodec = struct({
  /** Absolute, or relative to the home when the file stands in it. */
  path: req(0, text(LIMITS.path)),
})

const openerCodec = variant({ passphrase: [1, passphraseCodec], keyFile: [2, keyFileCodec] })

const parametersCodec = struct({
  version: req(0, uint(255)),
  suite: req(1, uint(255)),
  opener: req(2, openerCodec),
})

const keystoreCodec = struct({
  parameters: req(0, parametersCodec),
  /** `sealLocal('keystore', …)` of the root, the parameters' bytes authenticated. */
  wrapped: req(1, fixed(WRAPPED_BYTES)),
})

export type KeystoreOpener = TypeOf<typeof openerCodec>
export type Keystore = { readonly opener: KeystoreOpener; readonly wrapped: Bytes }

/** The bytes authenticated with the wrapped root: the whole parameter part. */
export function parameterBytes(opener: KeystoreOpener): Bytes {
  return encode(parametersCodec, { version: VERSION, suite: SUITE, opener })
}

export function encodeKeystore({ opener, wrapped }: Keystore): Bytes {
  return encode(keystoreCodec, { parameters: { version: VERSION, suite: SUITE, opener }, wrapped })
}

/**
 * @throws CofferError `format` for another shape, `home` (reason `newer`) for another version or suite, and for
 * Argon2id parameters under the floor `tampering`, over the ceiling `limit`: before any work is done with them.
 */
export function decodeKeystore(bytes: Bytes): Keystore {
  const { parameters, wrapped } = decode(keystoreCodec, bytes, 'the keystore', LIMITS.homeFile)
  if (parameters.version !== VERSION || parameters.suite !== SUITE) {
    throw new CofferError('home', 'the keystore was made by a newer coffer', {
      reason: 'newer',
      next: 'upgrade coffer on this machine',
    })
  }
  if (parameters.opener.kind === 'passphrase') checkParameters(parameters.opener.body)
  return { opener: parameters.opener, wrapped }
}

/** Refuses Argon2id parameters that someone weakened (`tampering`) or that would exhaust the machine (`limit`). */
export function checkParameters({ time, memory }: PassphraseParameters): void {
  if (memory < LIMITS.argon2MemoryMin || time < LIMITS.argon2Time) {
    throw new CofferError('tampering', 'the keystore asks for less work than coffer ever sets', {
      reason: 'weak-parameters',
      next: 'bring the keystore back from a backup',
    })
  }
  if (memory > LIMITS.argon2MemoryMax || time > LIMITS.argon2TimeMax) {
    throw new CofferError('limit', 'the keystore asks for more work than coffer ever sets', {
      reason: 'costly-parameters',
      next: 'bring the keystore back from a backup',
    })
  }
}
