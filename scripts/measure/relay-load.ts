// The relay under load: appends, fan-out, idle connections; each against bare parts that do no more than they must.
import { randomBytes } from 'node:crypto'
import { chmodSync } from 'node:fs'
import * as path from 'node:path'
import { type Connection } from '../../daemon/sync/connection.js'
import { type Push } from '../../daemon/sync/messages.js'
import { type Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LOG_START } from '../../shared/protocol/relay.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { type Relay } from '../e2e/harness/relay.js'
import { inWorld, type World } from '../e2e/harness/world.js'
import { residentBytes, type Bench, type Group } from './bench.js'
import { Crowd, device, dial } from './crowd.js'
import { FloorServer, levelBatches } from './floors.js'
import { inTurn, timed } from './turns.js'

/** Requests a second that no bench reaches: the limit isn't what is measured. */
const UNLIMITED = ['--rate', '9999999', '--quota', '8G', '--log-level', 'error']
const SHAPES = [
  { writers: 1, batch: 1 },
  { writers: 1, batch: 100 },
  { writers: 16, batch: 1 },
  { writers: 16, batch: 100 },
] as const
const AT_REST = 'append-at-rest'
const SUBSCRIBERS = 100
const SOCKETS = 1000

const appendName = ({ writers, batch }: Shape): string => `append-${writers}x${batch}`

export const relayLoad: Group = {
  figures: [...SHAPES.map(appendName), AT_REST, 'fan-out', 'idle-socket'],
  run: (bench) =>
    inWorld(async (world) => {
      await cryptoReady
      const relay = await world.relay({ args: UNLIMITED })
      for (const shape of SHAPES) {
        if (bench.wanted(appendName(shape))) await appends(bench, world, relay, shape)
      }
      if (bench.wanted(AT_REST)) await appendsAtRest(bench, world, relay)
      if (bench.wanted('fan-out')) await fanOut(bench, world, relay)
      if (bench.wanted('idle-socket')) await idle(bench, world)
    }),
}

type Shape = { readonly writers: number; readonly batch: number }

const roundsOf = (bench: Bench, { writers, batch }: Shape): number =>
  Math.ceil((bench.quick ? 400 : 3200) / (batch === 1 ? writers : batch * writers))

/** Writers, each in a connection of its own, all in one vault; `sample`: entries a second that they get acknowledged. */
async function appending(
  relay: Relay,
  name: string,
  { writers, batch }: Shape,
  rounds: number,
): Promise<{ sample: () => Promise<number>; close: () => void }> {
  const crowd = new Crowd(writers, relay, name)
  const lines = await Promise.all(
    Array.from({ length: writers }, (_, by) => dial(relay, device(by))),
  )
  await lines[0]?.request('create', { links: [...crowd.links] })
  const vaultId = crowd.vaultId
  const sample = async (): Promise<number> => {
    const made = lines.map((_, by) =>
      Array.from({ length: rounds }, () => Array.from({ length: batch }, () => crowd.entry(by))),
    )
    const started = performance.now()
    await Promise.all(
      lines.map(async (line, by) => {
        for (const batch of made[by] ?? []) {
          await line.request('append', { vaultId, base: LOG_START, entries: batch })
        }
      }),
    )
    return (rounds * writers * batch * 1000) / (performance.now() - started)
  }
  return { sample, close: () => lines.forEach(hangUp) }
}

async function appends(bench: Bench, world: World, relay: Relay, shape: Shape): Promise<void> {
  const { writers, batch } = shape
  const rounds = roundsOf(bench, shape)
  const name = appendName(shape)
  const { sample: subject, close } = await appending(relay, name, shape, rounds)
  const body = sampleEntry(relay)
  let database = 0
  const floor = async (): Promise<number> => {
    const folder = path.join(world.folder, `level-${name}-${database++}`)
    const took = await levelBatches(folder, { writers, batch, rounds, body })
    return (rounds * writers * batch * 1000) / took
  }
  const medians = await inTurn(bench.quick ? 2 : 5, floor, subject)
  close()
  bench.add({
    name,
    what: `entries a second, ${writers} × ${batch}, acknowledged`,
    unit: '/s',
    ...medians,
    floorIs: 'bare LevelDB, synchronous batches',
  })
}

