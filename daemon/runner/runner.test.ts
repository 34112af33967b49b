import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { lockOf } from '../core/vault/lock-file.js'
import { parseToken, type Token } from '../core/vault/token.js'
import { encodeGrant, grantName } from '../core/vault/grants.js'
import { createRunner, revokeRunner } from '../service/runners/runner-keys.js'
import { grantRunner, listRunners } from '../service/runners/runners.js'
import { getSecret } from '../service/secrets/secrets-read.js'
import { setSecret } from '../service/secrets/secrets-write.js'
import { until, type Device } from '../service/testing/device.js'
import { Net } from '../service/testing/net.js'
import { b64, isUploaded, person, set, signal, web } from '../service/testing/pairing.js'
import type { VaultPort } from '../sync/vault-port.js'
import type { VaultShell } from '../vault/shell.js'
import { runnerMethods } from './runner-secrets.js'
import { readVault, type RunnerVault } from './runner-vault.js'

// A runner and whatever its relay may show it.

await cryptoReady

const DAY = 24 * 3600_000

/** What a relay shows: entries of a log from its beginning, and signed heads behind them. */
class Shown {
  #port: VaultPort | undefined
  readonly #log: readonly Bytes[]
  readonly #heads: readonly Bytes[]

  constructor(log: readonly Bytes[], heads: readonly Bytes[]) {
    this.#log = log
    this.#heads = heads
  }

  setRelay(): void {
    // It is this one.
  }

  attach(port: VaultPort): void {
    this.#port = port
  }

