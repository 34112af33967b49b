import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal, utf8 } from '../../shared/bytes.js'
import { LOG_START } from '../../shared/protocol/relay.js'
import { refusedWith, verdictOf } from '../../shared/testing/refusal.js'
import { LevelMailbox } from '../mailbox/level.js'
import { DEFAULT_CAPS } from '../mailbox/mailbox.js'
import { MemoryMailbox } from '../mailbox/memory.js'
import { mailboxConformance } from '../mailbox/testing/conformance.js'
import { a, all, entryOf, makeVault, ROOMY, V } from '../mailbox/testing/conformance-kit.js'
import { AtRestMailbox } from './at-rest-mailbox.js'
import { openAtRest, readAtRestKey } from './open.js'
import { freshKey, keyOf, unwrap, wrap, WRAP_BYTES } from './packets.js'

const PASSPHRASE = '4f9d02e7b6a1c358d7e2904b6f13a8c5'
const key = freshKey(utf8(PASSPHRASE))
const wrapped = { wrap: WRAP_BYTES }

mailboxConformance(test, 'memory, wrapped', {
  make: async (caps = DEFAULT_CAPS) => ({
    instances: [new AtRestMailbox(new MemoryMailbox({ ...caps, ...wrapped }), key)],
    dispose: () => Promise.resolve(),
  }),
})

mailboxConformance(test, 'level, wrapped', {
  make: async (caps = DEFAULT_CAPS) => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-at-rest-'))
    const open = async () =>
      new AtRestMailbox(await LevelMailbox.open(folder, { ...caps, ...wrapped }), key)
    let mailbox = await open()
    return {
      instances: [mailbox],
      reopen: async () => {
        await mailbox.close()
        mailbox = await open()
        return mailbox
      },
      dispose: async () => {
        await mailbox.close()
        await rm(folder, { recursive: true })
      },
    }
  },
})

const folder = mkdtempSync(join(tmpdir(), 'coffer-at-rest-'))
const keyFile = join(folder, 'key')
writeFileSync(keyFile, `${PASSPHRASE}\n`, { mode: 0o600 })
test.after(() => rmSync(folder, { recursive: true }))

/** What gpg makes of one stored value, with the key file. */
function byGpg(message: Uint8Array): Uint8Array {
  const home = mkdtempSync(join(folder, 'gpg'))
  const env = { PATH: process.env['PATH'] ?? '', GNUPGHOME: home, LC_ALL: 'C.UTF-8' }
  const args = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase-file', keyFile]
  try {
    const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe']
    const options = { env, input: message, stdio }
    return new Uint8Array(execFileSync('gpg', [...args, '--decrypt'], options))
  } finally {
    execFileSync('gpgconf', ['--kill', 'all'], { env })
  }
}

test('gpg opens what the store holds: an entry, a register, a snapshot', async () => {
  const inner = new MemoryMailbox({ ...DEFAULT_CAPS, ...wrapped })
  const mailbox = new AtRestMailbox(inner, key)
  await makeVault(mailbox)
  const large = entryOf('large', 300_000)
  const registers = [{ key: 'tip', body: utf8('where the chain ends\r\n') }]
  await mailbox.append(V, LOG_START, [a, large], { registers })
  await mailbox.putSnapshot(V, 1, utf8('snapshot'))
  const { entries } = await inner.read(V, LOG_START, ROOMY)
  const [register] = await inner.registers(V, 'tip')
  const snapshot = await inner.getSnapshot(V)
  const stored = [...entries, register, snapshot].map((one) => one?.body ?? new Uint8Array(0))
  const plain = [a.body, large.body, utf8('where the chain ends\r\n'), utf8('snapshot')]
  for (const [i, body] of stored.entries()) {
    const meant = plain[i] ?? new Uint8Array(0)
    assert.is(body.length, meant.length + WRAP_BYTES)
    assert.ok(equal(byGpg(body), meant), `value ${i}`)
    assert.not(Buffer.from(body).includes(Buffer.from(meant.subarray(0, 16))))
  }
})

test('the same value is wrapped anew each time, but for a register, and only under its own name', () => {
  const body = utf8('the same')
  const twice = (name?: string, other = name) =>
    equal(wrap(key, body, name), wrap(key, body, other))
  assert.not(twice())
  assert.ok(twice('v/tip'))
  assert.not(twice('v/tip', 'w/tip'))
  assert.not(equal(wrap(key, body, 'a'), wrap(freshKey(utf8(PASSPHRASE)), body, 'a')))
})

test('what was altered, cut off, or wrapped otherwise is damaged', () => {
  const good = wrap(key, utf8('a value of some length'))
  assert.equal(unwrap(key, good), utf8('a value of some length'))
  const verdict = (body: Uint8Array): string => verdictOf(() => unwrap(key, body))
  for (let at = 0; at < good.length; at++) {
    const bent = Uint8Array.from(good, (byte, i) => (i === at ? byte ^ 1 : byte))
    // What comes before the value is random twice, so that its first 16 bytes may be anything: the sum covers them, too.
    assert.is(verdict(bent), 'storage/damaged', `byte ${at}`)
  }
  for (const body of [new Uint8Array(0), good.slice(0, -1), good.slice(1), utf8('plain')]) {
    assert.is(verdict(body), 'storage/damaged')
  }
  const other = freshKey(utf8(PASSPHRASE))
  assert.is(verdict(wrap(other, utf8('x'))), 'storage/damaged')
  assert.is(
    verdictOf(() => keyOf(utf8(PASSPHRASE), utf8('no message'))),
    'storage/damaged',
  )
})

test('a wrapped store opens with its key and no other; a plain one with none', async () => {
  const inner = new MemoryMailbox({ ...DEFAULT_CAPS, ...wrapped })
  const right = utf8(PASSPHRASE)
  const mailbox = await openAtRest(inner, right)
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a])
  const open = (one: Uint8Array | undefined) => refusedWith(() => openAtRest(inner, one))
  assert.equal(await open(undefined), ['cannot-decrypt', 'at-rest-key'])
  assert.equal(await open(utf8(`${PASSPHRASE}0`)), ['cannot-decrypt', 'wrong-at-rest-key'])
  assert.equal(
    (await all(await openAtRest(inner, right))).map(({ body }) => body),
    [a.body],
  )
  const plain = new MemoryMailbox()
  await makeVault(plain)
  assert.is(await openAtRest(plain, undefined), plain)
  assert.equal(await refusedWith(() => openAtRest(plain, right)), ['storage', 'not-wrapped'])
  assert.is(await plain.mark(), undefined)
})

test('the key file: one strong line, and nobody else reads it', async () => {
  assert.equal(await readAtRestKey(keyFile), utf8(PASSPHRASE))
  const file = join(folder, 'other')
  const read = () => refusedWith(() => readAtRestKey(file))
  assert.equal(await read(), ['storage', 'at-rest-key-file'])
  for (const weak of ['', 'short\n', 'correct horse battery staple\n', `${'abab'.repeat(10)}\n`]) {
    writeFileSync(file, weak, { mode: 0o600 })
    assert.equal(await read(), ['usage', 'weak-at-rest-key'], weak)
  }
  chmodSync(file, 0o640)
  assert.equal(await read(), ['storage', 'permissions'])
})

test.run()
