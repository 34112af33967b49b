import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../shared/bytes.js'
import { LIMITS } from '../../shared/limits.js'
import { Secret } from '../../shared/redacted.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { openPrivateKey, readPublicKey } from './keys.js'
import {
  decryptUnder,
  decryptWith,
  encryptTo,
  encryptUnder,
  signClear,
  signDetached,
  verifyDetached,
  verifySigned,
} from './messages.js'
import { library } from './library.js'
import { gpg } from './testing/gpg.js'

// Every message goes through Debian's gpg, one way or the other.

const TEXT = 'first line\nsecond, with ü and a trailing word \n'
const other = gpg()
const [ANN, EVE] = ['Ann <ann@example.org>', 'Eve <eve@example.org>']
other.make(ANN)
other.make(EVE, ['rsa2048', 'default', 'never'])
const now = new Date()
const ann = await readPublicKey(other.publicKey(ANN), 'encrypt', now)
const eve = await readPublicKey(other.publicKey(EVE), 'verify', now)
const annPrivate = await openPrivateKey({ armored: other.privateKey(ANN), passphrase: undefined })
const evePrivate = await openPrivateKey({ armored: other.privateKey(EVE), passphrase: undefined })
const secret = (text: string) => new Secret(utf8(text))

/** A copy with one character in the middle of its data changed. */
function bent(armored: string): string {
  const at = armored.indexOf('\n\n') + 2 + Math.floor((armored.length - 200) / 2)
  const from = armored.slice(at).search(/[A-Za-z0-9]/) + at
  return armored.slice(0, from) + (armored[from] === 'x' ? 'y' : 'x') + armored.slice(from + 1)
}

test('gpg opens what was encrypted to its key, and names the signer', async () => {
  assert.is(ann.fingerprint.length, 40)
  assert.equal(ann.users, [ANN])
  const message = await encryptTo(ann, TEXT, evePrivate)
  assert.is(other.run(['--decrypt'], message), TEXT)
  const status = other.run(['--status-fd', '1', '--decrypt'], message)
  assert.match(status, new RegExp(`GOODSIG .*Eve`))
  assert.is(await decryptWith(annPrivate, message, eve), TEXT)
})

test('what gpg encrypted and signed opens here', async () => {
  const message = other.run(
    ['--armor', '--trust-model', 'always', '--local-user', EVE, '--sign', '--encrypt', '-r', ANN],
    TEXT,
  )
  assert.is(await decryptWith(annPrivate, message, eve), TEXT)
  assert.is(await decryptWith(annPrivate, message, undefined), TEXT)
  const by = (signer: typeof eve) => refusedWith(() => decryptWith(annPrivate, message, signer))
  assert.equal(await by(ann), ['tampering', 'pgp-other-signer'])
  const unsigned = await encryptTo(ann, TEXT)
  assert.equal(await refusedWith(() => decryptWith(annPrivate, unsigned, eve)), [
    'tampering',
    'pgp-unsigned',
  ])
  assert.equal(await refusedWith(() => decryptWith(evePrivate, message, undefined)), [
    'cannot-decrypt',
    'pgp-wrong-key',
  ])
  assert.equal(await refusedWith(() => decryptWith(annPrivate, bent(unsigned), undefined)), [
    'cannot-decrypt',
    'pgp-cannot-open',
  ])
})

test('under a passphrase, both ways', async () => {
  const message = await encryptUnder(secret('long and random'), TEXT)
  const args = ['--passphrase', 'long and random', '--decrypt']
  assert.is(other.run(args, message), TEXT)
  const theirs = other.run(['--passphrase', 'theirs', '--armor', '--symmetric'], TEXT)
  assert.is(await decryptUnder(secret('theirs'), theirs), TEXT)
  const wrong = ['cannot-decrypt', 'pgp-cannot-open']
  for (const bad of [bent(message), message]) {
    assert.equal(await refusedWith(() => decryptUnder(secret('wrong'), bad)), wrong)
  }
  assert.equal(
    await refusedWith(() => decryptUnder(secret('long and random'), bent(message))),
    wrong,
  )
})

