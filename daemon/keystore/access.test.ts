import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal, utf8 } from '../../shared/bytes.js'
import { cryptoReady, hash } from '../../shared/crypto/hash.js'
import { CofferError } from '../../shared/errors.js'
import { idOf, type UserId } from '../../shared/ids.js'
import { Secret } from '../../shared/redacted.js'
import { inFolder } from '../home/testing/home.js'
import { systemRandom } from '../random.js'
import { Access } from './access.js'
import type { Guarded, Unlocked } from './access-parts.js'
import { freshDevice } from './device.js'
import type { Opener } from './keystore.js'
import { refusal } from '../../shared/testing/refusal.js'

await cryptoReady

/** Time that only a test moves. */
class Clock {
  time = 0
  #timers: { at: number; run: () => void }[] = []
  readonly now = (): number => this.time
  readonly after = (ms: number, then: () => void): (() => void) => {
    const timer = { at: this.time + ms, run: then }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer)
    }
  }

  pass(ms: number): void {
    this.time += ms
    const due = this.#timers.filter(({ at }) => at <= this.time)
    this.#timers = this.#timers.filter(({ at }) => at > this.time)
    for (const { run } of due) run()
  }
}

/** The vaults' side as a list of what was asked of it; `broken` makes the next opening fail. */
class Vaults implements Guarded {
  readonly calls: string[] = []
  opened: Unlocked | undefined
  broken: CofferError | undefined
  open(unlocked: Unlocked): Promise<void> {
    this.calls.push('open')
    this.opened = unlocked
    return this.broken === undefined ? Promise.resolve() : Promise.reject(this.broken)
  }
  close(): Promise<void> {
    this.calls.push('close')
    return Promise.resolve()
  }
}

function daemonAt(
  path: string,
  clock = new Clock(),
): { access: Access; vaults: Vaults; clock: Clock } {
  const stretch = (passphrase: Secret, { salt }: { salt: Uint8Array }): Promise<Secret> =>
    Promise.resolve(new Secret(hash('test', passphrase.reveal(), salt)))
  const tools = { random: systemRandom, stretch, env: {} }
  const uid = process.geteuid?.() ?? 0
  const access = new Access({ path, uid, tools, now: clock.now, after: clock.after })
  const vaults = new Vaults()
  access.guard(vaults)
  return { access, vaults, clock }
}

const record = () =>
  freshDevice(
    { userId: idOf<UserId>(systemRandom(16)), name: '', email: '', device: '' },
    systemRandom,
  )
const passphrase = (text: string): Opener => ({
  kind: 'passphrase',
  passphrase: new Secret(utf8(text)),
})
const nothing = (): Promise<void> => Promise.resolve()

async function made(path: string, opener: Opener): ReturnType<typeof freshDaemon> {
  const daemon = await freshDaemon(path)
  await daemon.access.create({ opener, record: record() }, nothing)
  return daemon
}

async function freshDaemon(path: string) {
  const daemon = daemonAt(path)
  await daemon.access.start()
  return daemon
}

const inPath = (use: (path: string) => Promise<void>): Promise<void> =>
  inFolder((folder) => use(join(folder, 'home')))

test('from no home to an open one, locked and unlocked', () =>
  inPath(async (path) => {
    const { access, vaults } = await freshDaemon(path)
    assert.is(access.state, 'none')
    assert.is((await refusal(() => access.unlocked)).reason, 'no-home')
    assert.is((await refusal(() => access.unlock())).code, 'home')
    assert.is((await refusal(() => access.lock())).code, 'home')
    const seen: string[] = []
    access.watch((state) => seen.push(state))
    await access.create({ opener: passphrase('p'), record: record() }, nothing)
    assert.is(access.state, 'unlocked')
    const keys = access.unlocked.keys
    assert.not(await access.lock())
    assert.ok(await access.lock())
    assert.is((await refusal(() => access.unlocked)).code, 'locked')
    assert.ok(equal(keys.cache.reveal(), new Uint8Array(32)))
    assert.is((await refusal(() => access.unlock(passphrase('q')))).code, 'cannot-decrypt')
    assert.not(await access.unlock(passphrase('p')))
    assert.ok(await access.unlock(passphrase('whatever')))
    assert.equal(seen, ['unlocked', 'locked', 'unlocked'])
    assert.equal(vaults.calls, ['open', 'close', 'open'])
    const again = await refusal(() =>
      access.create({ opener: passphrase('p'), record: record() }, nothing),
    )
    assert.is(again.code, 'exists')
  }))

