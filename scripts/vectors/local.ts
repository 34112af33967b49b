import { concat, u64be, utf8, type Bytes } from '../../shared/bytes.js'
import { domain } from '../../shared/crypto/hash.js'
import { idOf, type VaultId } from '../../shared/ids.js'
import { Secret } from '../../shared/redacted.js'
import {
  deriveLocalKeys,
  openLocal,
  sealLocal,
  type LocalKeys,
} from '../../daemon/core/crypto/passphrase.js'
import { keyedHash, seal } from '../../daemon/core/crypto/seal.js'
import { seededRandom } from '../../daemon/core/vault/testing/devices.js'
import { argon2id } from '../../daemon/keystore/argon2.js'
import { sealDevice } from '../../daemon/keystore/device.js'
import {
  encodeKeystore,
  parameterBytes,
  type KeystoreOpener,
} from '../../daemon/keystore/format.js'
import { keyFileText } from '../../daemon/keystore/key-file.js'
import { ANN } from './chain.js'
import { hex, seed, type Json } from './people.js'

// The local files of the frozen vectors.

export const PASSPHRASE = 'correct horse battery staple'

type Opened = { readonly opener: KeystoreOpener; readonly key: Secret }

function keystore({ opener, key }: Opened, root: Secret, name: string): Bytes {
  const random = seededRandom(`vectors: ${name}`)
  const wrapped = sealLocal('keystore', key, parameterBytes(opener), root, random)
  const again = openLocal('keystore', key, parameterBytes(opener), wrapped)
  if (hex(again.reveal()) !== hex(root.reveal())) throw new TypeError('a keystore does not open')
  return encodeKeystore({ opener, wrapped })
}

/** Argon2id at the floor of memory: the passphrase's keystore. */
async function byPassphrase(): Promise<Opened> {
  const body = { time: 3, memory: 64 * 1024, salt: seed('salt').slice(0, 16) }
  const key = await argon2id(new Secret(utf8(PASSPHRASE)), body)
  return { opener: { kind: 'passphrase', body }, key }
}

function byKeyFile(): Opened & { readonly text: string } {
  const key = seed('key file')
  const opener = { kind: 'keyFile' as const, body: { path: 'key' } }
  return { opener, key: new Secret(keyedHash(key, 'key-file')), text: keyFileText(key) }
}

function deviceJson(keys: LocalKeys): Json {
  const record = {
    signSeed: ANN.signSeed,
    boxSeed: ANN.boxSeed,
    userId: ANN.userId,
    name: 'Ann',
    email: 'ann@example.org',
    device: 'laptop',
  }
  const file = sealDevice(keys, record, seededRandom('vectors: device'))
  const seeds = { signSeed: hex(record.signSeed), boxSeed: hex(record.boxSeed) }
  return { file: hex(file), record: { ...record, ...seeds } }
}

/** One record of an ordered table and one of a hashed one, as the local database keeps them. */
function recordsJson({ cache, index }: LocalKeys): Json {
  const random = seededRandom('vectors: records')
  const vaultId = idOf<VaultId>(seed('some vault'))
  const vault = seed('some vault')
  const place = concat(domain('store'), vault)
  const row = (name: string, dbKey: Bytes, plain: Bytes): Json => {
    const entry = seal(cache.reveal(), concat(place, dbKey), plain, random)
    return { name, dbKey: hex(dbKey), entry: hex(entry), plain: hex(plain) }
  }
  const log = Uint8Array.of(0x67)
  const change = Uint8Array.of(0x63)
  const key = seed('some change')
  const hashed = keyedHash(index.reveal(), 'index', vault, change, key)
  const value = utf8('value')
  return {
    vaultId,
    key: hex(key),
    rows: [
      row('ordered', concat(log, u64be(7)), value),
      row('hashed', concat(change, hashed), concat(Uint8Array.of(0, key.length), key, value)),
    ],
  }
}

export type Local = {
  readonly [key: string]: Json
  readonly passphrase: { readonly passphrase: string; readonly keystore: string }
}

export async function localJson(): Promise<Local> {
  const root = new Secret(seed('root'))
  const keys = deriveLocalKeys(root)
  const file = byKeyFile()
  return {
    root: hex(root.reveal()),
    keys: {
      deviceStore: hex(keys.deviceStore.reveal()),
      cache: hex(keys.cache.reveal()),
      index: hex(keys.index.reveal()),
    },
    passphrase: {
      passphrase: PASSPHRASE,
      keystore: hex(keystore(await byPassphrase(), root, 'a')),
    },
    keyFile: { text: file.text, keystore: hex(keystore(file, root, 'b')) },
    device: deviceJson(keys),
    records: recordsJson(keys),
  }
}
