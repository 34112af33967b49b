import { concat, toBase32, u32be, utf8, type Bytes } from '../../shared/bytes.js'
import { hash } from '../../shared/crypto/hash.js'
import { sign, signKeyPair } from '../../shared/crypto/sign.js'
import { commitmentOf, epochBoxPair } from '../../daemon/core/crypto/epoch.js'
import { boxKeyPair, keyedHash, pad, seal } from '../../daemon/core/crypto/seal.js'
import { seededRandom } from '../../daemon/core/vault/testing/devices.js'
import { EPOCH_KEY } from './chain.js'
import { hex, seed, type Json } from './people.js'

// The frozen vectors of what everything else is made of.

function hashJson(type: string, ...parts: readonly Bytes[]): Json {
  return { type, parts: parts.map(hex), hash: hex(hash(type, ...parts)) }
}

function keyedJson(key: Bytes, type: string, ...parts: readonly Bytes[]): Json {
  return { key: hex(key), type, parts: parts.map(hex), hash: hex(keyedHash(key, type, ...parts)) }
}

function signJson(type: string, body: Bytes): Json {
  const from = seed('signer')
  const pair = signKeyPair(from)
  const signature = hex(sign(type, body, pair.privateKey))
  return { seed: hex(from), publicKey: hex(pair.publicKey), type, body: hex(body), signature }
}

function padJson(plain: Bytes): Json {
  const padded = pad(plain)
  return { plain: hex(plain), length: padded.length, hash: hex(hash('vector', padded)) }
}

function aeadJson(plain: Bytes): Json {
  const [key, aad] = [seed('aead key'), utf8('place')]
  const sealed = seal(key, aad, plain, seededRandom('vectors: aead'))
  return { key: hex(key), aad: hex(aad), plain: hex(plain), sealed: hex(sealed) }
}

export function primitivesJson(): Json {
  const pair = boxKeyPair(seed('box'))
  return {
    hashes: [
      hashJson('entry'),
      hashJson('entry', utf8('abc')),
      hashJson('log', seed('one'), seed('two')),
      hashJson('change', seed('one'), u32be(999)),
    ],
    keyed: [
      keyedJson(seed('key'), 'key-file'),
      keyedJson(seed('key'), 'index', utf8('a'), concat(utf8('b'), utf8('c'))),
    ],
    signatures: [signJson('link', utf8('abc')), signJson('head', new Uint8Array(0))],
    boxPair: {
      seed: hex(seed('box')),
      publicKey: hex(pair.publicKey),
      privateKey: hex(pair.privateKey),
    },
    epoch: {
      key: hex(EPOCH_KEY),
      commitment: hex(commitmentOf(EPOCH_KEY)),
      box: hex(epochBoxPair(EPOCH_KEY).publicKey),
    },
    aead: [aeadJson(new Uint8Array(0)), aeadJson(utf8('hunter2'))],
    padding: [0, 7, 252, 253, 1020, 1021].map((length) =>
      padJson(new Uint8Array(length).fill(0x61)),
    ),
    base32: ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => ({
      bytes: hex(utf8(text)),
      text: toBase32(utf8(text)),
    })),
  }
}
