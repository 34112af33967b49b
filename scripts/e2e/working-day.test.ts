// A team's working day through the installed programs: an owner, a writer, a reader and a machine, on a relay that is honest
// in the morning and in an enemy's hands from noon on.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { type DeviceId } from '../../shared/ids.js'
import { type RelayMessage } from '../../shared/protocol/relay.js'
import { type Home } from './harness/home.js'
import { inWorld, type World } from './harness/world.js'
import { altered, flipped } from './support/hostile/lies.js'
import { HostileRelay, type Wire } from './support/hostile/relay.js'

await cryptoReady

const WEB = ['--org', 'acme', '--project', 'web']

class Day {
  readonly world: World
  readonly relay: HostileRelay
  readonly owner: Home
  readonly writer: Home
  readonly reader: Home
  readonly machine: Home
  token = ''

  constructor(world: World, relay: HostileRelay) {
    this.world = world
    this.relay = relay
    const [owner, writer, reader, machine] = ['ann', 'bob', 'cleo', 'ci'].map((one) =>
      world.home(one),
    )
    if (!owner || !writer || !reader || !machine) throw new TypeError('no homes')
    this.owner = owner
    this.writer = writer
    this.reader = reader
    this.machine = machine
  }

  /** A person comes in as people do it: a code, a fingerprint read aloud, a confirmation. */
  async invited(home: Home, permission: string): Promise<void> {
    const email = `${home.name}@example.org`
    await home.ok(['init', '--name', home.name, '--email', email, '--key-file', home.keyFile])
    const invite = ['org', 'invite', email, '--permission', permission, '--org', 'acme']
    const code = (await this.owner.ok(invite)).trim()
    const joining = home.start(['join', code])
    const [, fingerprint = ''] = await joining.printed(/fingerprint: (\S+)/)
    await this.owner.until(['org', 'invite', 'requests'], (out) => out.includes(fingerprint))
    await this.owner.ok(['org', 'invite', 'confirm', fingerprint])
    assert.is((await joining.ended).code, 0, joining.describe())
  }

  /** What the machine gets with nothing but its token. */
  ci(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    return this.machine.run(args, { env: { COFFER_TOKEN_FILE: this.token } })
  }

  deviceOf(home: Home): Promise<DeviceId> {
    return home
      .ok(['status', '--json'])
      .then((out) => (JSON.parse(out) as { device: { deviceId: DeviceId } }).device.deviceId)
  }

  gets(home: Home, name: string, value: string): Promise<string> {
    return home.until([...WEB, 'get', name], (out) => out === `${value}\n`)
  }

  async alarms(home: Home): Promise<string[]> {
    const { vaults } = JSON.parse(await home.ok(['status', '--json'])) as {
      vaults: { warnings: { code: string }[] }[]
    }
    return vaults.flatMap(({ warnings }) => warnings.map(({ code }) => code))
  }
}

async function morning(day: Day): Promise<void> {
  const { owner, writer, reader, relay, world } = day
  await owner.ok([
    'init',
    '--name',
    'Ann',
    '--email',
    'ann@example.org',
    '--key-file',
    owner.keyFile,
  ])
  await owner.ok(['relay', 'set', relay.url, '--relay-key', relay.key])
  await owner.ok(['org', 'create', 'acme'])
  await owner.ok(['--org', 'acme', 'project', 'create', 'web'])
  await owner.ok([...WEB, 'set', 'DB', 'of the morning'])
  await day.invited(writer, 'write')
  await day.invited(reader, 'read+secrets')
  await day.gets(writer, 'DB', 'of the morning')
  await writer.ok([...WEB, 'set', 'API', 'of bob'])
  await day.gets(reader, 'API', 'of bob')
  await reader.exits(23, [...WEB, 'set', 'API', 'of cleo'])
  day.token = `${world.work}/ci.token`
  await owner.ok([...WEB, 'runner', 'create', 'ci', '-o', day.token])
  await owner.ok([...WEB, 'runner', 'grant', 'ci', 'DEPLOY'])
  await owner.ok([...WEB, 'set', '--sealed', '--to', 'ci', 'DEPLOY', 'hunter2'])
  await owner.exits(23, [...WEB, 'get', 'DEPLOY'])
  await owner.ok(['sync'])
  const got = await day.ci(['get', 'DEPLOY'])
  assert.equal([got.code, got.out], [0, 'hunter2\n'], got.err)
  assert.is((await day.ci(['get', 'DB'])).code, 20)
}

