import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { idOf } from '../../../shared/ids.js'
import type { Demands } from '../../../shared/protocol/local-common.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { formatLock, lockOf, type Lock } from '../../core/vault/lock-file.js'
import { getSecret } from '../secrets/secrets-read.js'
import { Net } from '../testing/net.js'
import { here, HOUR, joined, person, signal } from '../testing/pairing.js'

// What a reader may ask of what it reads, against a relay that shows the past.

await cryptoReady
const net = new Net()
const first = await person(net)
const second = await joined(net, first)
const folder = mkdtempSync(join(tmpdir(), 'demands-'))
mkdirSync(join(folder, '.coffer'))
test.after(async () => {
  await first.end()
  await second.end()
  rmSync(folder, { recursive: true, force: true })
})

/** Reads the person's own secret under these demands: the codes of its warnings. */
async function read(demands: Demands): Promise<string[]> {
  const asked = { context: { ...here, cwd: folder }, name: '/user/MINE', ...demands }
  const { warnings } = await getSecret(first.session, asked, signal)
  return warnings.map(({ code }) => code)
}

test('attack 47: what nobody confirmed, or too long ago, is not read where an age was asked for', async () => {
  assert.equal(await refusedWith(() => read({ maxAge: HOUR })), ['stale', 'unconfirmed'])
  const { user } = first.session.vaults
  await user.checkHead(second.session.vaults.user.replica.signedHead())
  assert.equal(await read({ maxAge: HOUR }), [])
  first.clock = 2 * HOUR
  assert.equal(await refusedWith(() => read({ maxAge: HOUR })), ['stale', 'too-old'])
  first.clock = 0
})

test('attack 57: what is behind the lock is refused, by a machine without memory always', async () => {
  const { session } = first
  const { user } = session.vaults
  const lock = lockOf(user.replica)
  const write = (change: Partial<Lock>): void =>
    writeFileSync(join(folder, '.coffer', 'lock'), formatLock({ ...lock, ...change }))
  write({})
  assert.equal(await read({ lock: 'refuse' }), [])
  const later = {
    device: idOf<never>(new Uint8Array(32)),
    seq: 9,
    hash: idOf<never>(new Uint8Array(32)),
  }
  write({ heads: [later, ...lock.heads] })
  assert.equal(await refusedWith(() => read({ lock: 'refuse' })), ['stale', 'lock-behind'])
  assert.equal(await read({ lock: 'warn' }), ['lock-behind'], 'who has read it before is warned')
  session.loading.begin(user.vaultId)
  assert.equal(await refusedWith(() => read({ lock: 'warn' })), ['stale', 'lock-behind'])
  session.loading.end(user.vaultId)
})

test.run()