/** The same with what is stored wrapped, against a relay that doesn't wrap. */
async function appendsAtRest(bench: Bench, world: World, relay: Relay): Promise<void> {
  const shape = { writers: 16, batch: 100 }
  const key = world.file('at-rest-key', randomBytes(32).toString('hex'))
  chmodSync(key, 0o600)
  const wrapping = await world.relay({ name: AT_REST, args: [...UNLIMITED, '--at-rest-key', key] })
  const plain = await appending(relay, `${AT_REST}-plain`, shape, roundsOf(bench, shape))
  const wrapped = await appending(wrapping, AT_REST, shape, roundsOf(bench, shape))
  const medians = await inTurn(bench.quick ? 2 : 5, plain.sample, wrapped.sample)
  plain.close()
  wrapped.close()
  await wrapping.stop()
  bench.add({
    name: AT_REST,
    what: 'entries a second, 16 × 100, with --at-rest-key',
    unit: '/s',
    ...medians,
    floorIs: 'the same relay without it',
  })
}

/** An entry as any device sends it, of a vault that the relay never hears of. */
function sampleEntry(relay: Relay): Bytes {
  return new Crowd(1, relay, 'sample').entry(0)
}

function hangUp(line: Connection): void {
  line.close(new CofferError('cancelled', 'measured'))
}

/** Calls back once `count` things have been counted. */
class Counter {
  #left = 0
  #done: () => void = () => undefined

  expect(count: number): Promise<void> {
    this.#left = count
    return new Promise((resolve) => (this.#done = resolve))
  }

  count(n = 1): void {
    this.#left -= n
    if (this.#left <= 0) this.#done()
  }
}

/** Milliseconds from one entry's append to its arrival at 100 subscribers. */
async function fanOut(bench: Bench, world: World, relay: Relay): Promise<void> {
  const crowd = new Crowd(SUBSCRIBERS + 1, relay, 'fan-out')
  const { vaultId } = crowd
  const arrived = new Counter()
  const onPush = (push: Push): void => {
    if (push.kind === 'entries') arrived.count(push.body.entries.length)
  }
  const writer = await dial(relay, device(0))
  await writer.request('create', { links: [...crowd.links] })
  const subscribers: Connection[] = []
  const caughtUp = arrived.expect(SUBSCRIBERS)
  for (let i = 1; i <= SUBSCRIBERS; i++) {
    const one = await dial(relay, device(i), { onPush })
    await one.request('open', { vaultId, after: LOG_START })
    subscribers.push(one)
  }
  await caughtUp
  const subject = async (): Promise<number> => {
    const made = [crowd.entry(0)]
    const all = arrived.expect(SUBSCRIBERS)
    return timed(async () => {
      await writer.request('append', { vaultId, base: LOG_START, entries: made })
      await all
    })
  }
  const bare = await bareFanOut(world, sampleEntry(relay))
  const medians = await inTurn(bench.quick ? 20 : 200, bare.sample, subject)
  for (const one of [writer, ...subscribers]) hangUp(one)
  await bare.close()
  bench.add({
    name: 'fan-out',
    what: `one entry's append to its arrival at ${SUBSCRIBERS} devices`,
    unit: 'ms',
    ...medians,
    floorIs: `a bare ws that copies a frame to ${SUBSCRIBERS}`,
  })
}

async function bareFanOut(
  world: World,
  frame: Bytes,
): Promise<{ sample: () => Promise<number>; close: () => Promise<void> }> {
  const server = await FloorServer.start(world, 'broadcast')
  const arrived = new Counter()
  const writer = await server.connect()
  for (let i = 0; i < SUBSCRIBERS; i++) {
    const one = await server.connect()
    one.on('message', () => arrived.count())
  }
  return {
    sample: () => {
      const all = arrived.expect(SUBSCRIBERS)
      return timed(() => {
        writer.send(frame)
        return all
      })
    },
    close: () => server.close(),
  }
}

/** Resident bytes that each of 1,000 silent connections costs the server. */
async function idle(bench: Bench, world: World): Promise<void> {
  const sockets = bench.quick ? SOCKETS / 5 : SOCKETS
  // Code and buffers that the first ones bring along are no cost of a connection.
  const first = 100
  const cost = async (pid: number, open: (i: number) => Promise<unknown>): Promise<number> => {
    for (let i = 0; i < first; i++) await open(i)
    const before = residentBytes(pid)
    for (let i = 0; i < sockets; i++) await open(first + i)
    return (residentBytes(pid) - before) / sockets
  }
  const server = await FloorServer.start(world, 'echo')
  const floor = await cost(server.running.pid, () => server.connect())
  await server.close()
  const relay = await world.relay({ name: 'idle', args: UNLIMITED })
  const lines: Connection[] = []
  const value = await cost(relay.process.pid, async (i) => {
    lines.push(await dial(relay, device(i)))
  })
  for (const line of lines) hangUp(line)
  bench.add({
    name: 'idle-socket',
    what: `resident bytes of each of ${sockets} authenticated connections`,
    unit: 'B',
    value,
    floor,
    floorIs: 'a bare ws connection',
  })
}
