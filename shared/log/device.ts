import { concat, type Bytes } from '../bytes.js'
import { encode, fixed, id, req, struct, type TypeOf } from '../codec.js'
import { hash } from '../crypto/hash.js'
import { sign, verify } from '../crypto/sign.js'
import { idOf, type DeviceId, type UserId } from '../ids.js'

/** A device's two public keys; none is used for two purposes (SPEC section 4). */
export const deviceKeysCodec = struct({
  /** Ed25519. */
  sign: req(0, fixed(32)),
  /** X25519. */
  box: req(1, fixed(32)),
})
export type DeviceKeys = TypeOf<typeof deviceKeysCodec>

/** A device's own word that these keys belong together and to this user. */
export const statementCodec = struct({
  keys: req(0, deviceKeysCodec),
  userId: req(1, id<UserId>(16)),
  signature: req(2, fixed(64)),
})
export type DeviceStatement = TypeOf<typeof statementCodec>

/** BLAKE2b-256 over the two public keys. */
export function deviceIdOf(keys: DeviceKeys): DeviceId {
  return idOf(hash('device', keys.sign, keys.box))
}

const unsignedCodec = struct({ keys: req(0, deviceKeysCodec), userId: req(1, id<UserId>(16)) })

function statementBody(keys: DeviceKeys, userId: UserId): Bytes {
  return encode(unsignedCodec, { keys, userId })
}

/** The statement of the device whose signing key is `privateKey`. */
export function makeStatement(
  keys: DeviceKeys,
  userId: UserId,
  privateKey: Bytes,
): DeviceStatement {
  const signature = sign('device-statement', statementBody(keys, userId), privateKey)
  return { keys, userId, signature }
}

/** Whether the device itself signed the statement. */
export function statementHolds({ keys, userId, signature }: DeviceStatement): boolean {
  return verify('device-statement', signature, statementBody(keys, userId), keys.sign)
}

/** Canonical bytes of a statement: what a fingerprint covers. */
export function statementBytes(statement: DeviceStatement): Bytes {
  return concat(statementBody(statement.keys, statement.userId), statement.signature)
}
