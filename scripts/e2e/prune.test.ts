// A team's project, pruned by the installed programs: by what another person has confirmed and by nothing else, and whole for
// whoever comes after that.
import { writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client } from '../../cli/reach/client.js'
import { LIMITS } from '../../shared/limits.js'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { base64, clientOf, contextOf } from './support/local.js'
import { countsOf } from './support/metrics.js'

const WEB = contextOf('acme', 'web')
/** Names that are written again and again. */
const NAMES = 20
const nameOf = (n: number): string => `S${n % NAMES}`

async function counted(relay: Relay, name: string): Promise<number> {
  const counts = await countsOf(relay)
  return [...counts].find(([key]) => key.includes(name))?.[1] ?? 0
}
const offers = (relay: Relay): Promise<number> =>
  counted(relay, 'kind="putSnapshot",outcome="done"')

async function person(world: World, relay: Relay, name: string): Promise<Home> {
  const home = world.home(name)
  await home.init()
  const config = JSON.stringify({ checkpointAfter: LIMITS.checkpointAfterMin })
  writeFileSync(path.join(home.folder, 'config.json'), config, { mode: 0o600 })
  await relay.serve(home)
  return home
}

async function letIn(by: Home, home: Home, level: string): Promise<void> {
  const invite = ['org', 'invite', `${home.name}@example.org`, '--permission', level]
  const joining = home.start(['join', (await by.ok(invite)).trim()])
  const [, print = ''] = await joining.printed(/^fingerprint: (\S+)$/m)
  await by.until(['org', 'invite', 'requests'], (out) => out.includes(print))
  await by.ok(['org', 'invite', 'confirm', print])
  assert.is((await joining.ended).code, 0, joining.describe())
  await home.ok(['org', 'select', 'acme'])
  await home.until(['project', 'ls'], (out) => out.includes('web'))
  await home.ok(['project', 'select', 'web'])
}

/** Versions `from` up to before `to`, each a transaction of its own, at the relay. */
async function write(client: Client, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += NAMES) {
    const some = Array.from({ length: Math.min(NAMES, to - n) }, (_, i) => n + i)
    const set = (at: number) =>
      client.call('secretSet', { context: WEB, name: nameOf(at), value: base64(`value ${at}`) })
    await Promise.all(some.map(set))
  }
  await client.call('sync', { context: WEB, timeout: 60_000 })
}

/** Every name with its value, as a home has it. */
async function all(home: Home): Promise<string[]> {
  const names = (await home.ok(['ls'])).trim().split('\n')
  const values: string[] = []
  for (const name of names) values.push(`${name}=${await home.ok(['get', name])}`)
  return values
}

test("a project is pruned once another person's device has confirmed, and never before", async () => {
  await inWorld(async (world) => {
    const relay = await world.relay({ args: ['--prune'] })
    const [ann, bob] = [await person(world, relay, 'ann'), await person(world, relay, 'bob')]
    await ann.ok(['org', 'create', 'acme'])
    await ann.ok(['org', 'select', 'acme'])
    await ann.ok(['project', 'create', 'web'])
    await ann.ok(['project', 'select', 'web'])
    await letIn(ann, bob, 'write')

    // While Bob is away, Ann's device offers one snapshot after the other: nobody else could say that they are right.
    await bob.stopDaemon()
    const client = await clientOf(world, ann)
    await client.call('secretSet', { context: WEB, name: 'GONE', value: base64('x') })
    await write(client, 0, 80)
    await until('a snapshot is offered', async () => (await offers(relay)) > 0)
    await ann.ok(['rm', 'GONE'])
    const before = await offers(relay)
    await write(client, 80, 200)
    await until('another one is', async () => (await offers(relay)) > before)
    const nothingWent = async (): Promise<void> => {
      for (const what of ['kept_snapshots', 'pruned_positions'])
        assert.is(await counted(relay, what), 0, what)
    }
    await nothingWent()
    await relay.stop()
    await relay.start()
    await ann.ok(['sync'])
    await nothingWent()

    // He is back: his device computes them anew and names them. With two of them there is something to prune.
    await bob.ok(['sync'])
    await write(client, 200, 320)
    await until('one is kept', async () => (await counted(relay, 'kept_snapshots')) > 0)
    assert.is(await counted(relay, 'pruned_positions'), 0)
    // Who makes one and who confirms it is theirs to find out; one that a link overtook is for nothing.
    for (let n = 320; (await counted(relay, 'kept_snapshots')) < 2; n += 80) {
      const known = await offers(relay)
      await write(client, n, n + 80)
      await until('another one is offered', async () => (await offers(relay)) > known)
    }
    await until('the log is pruned', async () => (await counted(relay, 'pruned_positions')) > 64)

    // A third person starts from there, with everything that counts and nothing that was superseded.
    const cat = await person(world, relay, 'cat')
    await letIn(ann, cat, 'read+secrets')
    await cat.until(['ls'], (out) => out.split('\n').length > NAMES)
    await cat.ok(['sync'])
    assert.equal(await all(cat), await all(ann))
    await cat.exits(20, ['get', 'GONE'])
    const versions = async (home: Home): Promise<number> =>
      (await home.ok(['history', 'S1'])).trim().split('\n').length
    assert.ok((await versions(cat)) < (await versions(ann)))
    const status = await (await clientOf(world, cat)).call('status', { context: WEB })
    const web = status.vaults.find((one) => one.vault.project === 'web')
    assert.ok((web?.checkpoint?.pos ?? 0) > 64)
    assert.equal(web?.warnings, [])

    // And what is written from there on goes both ways.
    await bob.ok(['set', 'S1', 'by bob'])
    await cat.until(['get', 'S1'], (out) => out === 'by bob\n')
    client.close()
  })
})

test.run()
