import { chmodSync, existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal, fromHex, toHex, utf8 } from '../../shared/bytes.js'
import { cryptoReady, hash } from '../../shared/crypto/hash.js'
import { systemRandom } from '../random.js'
import { idOf, type UserId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { Secret } from '../../shared/redacted.js'
import { deriveLocalKeys, openLocal, sealLocal } from '../core/crypto/passphrase.js'
import { keyedHash } from '../core/crypto/seal.js'
import { inHome } from '../home/testing/home.js'
import { argon2id, type Stretch } from './argon2.js'
import { deviceOf, freshDevice, readDevice, writeDevice } from './device.js'
import { decodeKeystore, encodeKeystore, parameterBytes, type KeystoreOpener } from './format.js'
import { keyFileText, parseKeyFile } from './key-file.js'
import { changeOpener, createKeystore, openerKind, openKeystore, type Opener } from './keystore.js'
import { refusal, verdictOf } from '../../shared/testing/refusal.js'

await cryptoReady

// Argon2id's place in all tests but its own.
const quick: Stretch = (passphrase, { salt }) =>
  Promise.resolve(new Secret(hash('test', passphrase.reveal(), salt)))
const tools = { random: systemRandom, stretch: quick, env: {} }

// Python: nacl.pwhash.argon2id.kdf(32, b'correct horse', bytes(range(16)), 3, 64 * 2**20).
const ARGON2ID = 'e3c889ca40ed01e6b6771fc8a5bf16e35ad60b41c9bd5d7e6d63adf51e50b0fd'
// Python: hashlib.blake2b(b'', digest_size=32, key=bytes(range(32)), salt=i.to_bytes(16, 'little'),
// person=b'coffer__' + bytes(8)) for i in 1, 2, 3.
const DERIVED = [
  '98e2e93aafa359b4380d7e404cc8684a24fcc0a071824ff659bff1d3118a0154',
  'ea64bb1cfafdb6de918b60abdffe325780f72e6b3f2cafe8ada770f7b4a590ef',
  'd20d94d3465aba12871bcd9c3a34acb7c1f0f8ab3e2620af24dfce5c4743fcb2',
]

const passphrase = (text: string): Opener => ({
  kind: 'passphrase',
  passphrase: new Secret(utf8(text)),
})

test('the passphrase that made it opens it, another does not', () =>
  inHome(async (home) => {
    const root = await createKeystore(home, passphrase('right'), 64, tools)
    assert.is(openerKind(home), 'passphrase')
    const opened = await openKeystore(home, passphrase('right'), tools)
    assert.ok(equal(opened.reveal(), root.reveal()))
    const wrong = await refusal(() => openKeystore(home, passphrase('wrong'), tools))
    assert.is(wrong.code, 'cannot-decrypt')
    assert.ok(wrong.next)
    assert.is((await refusal(() => openKeystore(home, undefined, tools))).code, 'locked')
    const file = await refusal(() => openKeystore(home, { kind: 'key-file', path: '/x' }, tools))
    assert.is(file.code, 'locked')
    assert.not(readFileSync(home.file('keystore')).includes(Buffer.from(root.reveal())))
  }))

test('a changed byte anywhere in the keystore opens nothing', () =>
  inHome(async (home) => {
    const root = await createKeystore(home, passphrase('p'), 64, tools)
    const good = new Uint8Array(readFileSync(home.file('keystore')))
    for (let i = 0; i < good.length; i++) {
      const bad = good.slice()
      bad[i] = (bad[i] ?? 0) ^ 1
      writeFileSync(home.file('keystore'), bad)
      const { code } = await refusal(() => openKeystore(home, passphrase('p'), tools))
      assert.ok(
        ['cannot-decrypt', 'format', 'home', 'tampering', 'limit', 'locked'].includes(code),
        `byte ${i}: ${code}`,
      )
    }
    for (let length = 0; length < good.length; length++) {
      writeFileSync(home.file('keystore'), good.subarray(0, length))
      assert.is((await refusal(() => openKeystore(home, passphrase('p'), tools))).code, 'format')
    }
    writeFileSync(home.file('keystore'), good)
    assert.ok(equal((await openKeystore(home, passphrase('p'), tools)).reveal(), root.reveal()))
  }))

test('Argon2id parameters out of bounds are refused before any work', async () => {
  const wrapped = new Uint8Array(72)
  const salt = new Uint8Array(16)
  const keystore = (memory: number, time: number): Uint8Array =>
    encodeKeystore({ opener: { kind: 'passphrase', body: { memory, time, salt } }, wrapped })
  const cases = [
    [LIMITS.argon2MemoryMin - 1, 3, 'tampering/weak-parameters'],
    [LIMITS.argon2MemoryMin, 2, 'tampering/weak-parameters'],
    [LIMITS.argon2MemoryMax + 1, 3, 'limit/costly-parameters'],
    [LIMITS.argon2MemoryMin, 17, 'limit/costly-parameters'],
  ] as const
  for (const [memory, time, verdict] of cases) {
    assert.is(
      verdictOf(() => decodeKeystore(keystore(memory, time))),
      verdict,
    )
    const direct = await refusal(() => argon2id(new Secret(utf8('p')), { memory, time, salt }))
    assert.is(`${direct.code}/${direct.reason}`, verdict)
  }
  decodeKeystore(keystore(LIMITS.argon2MemoryMin, 3))
  decodeKeystore(keystore(LIMITS.argon2MemoryMax, 16))
})

test("Argon2id is libsodium's, in a thread", async () => {
  const salt = Uint8Array.from({ length: 16 }, (_, i) => i)
  const key = await argon2id(new Secret(utf8('correct horse')), { time: 3, memory: 65_536, salt })
  assert.is(toHex(key.reveal()), ARGON2ID)
})
test('a key file opens; only init makes it; it must be ours alone', () =>
  inHome(async (home) => {
    const path = join(home.path, '..', 'key')
    const opener = { kind: 'key-file', path } as const
    const root = await createKeystore(home, opener, undefined, tools)
    assert.is(lstatSync(path).mode & 0o7777, 0o600)
    assert.match(readFileSync(path, 'utf8'), /^coffer-key-file 1\n[a-z2-7]{52}\n$/)
    assert.is(openerKind(home), 'key-file')
    assert.ok(equal((await openKeystore(home, undefined, tools)).reveal(), root.reveal()))
    assert.is((await refusal(() => createKeystore(home, opener, undefined, tools))).code, 'exists')
    chmodSync(path, 0o644)
    assert.is((await refusal(() => openKeystore(home, undefined, tools))).reason, 'file-mode')
    chmodSync(path, 0o600)
    const good = readFileSync(path)
    writeFileSync(path, keyFileText(systemRandom(32)))
    assert.is((await refusal(() => openKeystore(home, undefined, tools))).reason, 'wrong-key-file')
    writeFileSync(path, 'coffer-key-file 1\n')
    assert.is((await refusal(() => openKeystore(home, undefined, tools))).reason, 'key-file')
    writeFileSync(join(home.path, '..', 'moved'), good, { mode: 0o600 })
    const moved = { kind: 'key-file', path: join(home.path, '..', 'moved') } as const
    assert.ok(equal((await openKeystore(home, moved, tools)).reveal(), root.reveal()))
    const missing = await refusal(() => openKeystore(home, { ...opener, path: '/none' }, tools))
    assert.is(missing.code, 'cannot-decrypt')
  }))

test('a key file in the home moves with it, and systemd may bring it', () =>
  inHome(async (home) => {
    const path = join(home.path, 'key')
    await createKeystore(home, { kind: 'key-file', path }, undefined, tools)
    const { opener } = decodeKeystore(new Uint8Array(readFileSync(home.file('keystore'))))
    assert.equal(opener, { kind: 'keyFile', body: { path: 'key' } })
    const credentials = join(home.path, '..')
    writeFileSync(join(credentials, 'coffer-key'), readFileSync(path), { mode: 0o440 })
    chmodSync(path, 0o666)
    const env = { CREDENTIALS_DIRECTORY: credentials }
    await openKeystore(home, undefined, { ...tools, env })
    assert.is((await refusal(() => openKeystore(home, undefined, tools))).reason, 'file-mode')
  }))

test('the worked keystores of the specification', () => {
  const root = new Secret(new Uint8Array(32).fill(1))
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(3)
  const made = (opener: KeystoreOpener, key: Secret): string =>
    toHex(
      encodeKeystore({
        opener,
        wrapped: sealLocal('keystore', key, parameterBytes(opener), root, random),
      }),
    )
  const fileKey = new Secret(keyedHash(new Uint8Array(32).fill(2), 'key-file'))
  assert.is(
    made({ kind: 'keyFile', body: { path: 'key' } }, fileKey),
    'a200a300010101028202a100636b6579015848' +
      '030303030303030303030303030303030303030303030303' +
      '10d94d0b81109293bae87afacf52b8150a903d7d56aff94c676b2f3d8da589c1' +
      '2b5cfdf395380c47cd96d42fa64def7a',
  )
  const salt = Uint8Array.from({ length: 16 }, (_, i) => i)
  const key = new Secret(fromHex(ARGON2ID) ?? salt)
  assert.is(
    made({ kind: 'passphrase', body: { time: 3, memory: 65_536, salt } }, key),
    'a200a300010101028201a30003011a000100000250000102030405060708090a0b0c0d0e0f015848' +
      '030303030303030303030303030303030303030303030303' +
      'aa8c5443ab389828e82e3e9199753050e23430f20d130ff3f52d18077d0b2f77' +
      'f80cfc9acc3e626c792bcd6c134a1315',
  )
})

test('key files are parsed strictly', () => {
  const key = systemRandom(32)
  assert.is(toHex(parseKeyFile(utf8(keyFileText(key))) ?? utf8('')), toHex(key))
  const text = keyFileText(key)
  for (const bad of [
    '',
    text.trim(),
    `${text}\n`,
    text.toUpperCase(),
    text.replace(' 1', ' 2'),
    ` ${text}`,
  ]) {
    assert.is(parseKeyFile(utf8(bad)), undefined)
  }
})

test('changing the opener keeps the root, and the old one opens no more', () =>
  inHome(async (home) => {
    const root = await createKeystore(home, passphrase('old'), 64, tools)
    const before = readFileSync(home.file('keystore'))
    const bad = await refusal(() =>
      changeOpener(home, passphrase('x'), passphrase('new'), 64, tools),
    )
    assert.is(bad.code, 'cannot-decrypt')
    assert.ok(readFileSync(home.file('keystore')).equals(before))
    await changeOpener(home, passphrase('old'), passphrase('new'), 64, tools)
    assert.is(
      (await refusal(() => openKeystore(home, passphrase('old'), tools))).code,
      'cannot-decrypt',
    )
    assert.ok(equal((await openKeystore(home, passphrase('new'), tools)).reveal(), root.reveal()))
    const path = join(home.path, '..', 'key')
    await changeOpener(home, passphrase('new'), { kind: 'key-file', path }, undefined, tools)
    assert.ok(equal((await openKeystore(home, undefined, tools)).reveal(), root.reveal()))
    assert.ok(existsSync(path))
  }))

test('a passphrase has a length', () =>
  inHome(async (home) => {
    for (const text of ['', 'x'.repeat(1025)]) {
      const error = await refusal(() => createKeystore(home, passphrase(text), 64, tools))
      assert.is(error.code, 'usage')
    }
  }))

test('the device file opens under its home alone, and hides how long its labels are', () =>
  inHome(async (home) => {
    const keys = deriveLocalKeys(new Secret(systemRandom(32)))
    const userId = idOf<UserId>(systemRandom(16))
    const record = freshDevice(
      { userId, name: 'Ada', email: 'ada@example.org', device: 'laptop' },
      systemRandom,
    )
    writeDevice(home, keys, record, systemRandom)
    const size = lstatSync(home.file('device')).size
    assert.equal(readDevice(home, keys), record)
    const device = deviceOf(record)
    assert.is(device.deviceId, deviceOf(readDevice(home, keys)).deviceId)
    assert.is(device.name, 'Ada')
    const other = deriveLocalKeys(new Secret(systemRandom(32)))
    assert.is((await refusal(() => readDevice(home, other))).code, 'cannot-decrypt')
    writeDevice(home, keys, { ...record, name: 'Augusta Ada King' }, systemRandom)
    assert.is(lstatSync(home.file('device')).size, size)
    assert.not(readFileSync(home.file('device')).includes('Augusta'))
  }))

test('local keys differ from each other and from the root; a box is of its type', async () => {
  const root = new Secret(Uint8Array.from({ length: 32 }, (_, i) => i))
  const { deviceStore, cache, index } = deriveLocalKeys(root)
  const all = [root, deviceStore, cache, index].map((key) => toHex(key.reveal()))
  assert.is(new Set(all).size, 4)
  assert.equal(all.slice(1), DERIVED)
  const box = sealLocal('a', cache, utf8('aad'), root, systemRandom)
  assert.is(toHex(openLocal('a', cache, utf8('aad'), box).reveal()), all[0])
  assert.is((await refusal(() => openLocal('b', cache, utf8('aad'), box))).code, 'cannot-decrypt')
  assert.is((await refusal(() => openLocal('a', cache, utf8(''), box))).code, 'cannot-decrypt')
})
test.run()
