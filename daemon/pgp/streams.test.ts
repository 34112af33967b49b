import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concatAll, utf8, type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { Secret } from '../../shared/redacted.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { openPrivateKey, readPublicKey } from './keys.js'
import { decryptBytes, encryptBytes, encryptPieces, type Recipients } from './streams.js'
import { gpg } from './testing/gpg.js'

// Messages of many pieces and exact bytes, with Debian's gpg on the other side.

const other = gpg()
const [ANN, EVE] = ['Ann <ann@example.org>', 'Eve <eve@example.org>']
other.make(ANN)
other.make(EVE)
const now = new Date()
const ann = await readPublicKey(other.publicKey(ANN), 'encrypt', now)
const eve = await readPublicKey(other.publicKey(EVE), 'encrypt', now)
const annKey = await openPrivateKey({ armored: other.privateKey(ANN), passphrase: undefined })
const eveKey = await openPrivateKey({ armored: other.privateKey(EVE), passphrase: undefined })
const secret = (text: string) => new Secret(utf8(text))
const underP: Recipients = { kind: 'passphrase', passphrase: secret('p') }
const openP = { kind: 'passphrase', passphrase: secret('p') } as const

const pieces = Array.from({ length: 40 }, () => new Uint8Array(randomBytes(50_000)))
const whole = concatAll(pieces)

async function gathered(to: Recipients, plain: Iterable<Bytes> = pieces): Promise<Bytes> {
  const out: Bytes[] = []
  for await (const piece of encryptPieces(to, plain)) out.push(piece)
  return concatAll(out)
}

/** The file with what gpg makes of a message. */
function byGpg(message: Bytes, ...args: string[]): string {
  const [encrypted, plain] = [join(other.folder, 'in'), join(other.folder, 'out')]
  writeFileSync(encrypted, message)
  other.run([...args, '--yes', '--output', plain, '--decrypt', encrypted])
  return plain
}

test('gpg opens a message of many pieces, by each of its keys and by a passphrase', async () => {
  const toBoth = await gathered({ kind: 'keys', keys: [ann, eve] })
  assert.ok(readFileSync(byGpg(toBoth)).equals(whole))
  const under = await gathered(underP)
  assert.ok(readFileSync(byGpg(under, '--passphrase', 'p')).equals(whole))
  for (const key of [annKey, eveKey]) {
    assert.equal(await decryptBytes({ kind: 'key', key }, toBoth), whole)
  }
  assert.equal(await decryptBytes(openP, under), whole)
})

test('one value comes back byte for byte, line ends and all', async () => {
  for (const value of [utf8('a\r\nb\n \n'), Uint8Array.of(0, 255, 13, 10), new Uint8Array(0)]) {
    const armored = await encryptBytes({ kind: 'keys', keys: [ann] }, value)
    assert.match(armored, /^-----BEGIN PGP MESSAGE-----/)
    assert.equal(new Uint8Array(readFileSync(byGpg(utf8(armored)))), value)
    assert.equal(await decryptBytes({ kind: 'key', key: annKey }, utf8(armored)), value)
  }
})

test('what gpg made opens here, armored or not, packed or not', async () => {
  const text = 'x'.repeat(100_000)
  for (const how of [['--armor'], ['--armor', '--compress-algo', 'none']]) {
    const theirs = other.run([...how, '--passphrase', 'p', '--symmetric'], text)
    assert.equal(await decryptBytes(openP, utf8(theirs)), utf8(text))
    // What unpacks to more than is allowed isn't given.
    const [code] = await refusedWith(() => decryptBytes(openP, utf8(theirs), 50_000))
    assert.ok(['limit', 'cannot-decrypt'].includes(code), code)
  }
})

test('altered, cut off, or for somebody else: nothing comes back', async () => {
  const under = await gathered(underP)
  const cannot = ['cannot-decrypt', 'pgp-cannot-open']
  for (const at of [200, under.length >> 1, under.length - 10]) {
    const bent = Uint8Array.from(under, (byte, i) => (i === at ? byte ^ 1 : byte))
    assert.equal(await refusedWith(() => decryptBytes(openP, bent)), cannot, `${at}`)
  }
  const wrong = { kind: 'passphrase', passphrase: secret('q') } as const
  assert.equal(await refusedWith(() => decryptBytes(wrong, under)), cannot)
  const cut = under.slice(0, under.length - 1000)
  const [code] = await refusedWith(() => decryptBytes(openP, cut))
  assert.ok(['format', 'cannot-decrypt'].includes(code), code)
  const toAnn = await gathered({ kind: 'keys', keys: [ann] })
  assert.equal(await refusedWith(() => decryptBytes({ kind: 'key', key: eveKey }, toAnn)), [
    'cannot-decrypt',
    'pgp-wrong-key',
  ])
  assert.equal(await refusedWith(() => decryptBytes(openP, toAnn)), [
    'cannot-decrypt',
    'pgp-for-a-key',
  ])
  const none = utf8('{"format": "coffer-backup"}')
  assert.equal(await refusedWith(() => decryptBytes(openP, none)), ['format', 'pgp-message'])
})

test('what fails while it is made fails the message', async () => {
  function* failing(): Generator<Bytes> {
    yield utf8('first')
    throw new CofferError('limit', 'too much', { reason: 'backup' })
  }
  assert.equal(await refusedWith(() => gathered(underP, failing())), ['limit', 'backup'])
})

test.after(() => other.end())
test.run()
