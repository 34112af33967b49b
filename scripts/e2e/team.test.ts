// A team's admins at once, and one who is killed halfway: whoever goes on, the same people are in the same projects.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { inWorld, type World } from './harness/world.js'

const PROJECTS = ['api', 'ops', 'web']
const BOB = 'bob@example.org'
const DAN = 'dan@example.org'

async function founder(world: World, relay: Relay): Promise<Home> {
  const ann = world.home('ann')
  await ann.init()
  await ann.ok(['org', 'create', 'acme'])
  await ann.ok(['org', 'select', 'acme'])
  for (const name of PROJECTS) {
    await ann.ok(['project', 'create', name])
    await ann.ok(['--project', name, 'set', 'K', `of ${name}`])
  }
  await ann.ok(['relay', 'set', relay.url, '--relay-key', relay.key])
  return ann
}

/** Another person, let in by `by`; ends when they can read, or see, all projects. */
async function member(world: World, by: Home, name: string, level: string): Promise<Home> {
  const home = world.home(name)
  await home.init()
  const code = await by.ok(['org', 'invite', `${name}@example.org`, '--permission', level])
  const joining = home.start(['join', code.trim()])
  const [, print = ''] = await joining.printed(/^fingerprint: (\S+)$/m)
  await by.until(['org', 'invite', 'requests'], (out) => out.includes(print))
  await by.ok(['org', 'invite', 'confirm', print])
  assert.is((await joining.ended).code, 0, joining.describe())
  await home.ok(['org', 'select', 'acme'])
  for (const project of PROJECTS) {
    await home.until(['--project', project, 'get', 'K'], (out) => out === `of ${project}\n`)
  }
  return home
}

/** Waits until nobody of that name is in any project, as this home sees it, and nothing is left to be done. */
async function without(home: Home, email: string): Promise<void> {
  for (const project of PROJECTS) {
    const list = ['project', 'member', 'ls', '--project', project]
    await home.until(list, (out) => out.includes('@') && !out.includes(email))
  }
  await home.until(['status', '--json'], (out) => out.includes('"todo":[]'))
}

test('two admins at once, then one who is killed halfway: whom one removes is out for all', async () => {
  await inWorld(async (world) => {
    const ann = await founder(world, await world.relay())
    const cleo = await member(world, ann, 'cleo', 'admin')
    const [bob, dan] = await Promise.all([
      member(world, ann, 'bob', 'write'),
      member(world, ann, 'dan', 'read+secrets'),
    ])
    const list = ['org', 'member', 'ls']
    await cleo.until(list, (out) => out.includes(BOB) && out.includes(DAN))

    // Removed by one, raised by the other.
    const raise = (project: string) =>
      cleo.run(['project', 'member', 'update', DAN, 'write', '--project', project])
    await Promise.all([
      ann.ok(['org', 'member', 'rm', '-y', DAN]),
      ...PROJECTS.map(raise),
      dan.run(['--project', 'web', 'set', 'X', 'y']),
    ])
    await Promise.all([without(ann, DAN), without(cleo, DAN)])
    assert.is(await cleo.ok(list), await ann.ok(list))

    // Killed when the org knows and the projects may not.
    const removal = ann.start(['org', 'member', 'rm', '-y', BOB])
    await cleo.until(list, (out) => !out.includes(BOB))
    await ann.killDaemon()
    await removal.ended
    await without(cleo, BOB)
    await cleo.ok(['--project', 'web', 'set', 'AFTER', 'secret'])
    await cleo.ok(['sync'])
    await bob.until(['status', '--json'], (out) => out.split('"state":"removed"').length === 5)
    await bob.exits(23, ['--project', 'web', 'get', 'AFTER'])
    assert.is(await bob.ok(['--project', 'web', 'get', 'K']), 'of web\n')
    const exposed = (await ann.ok(['org', 'member', 'rm', '-y', BOB])).trim().split('\n')
    for (const project of PROJECTS) assert.ok(exposed.includes(`coffer://acme/${project}/K`))
    assert.not.ok(exposed.includes('coffer://acme/web/AFTER'))
  })
})

test('an org on another relay than the home: further devices come along, new projects are on its relay', async () => {
  await inWorld(async (world) => {
    const [theirs, own] = [await world.relay(), await world.relay({ name: 'own' })]
    const ann = await founder(world, theirs)
    const bob = await member(world, ann, 'bob', 'admin')
    await bob.ok(['relay', 'set', own.url, '--relay-key', own.key])
    await bob.ok(['org', 'create', 'acme-labs'])
    await bob.ok(['project', 'create', 'fresh'])
    await bob.ok(['--project', 'fresh', 'set', 'K', 'of bob'])
    await ann.until(['--project', 'fresh', 'get', 'K'], (out) => out === 'of bob\n')

    // His second device asks his own relay, and is let into the org over the other one.
    const code = (await bob.ok(['device', 'add'])).trim()
    const desk = world.home('desk')
    const joining = desk.start(['join', code, '--key-file', desk.keyFile])
    const [, print = ''] = await joining.printed(/^fingerprint: (\S+)$/m)
    await bob.until(['device', 'requests'], (out) => out.includes(print))
    await bob.ok(['device', 'confirm', print])
    assert.is((await joining.ended).code, 0, joining.describe())
    assert.is(await desk.ok(['org', 'ls']), 'acme\nacme-labs\n')
    await desk.until(['get', 'coffer://acme/web/K'], (out) => out === 'of web\n')
    await desk.ok(['set', 'coffer://acme/fresh/DESK', 'x'])
    await desk.ok(['sync'])
    await ann.until(['--project', 'fresh', 'get', 'DESK'], (out) => out === 'x\n')

    // With either relay gone, what is on the other one goes on.
    await own.kill()
    await ann.ok(['set', 'coffer://acme/web/LATER', 'y'])
    await desk.until(['get', 'coffer://acme/web/LATER'], (out) => out === 'y\n')
  })
})

test.run()
