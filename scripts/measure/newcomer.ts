// A new device that gets 10,000 secrets: how soon it reads the first, how soon it has them all.
import { randomBytes } from 'node:crypto'
import { open, seal } from '../../daemon/core/crypto/seal.js'
import { type Bytes } from '../../shared/bytes.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { sign, signKeyPair, verify } from '../../shared/crypto/sign.js'
import { type Client } from '../../cli/reach/client.js'
import { type Home } from '../e2e/harness/home.js'
import { inWorld, type World } from '../e2e/harness/world.js'
import { daemonBytes, idleNode, MB, type Bench, type Group } from './bench.js'
import { ask, soon } from './devices.js'
import { FloorServer, levelBatches } from './floors.js'
import { type Figure } from './report.js'
import { connect, CONTEXT, importAll, secretNames, setEach } from './rpc.js'
import { median, timed } from './turns.js'
import * as path from 'node:path'

const MANY = 10_000
/** Bytes of the two parts of a small secret. */
const PART = 296

type Way = {
  readonly name: string
  readonly how: string
  /** Signatures to check. */
  readonly changesets: number
  readonly fill: (client: Client, names: readonly string[]) => Promise<void>
}
const WAYS: readonly Way[] = [
  { name: 'join-imported', how: 'imported', changesets: MANY / 1000, fill: importAll },
  { name: 'join-single', how: 'one changeset each', changesets: MANY, fill: setEach },
]

const figuresOf = ({ name }: Way): string[] =>
  ['first', 'all', 'memory', 'peak'].map((one) => `${name}.${one}`)

export const newcomer: Group = {
  figures: WAYS.flatMap(figuresOf),
  run: async (bench) => {
    await cryptoReady
    for (const way of WAYS) {
      if (!figuresOf(way).some(bench.wanted)) continue
      await inWorld((world) => measure(bench, world, way))
    }
  },
}

/** What one new device took: milliseconds to its first secret and to all, resident bytes at rest and at most. */
type Arrival = { first: number; all: number; atRest: number; peak: number }

async function measure(bench: Bench, world: World, way: Way): Promise<void> {
  const relay = await world.relay({ args: ['--quota', '1G'] })
  const first = world.home('a')
  await first.init()
  await relay.serve(first)
  const names = secretNames(MANY)
  const client = await connect(first.folder)
  await way.fill(client, names)
  await client.call('sync', { context: CONTEXT, timeout: 120_000 })
  const floors: number[] = []
  const arrivals: Arrival[] = []
  for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
    floors.push(await floorOf(world, way))
    const second = world.home(`new${round}`)
    const times = await arrival(client, first, second, names)
    arrivals.push({ ...times, ...(await daemonBytes(second)) })
    await second.stopDaemon()
  }
  client.close()
  const idle = (await idleNode(world)) / MB
  for (const figure of figures(way, arrivals, median(floors), idle)) bench.add(figure)
}

function figures(way: Way, arrivals: readonly Arrival[], floor: number, idle: number): Figure[] {
  const of = (field: keyof Arrival): number => median(arrivals.map((one) => one[field]))
  const time = {
    unit: 'ms',
    floor,
    floorIs: 'the bytes over a bare ws, verified, opened, in LevelDB',
  } as const
  const memory = { unit: 'MB', floor: idle, floorIs: 'a Node that waits' } as const
  return [
    {
      ...time,
      name: `${way.name}.first`,
      what: `confirmation → first of 10,000 (${way.how}) reads`,
      value: of('first'),
      target: { atMost: 500 },
    },
    {
      ...time,
      name: `${way.name}.all`,
      what: `confirmation → all 10,000 (${way.how}) there`,
      value: of('all'),
      target: { atMost: 5000 },
    },
    {
      ...memory,
      name: `${way.name}.memory`,
      what: "the new device's daemon at rest, resident",
      value: of('atRest') / MB,
      target: { atMost: 150 },
    },
    {
      ...memory,
      name: `${way.name}.peak`,
      what: 'the same daemon at its most',
      value: of('peak') / MB,
    },
  ]
}

/** Milliseconds from the start of the confirmation until the new device reads one secret, and knows all. */
async function arrival(
  owner: Client,
  first: Home,
  second: Home,
  names: readonly string[],
): Promise<{ first: number; all: number }> {
  const { fingerprint, joined } = await ask(first, second)
  const there = await connect(second.folder)
  const [name = ''] = names
  const started = performance.now()
  const readable = soon('the first secret reads', 2, () =>
    there.call('secretGet', { context: CONTEXT, name }),
  ).then(() => performance.now() - started)
  await owner.call('deviceConfirm', { context: CONTEXT, fingerprint })
  const first_ = await readable
  await soon('all secrets are there', 50, async () => {
    const { vaults } = await there.call('status', { context: CONTEXT })
    return vaults.some((one) => one.secrets === MANY && one.state === 'ready') ? true : undefined
  })
  const all = performance.now() - started
  await joined()
  there.close()
  return { first: first_, all }
}

/** Milliseconds for what no client can leave out: the bytes, the signatures, the boxes, the store. */
async function floorOf(world: World, way: Way): Promise<number> {
  const random = (length: number): Bytes => new Uint8Array(randomBytes(length))
  const server = await FloorServer.start(world, 'echo')
  const socket = await server.connect()
  const pair = signKeyPair(random(32))
  const body = random(300)
  const signature = sign('changeset', body, pair.privateKey)
  const key = random(32)
  const box = seal(key, body, new Uint8Array(PART - 40), random)
  const bytes = MANY * 2 * PART + way.changesets * body.length
  const took = await timed(async () => {
    await echoed(socket, bytes)
    for (let i = 0; i < way.changesets; i++) verify('changeset', signature, body, pair.publicKey)
    for (let i = 0; i < 2 * MANY; i++) open(key, body, box)
  })
  await server.close()
  const load = { writers: 1, batch: 1000, rounds: MANY / 1000, body: random(2 * PART) }
  return took + (await levelBatches(path.join(world.folder, 'level'), load))
}

/** Sends that many bytes in frames of half a mebibyte and waits until they have come back. */
async function echoed(
  socket: Awaited<ReturnType<FloorServer['connect']>>,
  bytes: number,
): Promise<void> {
  const frame = new Uint8Array(512 * 1024)
  let left = bytes
  const back = new Promise<void>((resolve) => {
    socket.on('message', () => {
      left -= frame.length
      if (left <= 0) resolve()
    })
  })
  for (let sent = 0; sent < bytes; sent += frame.length) socket.send(frame)
  await back
}
