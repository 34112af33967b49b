import { concat, equal, fromBase32, toBase32 } from '../../../shared/bytes.js'
import {
  decode,
  encode,
  fixed,
  id,
  opt,
  req,
  struct,
  text,
  uint,
  type TypeOf,
} from '../../../shared/codec.js'
import { hash } from '../../../shared/crypto/hash.js'
import { signKeyPair } from '../../../shared/crypto/sign.js'
import { CofferError } from '../../../shared/errors.js'
import type { RelayKey, UserId, VaultId } from '../../../shared/ids.js'
import { LIMITS } from '../../../shared/limits.js'
import { memberHeadCodec } from '../../../shared/log/link.js'
import { deviceIdOf, makeStatement } from '../../../shared/log/device.js'
import { boxKeyPair } from '../crypto/seal.js'
import type { Identity } from './chain.js'

/** What a machine needs to be a runner (SPEC section 8): where its vault is, what to trust there, its keys. */
export const tokenCodec = struct({
  url: req(0, text(LIMITS.relayUrl)),
  relay: req(1, id<RelayKey>()),
  vaultId: req(2, id<VaultId>()),
  /** The oldest chain that it accepts. */
  memberHead: req(3, memberHeadCodec),
  signSeed: req(4, fixed(32)),
  boxSeed: req(5, fixed(32)),
  userId: req(6, id<UserId>(16)),
  /** Milliseconds since 1970. */
  expires: req(7, uint()),
  /** PEM text of certificates trusted beside the system's, for the relay. */
  ca: opt(8, text(LIMITS.tokenCa)),
})
export type Token = TypeOf<typeof tokenCodec>

const PREFIX = 'coffer-token-1-'

/** One word without spaces. Whoever sees it can read what the runner can. */
export function formatToken(token: Token): string {
  const body = encode(tokenCodec, token)
  return `${PREFIX}${toBase32(concat(body, hash('token', body).subarray(0, 4)))}`
}

/** @throws CofferError `format` (reason `token`): cut off, changed, or of another version */
export function parseToken(typed: string): Token {
  const word = typed.trim()
  const all = word.startsWith(PREFIX) ? fromBase32(word.slice(PREFIX.length)) : undefined
  const body = all?.subarray(0, -4)
  if (all === undefined || body === undefined || all.length < 5) throw bad()
  if (!equal(hash('token', body).subarray(0, 4), all.subarray(-4))) throw bad()
  return decode(tokenCodec, body, 'a token', LIMITS.token)
}

function bad(): CofferError {
  return new CofferError('format', 'the token is cut off or changed', {
    reason: 'token',
    next: `give all of it, from ${PREFIX} to its end`,
  })
}

/** The machine that a token makes of its holder. */
export function identityOfToken({ signSeed, boxSeed, userId }: Token): Identity {
  const [sign, box] = [signKeyPair(signSeed), boxKeyPair(boxSeed)]
  const keys = { sign: sign.publicKey, box: box.publicKey }
  const statement = makeStatement(keys, userId, sign.privateKey)
  return { device: deviceIdOf(keys), userId, statement, sign, box }
}
