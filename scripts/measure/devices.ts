// Two devices and a relay: how soon one sees what the other wrote, and how soon a new one has everything.
import { type Client } from '../../cli/reach/client.js'
import { type Home } from '../e2e/harness/home.js'
import { type Relay } from '../e2e/harness/relay.js'
import { inWorld, type World } from '../e2e/harness/world.js'
import { connect, valueOf, CONTEXT } from './rpc.js'
import { type Bench, type Group } from './bench.js'
import { Disk, FloorServer } from './floors.js'
import { inTurn, timed } from './turns.js'

/** Lets `second` join the vaults of `first`; gives the milliseconds from the confirmation's start, by `during`. */
export async function join(first: Home, second: Home): Promise<void> {
  const { fingerprint, joined } = await ask(first, second)
  await first.ok(['device', 'confirm', fingerprint])
  await joined()
}

/** The second device asks and waits. `joined` resolves when its `join` has ended well. */
export async function ask(
  first: Home,
  second: Home,
): Promise<{ fingerprint: string; joined: () => Promise<void> }> {
  const code = (await first.ok(['device', 'add'])).trim()
  const running = second.start(['join', code, '--key-file', second.keyFile])
  const [, fingerprint = ''] = await running.printed(/^fingerprint: (\S+)$/m)
  const joined = async (): Promise<void> => {
    const { code } = await running.ended
    if (code !== 0) throw new Error(running.describe())
  }
  return { fingerprint, joined }
}

/**
 * Waits for the disk between a set on one device and its sight on another: the draft, the signed changeset before it
 * is sent, the relay's log, the receiver's store. counts.test.ts counts them.
 */
export const FSYNCS = 4

const NAME = '/user/seen'

/** Bytes of a small secret's entry, about. */
const ENTRY = 1000

export const visible: Group = {
  figures: ['visible'],
  run: (bench) =>
    inWorld(async (world) => {
      const relay = await world.relay()
      const [first, second] = [world.home('a'), world.home('b')]
      await first.init()
      await relay.serve(first)
      await first.ok(['set', NAME, '--stdin'], { stdin: '0' })
      await join(first, second)
      await measureSight(bench, world, relay, first, second)
    }),
}

async function measureSight(
  bench: Bench,
  world: World,
  _relay: Relay,
  first: Home,
  second: Home,
): Promise<void> {
  const [writer, reader] = [await connect(first.folder), await connect(second.folder)]
  const seen = watch(reader)
  await reader.call('subscribe', { topics: ['changed'] })
  const server = await FloorServer.start(world, 'echo')
  const socket = await server.connect()
  const disk = new Disk(world.folder)
  const frame = new Uint8Array(ENTRY)
  const floor = (): Promise<number> =>
    timed(async () => {
      const back = new Promise((resolve) => socket.once('message', resolve))
      socket.send(frame)
      await back
      for (let i = 0; i < FSYNCS; i++) disk.sync(frame)
    })
  let turn = 0
  const subject = (): Promise<number> => {
    const value = valueOf(`value ${turn++}`)
    return timed(async () => {
      const sight = seen(value)
      await writer.call('secretSet', { context: CONTEXT, name: NAME, value })
      await sight
    })
  }
  const medians = await inTurn(bench.quick ? 20 : 200, floor, subject)
  disk.close()
  await server.close()
  writer.close()
  reader.close()
  bench.add({
    name: 'visible',
    what: 'set here → told and read there, through the relay',
    unit: 'ms',
    ...medians,
    floorIs: `a bare ws round trip and ${FSYNCS} fsyncs`,
    target: { timesFloor: 10 },
  })
}

/** Gives a function that resolves once the device has been told of a change and reads this value. */
function watch(reader: Client): (value: string) => Promise<void> {
  let told: () => void = () => undefined
  reader.on('changed', () => told())
  return (value) =>
    new Promise((resolve, reject) => {
      told = () => {
        reader
          .call('secretGet', { context: CONTEXT, name: NAME })
          .then((result) => (result.value === value ? resolve() : undefined))
          .catch(reject)
      }
    })
}

/** What `ask` gives as soon as it neither fails nor is undefined; asks again `pause` milliseconds after each answer. */
export async function soon<T>(
  what: string,
  pause: number,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + 120_000
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`not in two minutes: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