test('a key file opens at the start, but a lock holds over a restart until unlock', () =>
  inPath(async (path) => {
    const opener = { kind: 'key-file', path: join(path, '..', 'key') } as const
    const first = await made(path, opener)
    await first.access.end()
    const second = await freshDaemon(path)
    assert.is(second.access.state, 'unlocked')
    assert.is(second.access.unlocked.device.deviceId, first.vaults.opened?.device.deviceId)
    await second.access.lock()
    await second.access.end()
    const third = await freshDaemon(path)
    assert.is(third.access.state, 'locked')
    await third.access.unlock()
    await third.access.end()
    assert.is((await freshDaemon(path)).access.state, 'unlocked')
  }))

test('a passphrase home starts locked, or open with what a predecessor hands over', () =>
  inPath(async (path) => {
    const { access } = await made(path, passphrase('p'))
    const root = access.withRoot(
      (secret) => new Secret(secret?.reveal().slice() ?? new Uint8Array()),
    )
    await access.end()
    assert.is((await freshDaemon(path)).access.state, 'locked')
    const next = daemonAt(path)
    assert.is(await next.access.start(root), undefined)
    assert.is(next.access.state, 'unlocked')
    const wrong = daemonAt(path)
    assert.is((await wrong.access.start(new Secret(systemRandom(32))))?.code, 'cannot-decrypt')
    assert.is(wrong.access.state, 'locked')
  }))

test('a missing key file is the answer to everything until it is back', () =>
  inPath(async (path) => {
    const key = join(path, '..', 'key')
    await (await made(path, { kind: 'key-file', path: key })).access.end()
    const content = readFileSync(key)
    writeFileSync(key, 'lost')
    const { access } = daemonAt(path)
    assert.is((await access.start())?.reason, 'key-file')
    assert.is((await refusal(() => access.unlocked)).reason, 'key-file')
    writeFileSync(key, content)
    await access.unlock()
    assert.is(access.state, 'unlocked')
  }))

test('an init that fails leaves no home, and the next one works', () =>
  inPath(async (path) => {
    const { access, vaults } = await freshDaemon(path)
    const opener = { kind: 'key-file', path: join(path, '..', 'key') } as const
    const full = new CofferError('storage', 'full', { reason: 'full' })
    const make = (): Promise<void> => Promise.reject(full)
    assert.is(
      (await refusal(() => access.create({ opener, record: record() }, make))).reason,
      'full',
    )
    assert.is(access.state, 'none')
    assert.not(existsSync(opener.path))
    vaults.broken = full
    const fresh = { opener, record: record() }
    assert.is((await refusal(() => access.create(fresh, nothing))).reason, 'full')
    assert.is((await freshDaemon(path)).access.state, 'none')
    vaults.broken = undefined
    await access.create(fresh, nothing)
    assert.is(access.state, 'unlocked')
    assert.ok(readdirSync(path).includes('layout'))
  }))

test('an unlock whose vaults fail stays locked', () =>
  inPath(async (path) => {
    await (await made(path, passphrase('p'))).access.end()
    const { access, vaults } = await freshDaemon(path)
    vaults.broken = new CofferError('storage', 'full', { reason: 'full' })
    assert.is((await refusal(() => access.unlock(passphrase('p')))).code, 'storage')
    assert.is(access.state, 'locked')
    assert.equal(vaults.calls, ['open', 'close'])
    vaults.broken = undefined
    await access.unlock(passphrase('p'))
  }))

test('without use for the set time it locks itself, for good', () =>
  inPath(async (path) => {
    const { access, clock } = await made(path, passphrase('p'))
    writeFileSync(join(path, 'config.json'), '{"autoLock": 10}', { mode: 0o600 })
    access.reload()
    clock.pass(9 * 60_000)
    access.touch()
    clock.pass(9 * 60_000)
    assert.is(access.state, 'unlocked')
    const locked = new Promise((resolve) => {
      access.watch(resolve)
    })
    clock.pass(60_000)
    assert.is(await locked, 'locked')
    await access.end()
    assert.ok(existsSync(join(path, 'locked')))
  }))

test('a bad configuration is said at unlock, not passed over', () =>
  inPath(async (path) => {
    const { access } = await made(path, passphrase('p'))
    await access.lock()
    writeFileSync(join(path, 'config.json'), '{"autoLock": "soon"}', { mode: 0o600 })
    assert.is((await refusal(() => access.unlock(passphrase('p')))).code, 'format')
    assert.is(access.state, 'locked')
  }))

test('changes at once come one after another', () =>
  inPath(async (path) => {
    const { access } = await made(path, passphrase('p'))
    await Promise.all([
      access.lock(),
      access.unlock(passphrase('p')),
      access.change(passphrase('p'), passphrase('q')),
      access.lock(),
      access.unlock(passphrase('q')),
    ])
    assert.is(access.state, 'unlocked')
    await access.lock()
    assert.is((await refusal(() => access.unlock(passphrase('p')))).code, 'cannot-decrypt')
  }))

test.run()