/** Every changeset that goes to one device comes with one bit turned over. */
function spoiled(device: DeviceId): (message: RelayMessage, wire: Wire) => RelayMessage[] {
  return (message, wire) => {
    if (wire.device !== device || message.kind !== 'entries') return [message]
    const entries = message.body.entries.map((body) =>
      altered(body, ({ signed, items }) => ({
        items,
        signed: { ...signed, signature: flipped(signed.signature) },
      })),
    )
    return [{ ...message, body: { ...message.body, entries } }]
  }
}

async function afternoon(day: Day): Promise<void> {
  const { owner, writer, reader, relay } = day
  const cleo = await day.deviceOf(reader)
  // What it shows to one of them is not what was signed.
  relay.lie = { down: spoiled(cleo) }
  await writer.ok([...WEB, 'set', 'API', 'of the afternoon'])
  await day.gets(owner, 'API', 'of the afternoon')
  await reader.until(['status', '--json'], (out) => out.includes('bad-signature'))
  assert.is(await reader.ok([...WEB, 'get', 'API']), 'of bob\n', 'old, and never another')
  // It keeps a removal from the one who is removed and from a member: who has read of it writes under the new key.
  relay.lie = {
    down: (message, wire) => (wire.device === cleo && message.kind === 'entries' ? [] : [message]),
  }
  const removal = await owner.ok(['--org', 'acme', 'org', 'member', 'rm', '-y', 'bob@example.org'])
  assert.equal(removal.trim().split('\n'), ['coffer://acme/web/API', 'coffer://acme/web/DB'])
  await owner.ok([...WEB, 'set', 'DB', 'after bob'])
  await owner.ok([...WEB, 'set', '--sealed', '--to', 'ci', 'DEPLOY', 'hunter3'])
  await owner.ok(['sync'])
  const got = await day.ci(['get', 'DEPLOY'])
  assert.equal([got.code, got.out], [0, 'hunter3\n'], got.err)
  assert.is(await reader.ok([...WEB, 'get', 'DB']), 'of the morning\n')
  assert.is(await writer.ok([...WEB, 'get', 'DB']), 'of the morning\n')
  // Nothing hangs while it lies, and nothing that was acknowledged is lost.
  await owner.ok([...WEB, 'set', 'LATE', 'written under siege'])
  assert.is(await owner.ok([...WEB, 'get', 'LATE']), 'written under siege\n')
}

async function evening(day: Day): Promise<void> {
  const { owner, writer, reader, relay } = day
  relay.lie = {}
  relay.cut()
  await reader.until(['sync'])
  await day.gets(reader, 'DB', 'after bob')
  await day.gets(reader, 'API', 'of the afternoon')
  await day.gets(reader, 'LATE', 'written under siege')
  await writer.until(['status', '--json'], (out) => out.includes('"removed"'))
  assert.is(await writer.ok([...WEB, 'get', 'DB']), 'of the morning\n', 'what he had read, he has')
  await writer.exits(23, [...WEB, 'set', 'DB', 'back again'])
  await owner.until([...WEB, 'project', 'member', 'ls'], (out) => !out.includes('bob'))
  assert.ok((await day.alarms(reader)).includes('bad-signature'), 'it stays to be read')
  await owner.ok(['verify'])
  await reader.ok(['verify'])
}

test('a working day: people, a machine, and a relay that turns at noon', () =>
  inWorld(async (world) => {
    const day = new Day(world, await HostileRelay.start(world))
    try {
      await morning(day)
      await afternoon(day)
      await evening(day)
    } finally {
      day.relay.close()
    }
  }))

test.run()
