// kill -9 of daemons and relay in the middle of writes. What was acknowledged is there, once, on both devices.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Client } from '../../cli/reach/client.js'
import { type Home } from './harness/home.js'
import { type Relay } from './harness/relay.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { historiesOf, Ledger } from './support/ledger.js'
import { base64, clientOf, contextOf } from './support/local.js'
import { pair } from './support/pair.js'
import { FULL, Seeded, seedsOf } from './support/seeded.js'

const KILLS = 20
const CONTEXT = contextOf('acme', 'web')
const NAMES = ['/user/a', '/user/b/c', '/user/d', 'E', 'F/G', 'H'] as const
/** What a caller is told whose daemon was killed while it answered, or while it started. */
const KILLED = /^internal (hung-up|daemon-start)$/
const CODED = /^coffer: [a-z-]+: .+$/m

type Victim = 'daemon' | 'relay' | 'reader' | 'reader for good'

/** In turn; the second device isn't there for the last third, so that it has that from the relay alone. */
function victimOf(n: number): Victim {
  if (n % 2 === 1) return 'relay'
  return n === 6 ? 'reader' : n === 12 ? 'reader for good' : 'daemon'
}

/** One life of the story: two homes, a relay, and writers that go on while somebody kills. */
class Story {
  readonly world: World
  readonly relay: Relay
  readonly a: Home
  readonly b: Home
  readonly random: Seeded
  readonly ledger: Ledger
  stopped = false
  /** Why the last barrier failed, for whoever waits for one in vain. */
  #notSynced = ''
  /** How many acknowledged writes the writers go up to: nobody's queue is empty who never pauses. */
  #quota = 0

  constructor(world: World, relay: Relay, random: Seeded) {
    this.world = world
    this.relay = relay
    this.random = random
    this.ledger = new Ledger(random)
    this.a = world.home('a')
    this.b = world.home('b')
  }

  /** `coffer set` again and again: exit 0 acknowledges. */
  async writeByCommand(): Promise<void> {
    while (!this.stopped) {
      await this.#pause()
      const write = this.ledger.begin(this.random.pick(NAMES))
      const args = ['--org', 'acme', '--project', 'web', 'set', write.reference, write.value]
      const { code, err } = await this.a.run(args)
      if (code === 0) write.acknowledged = true
      else assert.match(err, CODED, 'a write that failed says why')
    }
  }

  /** JSON-RPC, some calls in flight at a time: an answer acknowledges. */
  async writeBySocket(): Promise<void> {
    while (!this.stopped) {
      let client: Client | undefined
      try {
        client = await clientOf(this.world, this.a)
        while (!this.stopped) {
          await this.#pause()
          await this.#flight(client)
        }
      } catch (error) {
        assert.match(codeOf(error), KILLED, 'only a kill ends the connection')
      } finally {
        client?.close()
      }
    }
  }

