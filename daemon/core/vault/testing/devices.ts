import { concat, toHex, utf8, type Bytes } from '../../../../shared/bytes.js'
import { hash } from '../../../../shared/crypto/hash.js'
import type { Random } from '../../../../shared/crypto/random.js'
import { signKeyPair } from '../../../../shared/crypto/sign.js'
import { bytesOf, idOf, type UserId } from '../../../../shared/ids.js'
import { deviceIdOf, makeStatement } from '../../../../shared/log/device.js'
import { encodeWraps } from '../../../../shared/log/link.js'
import { sealLabel, vaultContext, wrapFor } from '../../crypto/epoch.js'
import { boxKeyPair } from '../../crypto/seal.js'
import type { Identity } from '../chain.js'
import { loadReplica } from '../load.js'
import { LOADED, type Env, type Op, type Row, type Table } from '../records.js'
import type { Replica } from '../replica.js'

// For tests only: identities and stores that can be replayed.

/** A replayable source of bytes. */
export function seededRandom(seed: string): Random {
  let n = 0
  return (length) => {
    const blocks: Bytes[] = []
    for (let have = 0; have < length; have += 32) blocks.push(hash('test', utf8(`${seed}/${n++}`)))
    return concat(...blocks).slice(0, length)
  }
}

export function testIdentity(seed: string, user = 'user'): Identity {
  const sign = signKeyPair(hash('test-sign', utf8(seed)))
  const box = boxKeyPair(hash('test-box', utf8(seed)))
  const userId = idOf<UserId>(hash('test-user', utf8(user)).slice(0, 16))
  const keys = { sign: sign.publicKey, box: box.publicKey }
  const statement = makeStatement(keys, userId, sign.privateKey)
  return { device: deviceIdOf(keys), userId, statement, sign, box }
}

/** Records in memory; what a crash leaves. */
export class TestStore {
  readonly #records = new Map<string, Row>()

  write(ops: readonly Op[]): void {
    for (const { table, key, value } of ops) {
      const at = `${table}/${toHex(key)}`
      if (value === undefined) this.#records.delete(at)
      else this.#records.set(at, { table, key, value })
    }
  }

  get(table: Table, key: Bytes): Bytes | undefined {
    return this.#records.get(`${table}/${toHex(key)}`)?.value
  }

  /** The records as they are now: a backup. */
  copy(): TestStore {
    const copy = new TestStore()
    copy.write([...this.#records.values()])
    return copy
  }

  rows(): Row[] {
    return [...this.#records.values()].filter((row) => LOADED.includes(row.table))
  }

  /** All records as text, sorted: two stores that hold the same compare equal. */
  dump(): string[] {
    return [...this.#records].map(([at, row]) => `${at} ${toHex(row.value)}`).toSorted()
  }
}

/** A device with its store and a replica of one vault. */
export type TestDevice = { identity: Identity; store: TestStore; env: Env; replica: Replica }

export function testEnv(
  seed: string,
  now: () => number = () => 1_000_000,
): { store: TestStore; env: Env } {
  const store = new TestStore()
  return { store, env: { random: seededRandom(seed), now, reader: store } }
}

/** The replica as a restart would find it. */
export function reload(device: TestDevice): Replica {
  return loadReplica(device.env, device.identity, device.replica.vaultId, device.store.rows())
}

/** A link entry by which `author` lets `joiner`, a device of its own user, in. */
export function addDeviceEntry(author: TestDevice, joiner: Identity): Bytes {
  const { replica, env, store } = author
  const { epoch, key } = replica.chain.current()
  const wraps = encodeWraps(
    wrapFor(key, vaultContext(replica.vaultId), epoch, [joiner.statement.keys]),
  )
  const label = sealLabel(key, bytesOf(joiner.device), 'joiner', env.random)
  const body = { statement: joiner.statement, role: 'owner' as const, wraps: wraps.hash, label }
  const { ops, entry } = replica.propose({ kind: 'add-device', body }, wraps.bytes)
  store.write(ops)
  return entry
}