test('signed texts, both ways', async () => {
  const clear = other.run(['--local-user', ANN, '--clearsign'], TEXT)
  assert.match(await verifySigned(ann, clear), /^first line\r?\nsecond/)
  const inside = other.run(['--local-user', ANN, '--armor', '--sign'], TEXT)
  assert.is(await verifySigned(ann, inside), TEXT)
  const apart = other.run(['--local-user', ANN, '--armor', '--detach-sign'], TEXT)
  await verifyDetached(ann, TEXT, apart)
  assert.equal(await refusedWith(() => verifyDetached(ann, `${TEXT}.`, apart)), [
    'tampering',
    'pgp-signature',
  ])
  const altered = clear.replace('first', 'worst')
  assert.equal(await refusedWith(() => verifySigned(ann, altered)), ['tampering', 'pgp-signature'])
  assert.equal(await refusedWith(() => verifySigned(eve, clear)), ['tampering', 'pgp-other-signer'])
  const own = await signClear(annPrivate, TEXT)
  assert.match(other.run(['--status-fd', '1', '--verify'], own), /GOODSIG .*Ann/)
  const detached = await signDetached(annPrivate, TEXT)
  await verifyDetached(ann, TEXT, detached)
})

test('what is no message, cut off, or too large', async () => {
  const message = await encryptUnder(secret('p'), TEXT)
  for (const bad of ['', 'hello', message.slice(0, -60), message.slice(20), 'x'.repeat(1000)]) {
    assert.equal(await refusedWith(() => decryptUnder(secret('p'), bad)), ['format', 'pgp-message'])
    assert.equal(await refusedWith(() => verifySigned(ann, bad)), ['format', 'pgp-message'])
  }
  const large = 'x'.repeat(LIMITS.pgpMessage + 1)
  assert.equal(await refusedWith(() => decryptUnder(secret('p'), large)), ['limit', 'oversize'])
  // A bomb: small when it comes, large when it is unpacked.
  const bomb = other.run(
    ['--passphrase', 'p', '--compress-algo', 'zlib', '--armor', '--symmetric'],
    '0'.repeat(8 * LIMITS.pgpText),
  )
  assert.ok(bomb.length < LIMITS.pgpMessage)
  assert.equal((await refusedWith(() => decryptUnder(secret('p'), bomb)))[0], 'cannot-decrypt')
})

test('keys that are not sound are refused, each for its reason', async () => {
  const read = (armored: string, at = now) =>
    refusedWith(() => readPublicKey(armored, 'encrypt', at))
  const { generateKey, revokeKey } = await library()
  assert.equal(await read('no key'), ['format', 'pgp-key'])
  assert.equal(await read(other.publicKey('example.org')), ['format', 'pgp-key'])
  assert.equal(await read(other.privateKey(ANN)), ['format', 'pgp-private-key'])
  assert.equal(await read('x'.repeat(LIMITS.pgpKey + 1)), ['limit', 'oversize'])
  const userIDs = { name: 'Old' }
  const day = 24 * 3600 * 1000
  const { publicKey: dated } = await generateKey({ userIDs, keyExpirationTime: 3600 })
  const later = new Date(now.getTime() + day)
  assert.equal(await read(dated, later), ['expired', 'pgp-key-expired'])
  const { privateKey } = await generateKey({ userIDs, format: 'object' })
  const { publicKey: revoked } = await revokeKey({ key: privateKey })
  assert.equal(await read(revoked, later), ['refused', 'pgp-key-revoked'])
  const { publicKey: signOnly } = await generateKey({ userIDs, subkeys: [{ sign: true }] })
  assert.equal(await read(signOnly), ['refused', 'pgp-no-encryption-key'])
  other.make('Signs <signs@example.org>', ['ed25519', 'sign', 'never'])
  assert.equal(await read(other.publicKey('signs@example.org')), [
    'refused',
    'pgp-no-encryption-key',
  ])
  other.make('Weak <weak@example.org>', ['rsa1024', 'default', 'never'])
  assert.equal(await read(other.publicKey('weak@example.org')), ['refused', 'pgp-key-weak'])
})

test('a private key that is locked needs its passphrase', async () => {
  const { generateKey } = await library()
  const { privateKey } = await generateKey({ userIDs: { name: 'L' }, passphrase: 'right' })
  const open = (passphrase: Secret | undefined) =>
    refusedWith(() => openPrivateKey({ armored: privateKey, passphrase }))
  assert.equal(await open(undefined), ['locked', 'pgp-key-locked'])
  assert.equal(await open(secret('wrong')), ['cannot-decrypt', 'wrong-passphrase'])
  const opened = await openPrivateKey({ armored: privateKey, passphrase: secret('right') })
  assert.ok(opened.isDecrypted())
})

test.after(() => other.end())
test.run()
