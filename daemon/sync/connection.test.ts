import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import type { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { RelayMessage } from '../../shared/protocol/relay.js'
import type { RelayAddress } from './api.js'
import { Connection } from './connection.js'
import { unreachable, type Push } from './messages.js'
import { FakeRelay, withFakeRelay } from './testing/fake-relay.js'
import { ManualTimers } from './testing/manual-timers.js'
import { connectionParts, ENTRY, failure, VAULT } from './testing/parts.js'

await cryptoReady

const BYE = unreachable('the test is over', 'over')

type Dialled = {
  readonly connection: Connection
  readonly ready: Promise<void>
  /** `code/reason` of the connection's end. */
  readonly ended: Promise<string>
  readonly pushes: Push[]
}

function dial(address: RelayAddress, timers = new ManualTimers()): Dialled {
  const pushes: Push[] = []
  let onReady = (): void => undefined
  let onEnd = (_why: CofferError): void => undefined
  const ready = new Promise<void>((resolve) => (onReady = resolve))
  const ended = new Promise<string>((resolve) => {
    onEnd = ({ code, reason }) => resolve(`${code}/${reason}`)
  })
  const connection = new Connection(address, connectionParts(timers), {
    onReady: () => onReady(),
    onPush: (push) => pushes.push(push),
    onDraining: () => undefined,
    onEnd: (why) => onEnd(why),
  })
  return { connection, ready, ended, pushes }
}

/** How a connection ends whose relay answers `hello` so. */
async function endAfterHello(relay: FakeRelay, answer: FakeRelay['onRequest']): Promise<string> {
  relay.onHello = answer
  return dial(relay.address).ended
}

const entriesAt = (from: number): RelayMessage => ({
  kind: 'entries',
  id: 0,
  body: { vaultId: VAULT, from, entries: [new Uint8Array(3)], head: from },
})

test(
  'a handshake with the pinned relay, a request, its reply',
  withFakeRelay(async (relay) => {
    relay.onRequest = ({ id }, talk) => talk.say({ kind: 'heads', id, body: { heads: [] } })
    const { connection, ready } = dial(relay.address)
    await ready
    assert.equal(await connection.request('heads', { vaultId: VAULT }), { heads: [] })
    const [hello] = relay.heard
    assert.is(hello?.kind === 'hello' && hello.body.origin, relay.address.url)
    connection.close(BYE)
  }),
)

test(
  'who holds another key, or signs something else, is not spoken to',
  withFakeRelay(async (relay) => {
    const other = { ...relay.address, key: ENTRY as string as RelayAddress['key'] }
    assert.is(await dial(other).ended, 'tampering/relay-key')
    const forged = await endAfterHello(relay, (_, talk) => {
      const body = { relayKey: relay.key, nonce: new Uint8Array(32), signature: new Uint8Array(64) }
      talk.say({ kind: 'challenge', id: 0, body })
    })
    assert.is(forged, 'tampering/relay-key')
    assert.not(relay.heard.some(({ kind }) => kind === 'auth'))
  }),
)

test(
  'a refused handshake ends with the relay’s reason',
  withFakeRelay(async (relay) => {
    const end = await endAfterHello(relay, (_, talk) =>
      talk.say({ kind: 'refused', id: 0, body: { code: 'relay-refused', reason: 'version' } }),
    )
    assert.is(end, 'relay-refused/version')
  }),
)

test(
  'whatever is no message of the protocol ends the connection with a code, and nothing else',
  withFakeRelay(async (relay) => {
    const welcome: RelayMessage = {
      kind: 'welcome',
      id: 0,
      body: { registration: 'open', vaults: 1, inFlight: 1, rate: 1, burst: 1 },
    }
    assert.is(await endAfterHello(relay, (_, talk) => talk.say(welcome)), 'relay-refused/malformed')
    assert.is(await endAfterHello(relay, (_, talk) => talk.raw('text')), 'relay-refused/malformed')
    const large = new Uint8Array(LIMITS.frame + 1)
    const oversize = await endAfterHello(relay, (_, talk) => talk.raw(large))
    assert.match(oversize, /^unreachable\/ws-err-unsupported-message-length$/)
    const garbage = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 40 }), {
      numRuns: 40,
      seed: 7,
    })
    for (const bytes of garbage) {
      assert.match(await endAfterHello(relay, (_, talk) => talk.raw(bytes)), /^(format|limit)\//)
    }
  }),
)

