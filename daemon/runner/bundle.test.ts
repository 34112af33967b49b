import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { signKeyPair } from '../../shared/crypto/sign.js'
import { LIMITS } from '../../shared/limits.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { makeBundle, type BundledVault, type BundleOrder } from '../core/vault/bundle.js'
import { boxKeyPair } from '../core/crypto/seal.js'
import type { Identity } from '../core/vault/chain.js'
import { identityOfToken, parseToken, type Token } from '../core/vault/token.js'
import { makeStatement, deviceIdOf } from '../../shared/log/device.js'
import { systemRandom } from '../random.js'
import { createRunner, revokeRunner } from '../service/runners/runner-keys.js'
import { grantRunner } from '../service/runners/runners.js'
import { removeSecrets } from '../service/secrets/secrets-write.js'
import { until, type Device } from '../service/testing/device.js'
import { Net } from '../service/testing/net.js'
import { isUploaded, person, set, web } from '../service/testing/pairing.js'
import type { VaultShell } from '../vault/shell.js'
import { readBundle } from './runner-bundle.js'
import { runnerMethods } from './runner-secrets.js'

// A bundle and whoever makes, carries or changes it.

await cryptoReady

const HOUR = 3600_000

const net = new Net()
const ada: Device = await person(net)
test.after(() => ada.end())
const { session } = ada
const found = session.vaults.all().find(({ record }) => record?.kind === 'project')?.shell
if (found === undefined) throw new Error('no project')
const shell: VaultShell = found
const uploaded = () => until('everything to be at the relay', () => isUploaded(net, shell))

const made = await createRunner(session, { context: web, name: 'ci', expires: 30 * 24 * HOUR })
const token: Token = parseToken(made.token)
const runner = identityOfToken(token).device
await set(ada, 'GIVEN', 'hunter1', web)
await set(ada, 'OTHER', 'not yours', web)
await set(ada, 'GONE', 'deleted', web)
await grantRunner(session, { context: web, runner: 'ci', names: ['GIVEN', 'GONE'] })
await set(ada, 'GIVEN', 'hunter2', web)
await removeSecrets(session, { context: web, names: ['GONE'] })
await uploaded()

const vault = (): BundledVault => shell.replica
const order = (more: Partial<BundleOrder> = {}): BundleOrder => ({
  runner,
  names: ['GIVEN', 'GONE'],
  expires: Date.now() + HOUR,
  ...more,
})
type Made = { of?: Partial<BundledVault>; by?: Identity; order?: Partial<BundleOrder> }

function bundle(how: Made = {}): Uint8Array {
  const whole = vault()
  const { vaultId, chain } = whole
  const base: BundledVault = {
    vaultId,
    chain,
    current: (space, name) => whole.current(space, name),
    chainEntries: (from) => whole.chainEntries(from),
    entriesOf: (hash) => whole.entriesOf(hash),
  }
  const world = { random: systemRandom, now: Date.now }
  return makeBundle(world, how.by ?? session.identity, { ...base, ...how.of }, order(how.order))
}

const read = (file: Uint8Array, more: { later?: number; maxAge?: number; token?: Token } = {}) =>
  readBundle({
    token: more.token ?? token,
    file,
    now: () => Date.now() + (more.later ?? 0),
    maxAge: more.maxAge,
  })
const refused = (file: Uint8Array, more = {}) => refusedWith(() => read(file, more))

/** Somebody with keys of their own, whom nobody has let in. */
function stranger(): Identity {
  const [sign, box] = [signKeyPair(systemRandom(32)), boxKeyPair(systemRandom(32))]
  const keys = { sign: sign.publicKey, box: box.publicKey }
  const { userId } = session.identity
  return {
    device: deviceIdOf(keys),
    userId,
    statement: makeStatement(keys, userId, sign.privateKey),
    sign,
    box,
  }
}

