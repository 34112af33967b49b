// A disk that lies: flipped bits in every kind of LevelDB's files are noticed, said, and mended from the relay.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { inWorld, type World } from './harness/world.js'
import { pair } from './support/pair.js'

const KINDS = { table: /\.ldb$/, log: /\.log$/, manifest: /^MANIFEST-/ } as const
type Kind = keyof typeof KINDS

const NAMES = ['/user/a', '/user/b/c', 'D', 'E/F'] as const
const SELECTED = ['--org', 'acme', '--project', 'web']

/** The vaults' databases, by the size of what they hold: the largest first. */
function databases(home: Home): string[] {
  const vaults = path.join(home.folder, 'vaults')
  return readdirSync(vaults)
    .map((name) => path.join(vaults, name))
    .filter((folder) => !folder.includes('.corrupt-'))
}

/** Flips a bit in the middle of each file of that kind that has something in it; tells how many. */
function flip(folders: readonly string[], kind: Kind): number {
  const files = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => KINDS[kind].test(name))
      .map((name) => path.join(folder, name))
      .filter((file) => statSync(file).size > 16),
  )
  for (const file of files) {
    const bytes = readFileSync(file)
    const at = Math.floor(bytes.length / 2)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    writeFileSync(file, bytes)
  }
  return files.length
}

/** Values in tables (written before a restart) and in logs (after it), in three vaults, all on the relay. */
async function fill(a: Home): Promise<void> {
  await a.ok(['org', 'create', 'acme'])
  await a.ok([...SELECTED.slice(0, 2), 'project', 'create', 'web'])
  for (const name of NAMES) await a.ok([...SELECTED, 'set', name, `old ${name}`])
  await a.stopDaemon()
  for (const name of NAMES) await a.ok([...SELECTED, 'set', name, `new ${name}`])
  await a.ok(['sync'])
}

async function everythingThere(home: Home): Promise<void> {
  for (const name of NAMES) {
    assert.is(await home.ok([...SELECTED, 'get', name]), `new ${name}\n`)
    assert.is(await home.ok([...SELECTED, 'get', '--version', '1', name]), `old ${name}\n`)
  }
}

async function damagedHome(world: World, kind: Kind): Promise<{ relay: Relay; a: Home; b: Home }> {
  const relay = await world.relay()
  const [a, b] = [world.home('a'), world.home('b')]
  await a.init()
  await relay.serve(a)
  await fill(a)
  await pair(relay, a, b)
  await a.ok(['sync'])
  await a.killDaemon()
  assert.ok(flip(databases(a), kind) >= 1, `there is a ${kind} to damage`)
  return { relay, a, b }
}

for (const kind of ['table', 'log', 'manifest'] as const) {
  test(`a damaged ${kind} is said and comes back from the relay`, async () => {
    await inWorld(async (world) => {
      const { relay, a, b } = await damagedHome(world, kind)
      const { err, out } = await a.exits(31, [...SELECTED, 'get', NAMES[0]])
      assert.is(out, '')
      assert.match(err, /^coffer: storage: .*damaged.*coffer doctor/m)
      const report = await a.exits(31, ['doctor'])
      assert.match(report.out, /^FAILURE /m)
      await a.ok(['doctor', '--repair'])
      assert.not.match(await a.ok(['doctor']), /^(FAILURE|warning) +store/m)
      await everythingThere(a)
      // It writes on, and what it writes goes where it should.
      await a.ok([...SELECTED, 'set', 'D', 'newer'])
      await a.ok(['sync'])
      await b.ok(['sync'])
      assert.is(await b.ok([...SELECTED, 'get', 'D']), 'newer\n')
      await a.killDaemon()
      assert.is(await a.ok([...SELECTED, 'get', 'D']), 'newer\n')
      await relay.stop()
    })
  })
}

test('what only the damaged disk has survives as far as it can be read, and the rest follows', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = [world.home('a'), world.home('b')]
    await a.init()
    await relay.serve(a)
    await fill(a)
    await pair(relay, a, b)
    await relay.stop()
    // A draft, in a log; then the tables break.
    await a.ok([...SELECTED, 'set', 'DRAFT', 'written offline'])
    await a.killDaemon()
    assert.ok(flip(databases(a), 'table') >= 1)
    await a.exits(31, [...SELECTED, 'get', NAMES[0]])
    const report = await a.run(['doctor', '--repair'])
    assert.match(report.out, /^warning +store: your own vault waits for the relay/m)
    const { code, err } = await a.run(['get', '/user/a'])
    assert.is(code, 24, `what may yet come is never 'not found': ${err}`)
    await relay.start()
    await a.until(['sync'])
    await a.ok(['doctor', '--repair'])
    await everythingThere(a)
    assert.is(await a.ok([...SELECTED, 'get', 'DRAFT']), 'written offline\n')
    await a.ok(['sync'])
    await b.ok(['sync'])
    assert.is(await b.ok([...SELECTED, 'get', 'DRAFT']), 'written offline\n')
    await relay.stop()
  })
})

test.run()