test(
  'replies that nobody asked for, or of another kind, break the protocol',
  withFakeRelay(async (relay) => {
    relay.onRequest = (_, talk) => talk.say({ kind: 'done', id: 77, body: {} })
    const first = dial(relay.address)
    await first.ready
    const request = failure(first.connection.request('heads', { vaultId: VAULT }))
    assert.is(await first.ended, 'relay-refused/malformed')
    assert.is(await request, 'relay-refused/malformed')
    relay.onRequest = ({ id }, talk) => talk.say({ kind: 'done', id, body: {} })
    const second = dial(relay.address)
    await second.ready
    assert.is(
      await failure(second.connection.request('heads', { vaultId: VAULT })),
      'relay-refused/malformed',
    )
    assert.is(await second.ended, 'relay-refused/malformed')
  }),
)

test(
  'a push that follows a reply is seen after it, also when both come at once',
  withFakeRelay(async (relay) => {
    const seen: string[] = []
    relay.onRequest = ({ id }, talk) => {
      const memberHead = { length: 1, hash: ENTRY as string as never }
      const body = { head: { pos: 1, entryId: ENTRY }, generation: 1, floor: 0, memberHead }
      talk.say({ kind: 'opened', id, body }, entriesAt(1), entriesAt(2))
    }
    const { connection, ready, pushes } = dial(relay.address)
    await ready
    await new Promise<void>((resolve) => {
      connection.send('open', { vaultId: VAULT, after: { pos: 0 } }, () => {
        seen.push(`opened with ${pushes.length} before`)
        resolve()
      })
    })
    assert.equal(seen, ['opened with 0 before'])
    connection.close(BYE)
  }),
)

test(
  'a relay that takes the call and never answers is given up after five seconds',
  withFakeRelay(async (relay) => {
    const timers = new ManualTimers()
    const met = new Promise<void>((resolve) => (relay.onHello = () => resolve()))
    const { ended } = dial(relay.address, timers)
    await met
    assert.equal(timers.ahead, [5000])
    timers.advance(5000)
    assert.is(await ended, 'unreachable/connect-timeout')
  }),
)

test(
  'a request without an answer ends the connection, and all that waits hears of it',
  withFakeRelay(async (relay) => {
    const timers = new ManualTimers()
    const { connection, ready, ended } = dial(relay.address, timers)
    await ready
    const waiting = [0, 1].map(() => failure(connection.request('heads', { vaultId: VAULT })))
    timers.advance(10_000)
    assert.is(await ended, 'unreachable/request-timeout')
    assert.equal(await Promise.all(waiting), Array(2).fill('unreachable/request-timeout'))
    assert.is(await failure(connection.request('heads', { vaultId: VAULT })), 'unreachable/closed')
    assert.equal(timers.ahead, [])
  }),
)

test(
  'a client stays below the allowance: in flight, and in rate',
  withFakeRelay(async (relay) => {
    relay.allowance = { ...relay.allowance, inFlight: 2, rate: 1, burst: 6 } as never
    const held: (() => void)[] = []
    let arrived = (): void => undefined
    relay.onRequest = ({ id }, talk) => {
      held.push(() => talk.say({ kind: 'heads', id, body: { heads: [] } }))
      arrived()
    }
    const until = async (count: number): Promise<void> => {
      while (held.length < count) await new Promise<void>((resolve) => (arrived = resolve))
    }
    const timers = new ManualTimers()
    const { connection, ready } = dial(relay.address, timers)
    await ready
    const replies = [0, 1, 2, 3].map(() => connection.request('heads', { vaultId: VAULT }))
    await until(2)
    held[0]?.()
    await until(3)
    assert.is(held.length, 3)
    held[1]?.()
    await replies[1]
    // Three requests of two tokens each: the fourth waits for the rate.
    assert.is(held.length, 3)
    timers.advance(2000)
    await until(4)
    for (const answer of held.slice(2)) answer()
    await Promise.all(replies)
    connection.close(BYE)
  }),
)

test(
  'a connection that went silent is noticed by pings',
  withFakeRelay(async (relay) => {
    const timers = new ManualTimers()
    const { ready, ended } = dial(relay.address, timers)
    await ready
    relay.talks[0]?.socket.pause()
    timers.advance(240_000)
    timers.advance(10_000)
    assert.is(await ended, 'unreachable/silent')
  }),
)

test('nobody there: a coded end, quickly', async () => {
  const relay = await FakeRelay.start()
  const { address } = relay
  await relay.stop()
  assert.is(await dial(address).ended, 'unreachable/econnrefused')
})

test.run()
