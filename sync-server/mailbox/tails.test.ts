import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LOG_START } from '../../shared/protocol/relay.js'
import { a, b, c, d, entryOf, makeVault, V, vaultOf } from './testing/conformance-kit.js'
import type { LogEntry } from './mailbox.js'
import { MemoryMailbox } from './memory.js'
import { Tails, type Page } from './tails.js'
import { LocalWakeBus, type Wake } from './wake.js'

/** A bus that loses the wakes it is told to lose. */
class LossyBus extends LocalWakeBus {
  dropping = false

  override publish(wake: Wake): void {
    if (!this.dropping) super.publish(wake)
  }
}

class Timers {
  pending: (() => void)[] = []
  readonly later = (_ms: number, run: () => void): (() => void) => {
    this.pending.push(run)
    return () => {
      this.pending = this.pending.filter((one) => one !== run)
    }
  }
  fire(): void {
    for (const run of this.pending.splice(0)) run()
  }
}

function setUp(pageEntries = 2) {
  const mailbox = new MemoryMailbox()
  const bus = new LossyBus()
  const timers = new Timers()
  const tails = new Tails({
    mailbox,
    bus,
    later: timers.later,
    random: () => 0.5,
    page: { entries: pageEntries, bytes: 1 << 20 },
  })
  const append = async (...entries: LogEntry[]): Promise<void> => {
    const { head } = await mailbox.append(V, LOG_START, entries)
    bus.publish({ vault: V, head: head.pos })
  }
  return { mailbox, bus, timers, tails, append }
}

/** Collects what a follower gets; `reached(n)` resolves once it has n entries. */
class Sink {
  readonly got: number[] = []
  failure: unknown
  #waiting: { count: number; resolve: () => void }[] = []

  readonly deliver = (page: Page): Promise<void> => {
    for (const entry of page.entries) {
      assert.is(entry.pos, (this.got.at(-1) ?? page.entries[0].pos - 1) + 1, 'contiguous')
      this.got.push(entry.pos)
    }
    for (const { count, resolve } of this.#waiting) if (this.got.length >= count) resolve()
    return Promise.resolve()
  }

  readonly fail = (error: unknown): void => {
    this.failure = error
  }

  reached(count: number): Promise<void> {
    if (this.got.length >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('delivers what is there, then what comes', async () => {
  const { mailbox, tails, append } = setUp()
  await makeVault(mailbox)
  await append(a, b, c)
  const sink = new Sink()
  tails.follow(V, { pos: 1, entryId: a.id }, sink)
  await sink.reached(2)
  await append(d)
  await sink.reached(3)
  assert.equal(sink.got, [2, 3, 4])
  tails.close()
})

test('a dropped wake is healed by the poll', async () => {
  const { mailbox, bus, timers, tails, append } = setUp()
  await makeVault(mailbox)
  const sink = new Sink()
  tails.follow(V, LOG_START, sink)
  await append(a)
  await sink.reached(1)
  bus.dropping = true
  await append(b, c)
  await settled()
  assert.equal(sink.got, [1], 'the wake was lost')
  timers.fire()
  await sink.reached(3)
  assert.equal(sink.got, [1, 2, 3])
  await settled()
  assert.is(timers.pending.length, 1, 'the next poll is set')
  tails.close()
  assert.is(timers.pending.length, 0)
})

test('a lost wake is healed by the next one', async () => {
  const { mailbox, bus, tails, append } = setUp()
  await makeVault(mailbox)
  const sink = new Sink()
  tails.follow(V, LOG_START, sink)
  bus.dropping = true
  await append(a, b)
  bus.dropping = false
  await append(c)
  await sink.reached(3)
  assert.equal(sink.got, [1, 2, 3])
  tails.close()
})

test('a slow follower holds up nobody and misses nothing', async () => {
  const { mailbox, tails, append } = setUp()
  await makeVault(mailbox)
  const slow = new Sink()
  let release = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const deliver = async (page: Page): Promise<void> => {
    await slow.deliver(page)
    await gate
  }
  const fast = new Sink()
  tails.follow(V, LOG_START, { deliver, fail: slow.fail })
  tails.follow(V, LOG_START, fast)
  const entries = Array.from({ length: 40 }, (_, i) => entryOf(`n${i}`))
  for (const entry of entries) await append(entry)
  await fast.reached(40)
  assert.ok(slow.got.length <= 2, 'one page at most is in the slow one’s hands')
  release()
  await slow.reached(40)
  assert.equal(slow.got, fast.got)
  tails.close()
})

test('an ended follower gets nothing more; a failing read ends it', async () => {
  const { mailbox, tails, append } = setUp()
  await makeVault(mailbox)
  await append(c)
  const ended = new Sink()
  const end = tails.follow(V, LOG_START, ended)
  // Its first page is being read.
  end()
  end()
  const lost = new Sink()
  tails.follow(vaultOf(9), LOG_START, lost)
  const live = new Sink()
  tails.follow(V, LOG_START, live)
  await append(a)
  await live.reached(2)
  assert.equal(ended.got, [])
  assert.ok(lost.failure instanceof Error)
  tails.close()
  await append(b)
  await settled()
  assert.equal(live.got, [1, 2])
})

test.run()