  #pause(): Promise<unknown> {
    const more = () => this.stopped || this.ledger.acknowledged < this.#quota
    return until('another round', more, { timeout: 60_000 })
  }

  async #flight(client: Client): Promise<void> {
    const writes = Array.from({ length: this.random.between(1, 4) }, () =>
      this.ledger.begin(this.random.pick(NAMES)),
    )
    const answers = writes.map(async (write) => {
      const { reference: name, value } = write
      await client.call('secretSet', { context: CONTEXT, name, value: base64(value) })
      write.acknowledged = true
    })
    // All must have settled: a write that is still open may be acknowledged yet.
    const failed = (await Promise.allSettled(answers)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** `coffer sync` again and again: exit 0 says that the relay has what was acknowledged before. */
  async pushByCommand(): Promise<void> {
    while (!this.stopped) {
      const succeeded = this.ledger.barrier()
      const { code, err } = await this.a.run(['sync', '--timeout', '5s'])
      if (code === 0) succeeded()
      else assert.match(err, CODED, 'a barrier that failed says why')
      if (code !== 0) this.#notSynced = err
    }
  }

  async more(count: number, of: () => number): Promise<void> {
    const from = of()
    await until(
      () => `${count} more; there are ${of() - from}; last barrier: ${this.#notSynced}`,
      () => of() - from >= count,
      { timeout: 30_000 },
    )
  }

  /** One kill in the middle of writes, after so many of them and at any moment of the next. */
  async kill(victim: Victim): Promise<void> {
    this.#quota = this.ledger.acknowledged + 60
    await this.more(this.random.between(1, 12), () => this.ledger.acknowledged)
    await new Promise((resolve) => setTimeout(resolve, this.random.below(25)))
    if (victim === 'daemon') for (const pid of this.a.daemons()) process.kill(pid, 'SIGKILL')
    if (victim === 'reader' || victim === 'reader for good') await this.b.killDaemon()
    if (victim === 'reader') await this.b.ok(['ls', '/user/'])
    if (victim === 'relay') {
      await this.relay.kill()
      await this.relay.start()
      await this.more(1, () => this.ledger.onRelay)
    }
    // The writers may have reached the quota while the relay came back.
    this.#quota = this.ledger.acknowledged + 60
    await this.more(2, () => this.ledger.acknowledged)
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return String(error)
  return `${String(error.code)} ${'reason' in error ? String(error.reason) : ''}`
}

async function prepare(story: Story): Promise<void> {
  const { a, b, relay } = story
  await a.init()
  await a.ok(['org', 'create', 'acme'])
  await a.ok(['--org', 'acme', 'project', 'create', 'web'])
  await pair(relay, a, b)
}

async function readAll(story: Story, home: Home): Promise<ReadonlyMap<string, readonly string[]>> {
  const client = await clientOf(story.world, home)
  try {
    return await historiesOf(client, CONTEXT, NAMES)
  } finally {
    client.close()
  }
}

async function conclude(story: Story): Promise<void> {
  const { a, b, relay, ledger } = story
  // The first device is dead: what a barrier promised must come from the relay, which was killed too.
  await a.killDaemon()
  await relay.kill()
  await relay.start()
  await b.ok(['sync'])
  const early = ledger.complaints(await readAll(story, b), (write) => write.onRelay)
  assert.equal(early, [], 'what the relay acknowledged is on the second device')
  await a.ok(['sync'])
  await b.ok(['sync'])
  const [onA, onB] = [await readAll(story, a), await readAll(story, b)]
  assert.equal(
    ledger.complaints(onA, (write) => write.acknowledged),
    [],
    'what was acknowledged is on the first device',
  )
  assert.equal([...onB], [...onA], 'both devices have the same versions in the same order')
  for (const home of [a, b]) assert.is(await home.ok(['--json', 'conflicts', '--all']), NO_CONFLICT)
}

const NO_CONFLICT = '{"conflicts":[]}\n'

test('the ledger notices what is lost, doubled or somewhere else', () => {
  const ledger = new Ledger(new Seeded(1))
  const [one, two, three] = [ledger.begin('a'), ledger.begin('a'), ledger.begin('b')]
  for (const write of [one, two]) write.acknowledged = true
  const about = (a: string[], b: string[]): string =>
    ledger
      .complaints(new Map(Object.entries({ a, b })), (write) => write.acknowledged)
      .map((line) => line.replace(/: .*/, ''))
      .join()
  assert.is(about([two.value, one.value], []), '')
  assert.is(about([two.value, one.value], [three.value]), '')
  assert.is(about([two.value], []), 'lost')
  assert.is(about([two.value, one.value, two.value], []), 'twice')
  assert.is(about([two.value, one.value], ['else']), 'not written there')
  assert.is(about([two.value], [one.value]), 'not written there,lost')
})

for (const seed of seedsOf(FULL ? 5 : 1)) {
  test(`${KILLS} kills, seed ${seed}`, async () => {
    console.log(`again with TEST_SEED=${seed}`)
    await inWorld(async (world) => {
      const story = new Story(world, await world.relay(), new Seeded(seed))
      await prepare(story)
      const writers = Promise.all([
        story.writeByCommand(),
        story.writeBySocket(),
        story.pushByCommand(),
      ])
      const kills = (async () => {
        try {
          for (let n = 0; n < KILLS; n++) {
            await story.kill(victimOf(n))
          }
        } finally {
          story.stopped = true
        }
      })()
      await Promise.all([writers, kills])
      const { acknowledged, onRelay, writes } = story.ledger
      console.log(`${writes.length} writes, ${acknowledged} acknowledged, ${onRelay} by the relay`)
      await conclude(story)
    })
  })
}

test.run()