test('the runner reads the newest of what it is granted, and knows nothing else', async () => {
  const methods = runnerMethods(await read(bundle()), Date.now)
  const { value } = await methods.secretGet({ context: web, name: 'GIVEN' })
  assert.is(Buffer.from(value, 'base64').toString(), 'hunter2')
  const { secrets } = await methods.secretList({ context: web })
  assert.equal(
    secrets.map(({ name }) => name),
    ['GIVEN'],
  )
  for (const name of ['OTHER', 'GONE']) {
    const get = () => methods.secretGet({ context: web, name })
    assert.equal(await refusedWith(get), ['not-found', 'no-secret'], name)
  }
})

test('its time ends, and its age counts from when it was made', async () => {
  assert.equal(await refused(bundle(), { later: HOUR + 1 }), ['expired', 'bundle-ended'])
  assert.equal(await refused(bundle(), { later: 2000, maxAge: 1000 }), ['stale', 'too-old'])
  await read(bundle(), { maxAge: HOUR })
})

test('one that says it was made far ahead of now has no age', async () => {
  const file = bundle()
  const before = -LIMITS.clockAhead - HOUR
  assert.equal(await refused(file, { later: before, maxAge: HOUR }), ['stale', 'clock-ahead'])
  await read(file, { later: before })
  await read(file, { later: -1000, maxAge: HOUR })
})

test('nobody but a device that may write the vault makes one', async () => {
  assert.equal(await refused(bundle({ by: stranger() })), ['tampering', 'bad-bundle'])
  // The runner itself is in the chain, and may write nothing.
  assert.equal(await refused(bundle({ by: identityOfToken(token) })), ['tampering', 'bad-bundle'])
  // Its maker's name with another's signature.
  const by = { ...session.identity, sign: stranger().sign }
  assert.equal(await refused(bundle({ by })), ['tampering', 'bad-signature'])
})

test('a chain that is cut short, or lacks what the token has seen, is no chain of the bundle', async () => {
  // Links from after the token: what is left of the chain is one that the token accepts.
  await createRunner(session, { context: web, name: 'later', expires: 24 * HOUR })
  const cut = { chainEntries: () => vault().chainEntries(0).slice(0, -1) }
  assert.equal(await refused(bundle({ of: cut })), ['tampering', 'bad-bundle'])
  assert.equal(await refused(bundle({ of: { chainEntries: () => [] } })), [
    'tampering',
    'bad-bundle',
  ])
  const older = { ...token, memberHead: { n: 0, hash: token.memberHead.hash } }
  assert.equal(await refused(bundle(), { token: older }), ['tampering', 'bad-bundle'])
})

test('what its maker left out, or put in beside, is noticed', async () => {
  const none = { entriesOf: () => [] }
  assert.equal(await refused(bundle({ of: none })), ['tampering', 'bad-bundle'])
  // Changesets that nothing signed is about would bring old versions back.
  const history = shell.replica.history('secret', 'GIVEN')
  const old = history.at(-1)?.place?.changeset
  if (old === undefined) throw new Error('no older version')
  const beside = {
    entriesOf: (hash: typeof old) => [...vault().entriesOf(hash), ...vault().entriesOf(old)],
  }
  assert.equal(await refused(bundle({ of: beside })), ['tampering', 'bad-bundle'])
})

test('another file, another runner, a changed byte', async () => {
  const file = bundle()
  assert.equal(await refused(file.subarray(5)), ['format', 'bundle'])
  assert.equal(await refused(new Uint8Array(0)), ['format', 'bundle'])
  const twin = await createRunner(session, { context: web, name: 'twin', expires: 24 * HOUR })
  const other = { token: parseToken(twin.token) }
  assert.equal(await refused(file, other), ['cannot-decrypt', 'not-for-this-runner'])
  for (const at of [20, 60, 130, 400, file.length - 1]) {
    const changed = Uint8Array.from(file)
    changed[at] = (changed[at] ?? 0) ^ 1
    const [code] = await refused(changed)
    assert.ok(['format', 'cannot-decrypt'].includes(code ?? ''), `${at}: ${code}`)
  }
})

test('a runner that was taken out is given nothing more', async () => {
  const before = bundle()
  await revokeRunner(session, { context: web, runner: 'ci' })
  assert.equal(await refused(bundle()), ['expired', 'revoked'])
  // What was made before stays what it is: that is what its end is for.
  await read(before)
})

test.run()
