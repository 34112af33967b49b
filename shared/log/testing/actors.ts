import { utf8, type Bytes } from '../../bytes.js'
import { encode } from '../../codec.js'
import { hash } from '../../crypto/hash.js'
import { sign, signKeyPair, type SignKeyPair } from '../../crypto/sign.js'
import { idOf, type DeviceId, type InviteKey, type UserId } from '../../ids.js'
import { inviteSeed } from '../code.js'
import { deviceIdOf, makeStatement, type DeviceKeys, type DeviceStatement } from '../device.js'
import {
  encodeWraps,
  joinRequestBodyCodec,
  type JoinRequest,
  type JoinRequestBody,
} from '../link.js'
import { ROLES, type Role } from '../roles.js'

// For tests only: people and devices whose keys come from their names, and what they sign.

export type Actor = {
  readonly id: DeviceId
  readonly userId: UserId
  readonly keys: DeviceKeys
  readonly pair: SignKeyPair
  readonly statement: DeviceStatement
}

export const seed = (type: string, name: string): Bytes => hash(`test-${type}`, utf8(name))

const actors = new Map<string, Actor>()

/** The device `user/name`; what stands before the slash is its person. */
export function actor(name: string, userId = userOf(name.split('/')[0] ?? name)): Actor {
  const key = `${name} ${userId}`
  const made = actors.get(key) ?? makeActor(name, userId)
  actors.set(key, made)
  return made
}

function makeActor(name: string, userId: UserId): Actor {
  const pair = signKeyPair(seed('sign', name))
  const keys = { sign: pair.publicKey, box: seed('box', name) }
  const statement = makeStatement(keys, userId, pair.privateKey)
  return { id: deviceIdOf(keys), userId, keys, pair, statement }
}

export function userOf(name: string): UserId {
  return idOf(seed('user', name).slice(0, 16))
}

export function inviteOf(name: string): { key: InviteKey; pair: SignKeyPair } {
  const pair = signKeyPair(inviteSeed(seed('invite', name).slice(0, 13)))
  return { key: idOf(pair.publicKey), pair }
}

/** A request signed by whom it should be, unless an attack says otherwise. */
export function joinRequest(
  body: JoinRequestBody,
  invite: SignKeyPair,
  device: SignKeyPair,
): JoinRequest {
  const bytes = encode(joinRequestBodyCodec, body)
  return {
    body: bytes,
    inviteSignature: sign('join-invite', bytes, invite.privateKey),
    deviceSignature: sign('join-device', bytes, device.privateKey),
  }
}

/** A table of wraps with boxes that hold nothing, for checks that never open them. */
export function emptyWraps(...devices: readonly DeviceId[]): { bytes: Bytes; hash: Bytes } {
  return encodeWraps(devices.map((device) => ({ device, box: new Uint8Array(148) })))
}

export function roleOf(word: string): Role {
  return ROLES.find((role) => role === word) ?? 'reader'
}