  async barrier(): Promise<{ vaults: number; sent: number; received: number }> {
    await this.#port?.ingest(1, this.#log, 1)
    for (const head of this.#heads) await this.#port?.checkHead(head)
    return { vaults: 1, sent: 0, received: 0 }
  }
}

type Stage = {
  readonly net: Net
  readonly ada: Device
  readonly shell: VaultShell
  readonly token: Token
  readonly log: () => readonly Bytes[]
}

async function uploaded({ net, shell }: Pick<Stage, 'net' | 'shell'>): Promise<void> {
  await until('everything to be at the relay', () => isUploaded(net, shell))
}

async function stage(): Promise<Stage> {
  const net = new Net()
  const ada = await person(net)
  const project = ada.session.vaults.all().find(({ record }) => record?.kind === 'project')
  const { shell } = project ?? {}
  if (shell === undefined) throw new Error('no project')
  const made = await createRunner(ada.session, { context: web, name: 'ci', expires: 30 * DAY })
  const names = ['GIVEN']
  await set(ada, 'GIVEN', 'hunter2', web)
  await set(ada, 'OTHER', 'not yours', web)
  await grantRunner(ada.session, { context: web, runner: 'ci', names })
  await uploaded({ net, shell })
  const log = (): readonly Bytes[] => [...(net.vaults.get(shell.vaultId)?.log ?? [])]
  return { net, ada, shell, token: parseToken(made.token), log }
}

type Reading = {
  readonly log?: readonly Bytes[]
  readonly heads?: readonly Bytes[]
  readonly later?: number
}

async function read(on: Stage, reading: Reading = {}): Promise<RunnerVault> {
  const { log = on.log(), later = 0 } = reading
  const heads = reading.heads ?? [await on.shell.signedHead()]
  return readVault({
    token: on.token,
    sync: new Shown(log, heads),
    now: () => Date.now() + later,
    maxAge: DAY,
    patience: 20,
  })
}

async function get(vault: RunnerVault, name: string): Promise<string> {
  const { value } = await runnerMethods(vault, Date.now).secretGet({ context: web, name })
  return Buffer.from(value, 'base64').toString()
}

test('a runner opens what it is granted, and nothing else', async () => {
  const on = await stage()
  const vault = await read(on)
  assert.is(await get(vault, 'GIVEN'), 'hunter2')
  assert.equal(await refusedWith(() => get(vault, 'OTHER')), ['not-found', 'no-secret'])
  const { secrets } = await runnerMethods(vault, Date.now).secretList({ context: web })
  assert.equal(
    secrets.map(({ name }) => name),
    ['GIVEN'],
  )
  const { variables } = await runnerMethods(vault, Date.now).secretEnvironment({
    context: web,
    allow: [],
  })
  assert.equal(
    variables.map(({ name }) => name),
    ['GIVEN'],
  )
  await on.ada.end()
})

test('a runner that is rolled back notices: old words are too old, new ones say that there is more (attack 57)', async () => {
  const on = await stage()
  const before = { log: on.log(), heads: [await on.shell.signedHead()] }
  await set(on.ada, 'GIVEN', 'hunter3', web)
  await uploaded(on)
  assert.is(await get(await read(on), 'GIVEN'), 'hunter3')
  // For a day an old log with old heads can't be told from a quiet one: that is what --max-age bounds.
  assert.is(await get(await read(on, before), 'GIVEN'), 'hunter2')
  assert.equal(await refusedWith(() => read(on, { ...before, later: DAY + 1000 })), [
    'stale',
    'too-old',
  ])
  const rolled = { log: before.log, heads: [await on.shell.signedHead()] }
  assert.equal(await refusedWith(() => read(on, rolled)), ['tampering', 'rolled-back'])
  await on.ada.end()
})

test('a log without the beginning that the token knows, or of another vault, is none', async () => {
  const on = await stage()
  const short = on.log().filter((body) => {
    const entry = decodeEntry(body)
    return entry.kind !== 'link'
  })
  const links = on.log().filter((body) => decodeEntry(body).kind === 'link')
  assert.equal((await refusedWith(() => read(on, { log: short, heads: [] })))[0], 'tampering')
  const early = { log: links.slice(0, on.token.memberHead.n), heads: [] }
  assert.equal(await refusedWith(() => read(on, early)), ['tampering', 'rolled-back'])
  const other = await stage()
  assert.equal(await refusedWith(() => read(on, { log: other.log(), heads: [] })), [
    'tampering',
    'fake-genesis',
  ])
  await on.ada.end()
  await other.ada.end()
})

test('another order of the log than members saw is a lie', async () => {
  const on = await stage()
  const log = [...on.log()]
  const [last, before] = [log.pop(), log.pop()]
  if (last === undefined || before === undefined) throw new Error('a short log')
  assert.equal(await refusedWith(() => read(on, { log: [...log, last, before] })), [
    'tampering',
    'two-logs',
  ])
  await on.ada.end()
})

test('nobody’s word is not a member’s, nor is another runner’s', async () => {
  const on = await stage()
  assert.equal(await refusedWith(() => read(on, { heads: [] })), ['stale', 'unconfirmed'])
  const made = await createRunner(on.ada.session, { context: web, name: 'two', expires: DAY })
  await uploaded(on)
  const two = await readVault({
    token: parseToken(made.token),
    sync: new Shown(on.log(), [await on.shell.signedHead()]),
    now: Date.now,
    maxAge: DAY,
  })
  const heads = [two.replica.signedHead()]
  assert.equal(await refusedWith(() => read(on, { heads })), ['stale', 'unconfirmed'])
  await on.ada.end()
})

test('when its time is over, or it was taken out, a runner is told so; a new grant prolongs it', async () => {
  const on = await stage()
  const late = { later: 31 * DAY }
  const { ada, shell } = on
  const runner = on.token
  const head = await shell.signedHead()
  assert.equal(await refusedWith(() => read(on, { ...late, heads: [head] })), ['stale', 'too-old'])
  const device = (await read(on)).identity.device
  const grant = shell.replica.grant(device)
  if (grant === undefined) throw new Error('no grant')
  const soon = encodeGrant({ ...grant, expires: Date.now() - 1 })
  await shell.write(() => [{ space: 'setting', name: grantName(device), value: soon }])
  await uploaded(on)
  assert.equal(await refusedWith(() => read(on)), ['expired', 'grant-ended'])
  const longer = encodeGrant({ ...grant, expires: runner.expires + DAY })
  await shell.write(() => [{ space: 'setting', name: grantName(device), value: longer }])
  await uploaded(on)
  assert.is(await get(await read(on), 'GIVEN'), 'hunter2')
  const { couldRead } = await revokeRunner(ada.session, { context: web, runner: 'ci' })
  assert.equal(couldRead, ['coffer://acme/web/GIVEN'])
  assert.equal(await refusedWith(() => read(on)), ['expired', 'revoked'])
  await ada.end()
})

test('a runner that an admin added quietly is given nothing that is sealed without being named (attack 40)', async () => {
  const on = await stage()
  const write = (to: string[] = []) =>
    setSecret(on.ada.session, { context: web, name: 'GIVEN', value: b64('x'), seal: { to } })
  assert.equal(
    (await write()).sealedTo?.map(({ name }) => name),
    ['ci'],
  )
  await createRunner(on.ada.session, { context: web, name: 'quiet', expires: DAY })
  await grantRunner(on.ada.session, { context: web, runner: 'quiet', names: ['GIVEN'] })
  assert.equal(await refusedWith(() => write()), ['refused', 'new-reader'])
  assert.equal((await write(['ci'])).sealedTo?.length, 1)
  assert.equal(await refusedWith(() => write()), ['refused', 'new-reader'])
  await write(['ci', 'quiet'])
  assert.equal((await write()).sealedTo?.length, 2)
  const { runners } = await listRunners(on.ada.session, { context: web })
  assert.equal(runners.map(({ name }) => name).toSorted(), ['ci', 'quiet'])
  const asked = { context: web, name: 'GIVEN' }
  assert.equal(await refusedWith(() => getSecret(on.ada.session, asked, signal)), [
    'refused',
    'sealed',
  ])
  await on.ada.end()
})

test('a lock file says what must be there: then nobody’s word is needed, and less than it is refused (attack 57)', async () => {
  const on = await stage()
  const before = on.log()
  await set(on.ada, 'GIVEN', 'hunter3', web)
  await uploaded(on)
  const lock = lockOf(on.shell.replica)
  const held = (log: readonly Bytes[]): Promise<RunnerVault> =>
    readVault({
      token: on.token,
      sync: new Shown(log, []),
      now: Date.now,
      maxAge: undefined,
      lock,
      patience: 20,
    })
  assert.is(await get(await held(on.log()), 'GIVEN'), 'hunter3')
  assert.equal(await refusedWith(() => held(before)), ['stale', 'lock-behind'])
  const other = await stage()
  const foreign = lockOf(other.shell.replica)
  const swapped = readVault({
    token: on.token,
    sync: new Shown(on.log(), []),
    now: Date.now,
    maxAge: undefined,
    lock: foreign,
  })
  assert.equal(await refusedWith(() => swapped), ['tampering', 'lock-vault'])
  await on.ada.end()
  await other.ada.end()
})

test.run()
