// What a person or a script waits for: get, ls and run, each against a Node that does nothing.
import * as path from 'node:path'
import { type Home } from '../e2e/harness/home.js'
import { inWorld, type World } from '../e2e/harness/world.js'
import { type Bench, type Group } from './bench.js'
import { type Figure } from './report.js'
import { connect, CONTEXT, importAll, secretNames, valueOf } from './rpc.js'
import { coffer, node, spawned, startOf } from './spawned.js'
import { inTurn } from './turns.js'

const NAME = '/user/bench/token'
const VALUE = 'correct horse battery staple'
const MANY = 10_000

type Place = { readonly bench: Bench; readonly world: World; readonly home: Home }
type Words = Omit<Figure, 'value' | 'floor'>

export const hotPath: Group = {
  figures: ['get', 'provider', 'ls', 'run', 'loop', 'cold-start', 'ls-10000'],
  run: (bench) =>
    inWorld(async (world) => {
      const home = world.home('a')
      await home.init()
      await home.ok(['set', NAME, '--stdin'], { stdin: VALUE })
      const place = { bench, world, home }
      await one(place)
      await loop(place)
      await coldStart(place)
      await manyNames(place)
    }),
}

async function one(place: Place): Promise<void> {
  const { bench, world, home } = place
  const rounds = bench.quick ? 11 : 41
  const nothing = node(world, '-e', '0')
  const against = async (
    words: Words,
    floor: () => number | Promise<number>,
    subject: () => number | Promise<number>,
  ): Promise<void> => {
    if (bench.wanted(words.name)) {
      bench.add({ ...words, ...(await inTurn(rounds, floor, subject)) })
    }
  }
  const same = { unit: 'ms', floorIs: 'node -e 0', target: { timesFloor: 1.35 } } as const
  await against(
    { name: 'get', what: 'coffer get NAME, daemon warm', ...same },
    nothing,
    coffer(world, home, ['get', NAME], (out) => out === `${VALUE}\n`),
  )
  await against(
    { name: 'provider', what: 'coffer earthly provider NAME', ...same },
    nothing,
    coffer(world, home, ['earthly', 'provider', NAME], (out) => out === VALUE),
  )
  await against(
    { name: 'ls', what: 'coffer ls /user, one name', unit: 'ms', floorIs: 'node -e 0' },
    nothing,
    coffer(world, home, ['ls', '/user'], (out) => out.trim() !== ''),
  )
  const spawnTrue = 'require("node:child_process").spawnSync("true", { stdio: "inherit" })'
  await withProject(home)
  await against(
    {
      name: 'run',
      what: 'coffer run -- true, two secrets',
      unit: 'ms',
      floorIs: 'node that spawns true',
    },
    node(world, '-e', spawnTrue),
    coffer(world, home, ['run', '--', 'true']),
  )
}

/** `run` needs a project to take its variables from. */
async function withProject(home: Home): Promise<void> {
  const client = await connect(home.folder)
  try {
    await client.call('orgCreate', { context: CONTEXT, name: 'bench' })
    await client.call('orgSelect', { context: CONTEXT, name: 'bench' })
    await client.call('projectCreate', { context: CONTEXT, name: 'app' })
    await client.call('projectSelect', { context: CONTEXT, name: 'app' })
    for (const name of ['TOKEN', 'PASSWORD']) {
      await client.call('secretSet', { context: CONTEXT, name, value: valueOf(VALUE) })
    }
  } finally {
    client.close()
  }
}

/** A shell that starts the program 200 times. */
async function loop({ bench, world, home }: Place): Promise<void> {
  if (!bench.wanted('loop')) return
  const times = bench.quick ? 40 : 200
  const shell = (command: string) => (): number =>
    spawned(startOf(world, home), [
      'sh',
      '-c',
      `i=0; while [ $i -lt ${times} ]; do ${command} >/dev/null || exit 1; i=$((i+1)); done`,
    ])
  const medians = await inTurn(
    bench.quick ? 1 : 3,
    shell(`'${process.execPath}' -e 0`),
    shell(`coffer get ${NAME}`),
  )
  bench.add({
    name: 'loop',
    what: `a shell loop of ${times} gets`,
    unit: 'ms',
    ...medians,
    floorIs: `a loop of ${times} node -e 0`,
    target: { timesFloor: 1.35 },
  })
}

/** From no daemon at all to the first answer. */
async function coldStart({ bench, world, home }: Place): Promise<void> {
  if (!bench.wanted('cold-start')) return
  const twice = 'require("node:child_process").spawnSync(process.execPath, ["-e", "0"])'
  const medians = await inTurn(bench.quick ? 3 : 9, node(world, '-e', twice), async () => {
    await home.stopDaemon()
    return spawned(startOf(world, home), ['coffer', 'get', NAME], (out) => out === `${VALUE}\n`)
  })
  bench.add({
    name: 'cold-start',
    what: 'coffer get NAME, no daemon runs',
    unit: 'ms',
    ...medians,
    floorIs: 'node that runs node -e 0',
  })
}

async function manyNames({ bench, world, home }: Place): Promise<void> {
  if (!bench.wanted('ls-10000')) return
  const client = await connect(home.folder)
  await importAll(client, secretNames(MANY))
  client.close()
  const listing = path.join(world.work, 'names')
  world.file(listing, await home.ok(['ls', '/user']))
  const copy = `fs.writeSync(1, fs.readFileSync(${JSON.stringify(listing)}))`
  const medians = await inTurn(
    bench.quick ? 5 : 21,
    node(world, '-e', copy),
    coffer(world, home, ['ls', '/user'], (out) => out.split('\n').length === MANY + 2),
  )
  bench.add({
    name: 'ls-10000',
    what: 'coffer ls of 10,000 names',
    unit: 'ms',
    ...medians,
    floorIs: 'node that copies the same bytes',
  })
}
