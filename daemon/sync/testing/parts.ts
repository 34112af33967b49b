import { hash } from '../../../shared/crypto/hash.js'
import { signKeyPair } from '../../../shared/crypto/sign.js'
import { CofferError } from '../../../shared/errors.js'
import { idOf, type EntryId, type LogHash, type VaultId } from '../../../shared/ids.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import type { VaultFacts } from '../../core/sync/port.js'
import { seededRandom } from '../../core/vault/testing/devices.js'
import type { RelayIdentity } from '../api.js'
import type { ConnectionParts } from '../connection.js'
import type { Timers } from '../timers.js'
import type { VaultPort } from '../vault-port.js'

export const VAULT = idOf<VaultId>(new Uint8Array(32).fill(1))
export const ENTRY = idOf<EntryId>(new Uint8Array(32).fill(2))

export function testRelayIdentity(): RelayIdentity {
  const pair = signKeyPair(hash('test-device'))
  const keys = { sign: pair.publicKey, box: hash('test-box') }
  return { deviceId: deviceIdOf(keys), keys, signPrivate: pair.privateKey }
}

export function connectionParts(timers: Timers): ConnectionParts {
  return { identity: testRelayIdentity(), random: seededRandom('sync'), timers }
}

/** `code/reason` of what a call fails with. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'none'
  } catch (error) {
    if (!(error instanceof CofferError)) throw error
    return `${error.code}/${error.reason}`
  }
}

/** A vault whose replica does nothing, with facts that a test sets. */
export class IdlePort implements VaultPort {
  readonly vaultId = VAULT
  readonly alarms: string[] = []
  state: VaultFacts = {
    cursor: { pos: 0, logHash: idOf<LogHash>(new Uint8Array(32)), generation: 0 },
    drafts: 0,
    draftSpan: { first: undefined, last: 0 },
    outbox: [],
    links: 1,
  }

  facts(): VaultFacts {
    return this.state
  }

  ingest(): ReturnType<VaultPort['ingest']> {
    return Promise.resolve([])
  }

  ingestChain(): Promise<void> {
    return Promise.resolve()
  }

  seal(): Promise<void> {
    return Promise.resolve()
  }

  chainEntries(): ReturnType<VaultPort['chainEntries']> {
    return Promise.resolve([new Uint8Array([1])])
  }

  rewind(): Promise<void> {
    return Promise.resolve()
  }

  adopt(): Promise<void> {
    return Promise.resolve()
  }

  takeBase(): ReturnType<VaultPort['takeBase']> {
    return Promise.resolve([])
  }

  restoreLost(): Promise<void> {
    return Promise.resolve()
  }

  confirm(): Promise<void> {
    return Promise.resolve()
  }

  signedHead(): ReturnType<VaultPort['signedHead']> {
    return Promise.resolve(new Uint8Array([2]))
  }

  checkHead(): ReturnType<VaultPort['checkHead']> {
    return Promise.resolve([])
  }

  alarm({ reason }: { readonly reason: string }): void {
    this.alarms.push(reason)
  }
}
