import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import type { ClientMessage } from '../../shared/protocol/relay.js'
import { RelaySync } from './manager.js'
import { FakeRelay, withFakeRelay, type Talk } from './testing/fake-relay.js'
import { ManualTimers } from './testing/manual-timers.js'
import { connectionParts, ENTRY, failure, IdlePort, VAULT } from './testing/parts.js'

await cryptoReady

function manager(timers: ManualTimers, offline = false): RelaySync {
  return new RelaySync({ ...connectionParts(timers), offline })
}

const memberHead = (length: number): { length: number; hash: never } => ({
  length,
  hash: ENTRY as string as never,
})

/** Answers as a relay with an empty log would. */
function empty(message: ClientMessage, talk: Talk): void {
  const { id } = message
  if (message.kind === 'open') {
    const body = { head: { pos: 0 }, generation: 1, floor: 0, memberHead: memberHead(1) }
    talk.say({ kind: 'opened', id, body })
  } else if (message.kind === 'heads') talk.say({ kind: 'heads', id, body: { heads: [] } })
  else if (message.kind === 'join') {
    talk.say({ kind: 'joined', id, body: { member: false, head: memberHead(1) } })
  } else if (message.kind === 'joinRequests') {
    talk.say({ kind: 'joinRequests', id, body: { requests: [new Uint8Array([9])] } })
  } else talk.say({ kind: 'done', id, body: {} })
}

/** Resolves when the manager's status is as `holds` says. */
async function until(sync: RelaySync, timers: ManualTimers, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise((resolve) => setImmediate(resolve))
    if (timers.ahead[0] !== undefined && timers.ahead[0] <= 50) timers.advance(50)
  }
  assert.ok(sync)
}

test('offline: nothing is dialled, everything says so, and the vault stays as it is', async () => {
  const relay = await FakeRelay.start()
  const timers = new ManualTimers()
  const sync = manager(timers, true)
  sync.setRelay(relay.address)
  sync.attach(new IdlePort())
  sync.retryNow()
  assert.is(await failure(sync.barrier('all', { timeout: 1000 })), 'unreachable/offline')
  assert.is(await failure(sync.fetchChain(VAULT, 0)), 'unreachable/offline')
  assert.is(await sync.appendLink(VAULT, new Uint8Array(1)), 'unreachable')
  assert.equal(timers.ahead, [])
  assert.is(relay.talks.length, 0)
  const { relays, vaults } = sync.status()
  assert.is(relays[0]?.state, 'offline')
  assert.is(vaults[0]?.phase, 'waiting')
  // Also where the vault alone is on a relay.
  sync.setRelay(undefined)
  sync.attach(new IdlePort(), relay.address)
  assert.equal(
    sync.status().relays.map(({ url, state }) => [url, state]),
    [[relay.address.url, 'offline']],
  )
  await sync.close()
  await relay.stop()
})

test('without a relay a barrier says so at once', async () => {
  const sync = manager(new ManualTimers())
  sync.attach(new IdlePort())
  assert.is(await failure(sync.barrier('all', { timeout: 1000 })), 'unreachable/no-relay')
  assert.is(await failure(sync.joinRequests(VAULT)), 'unreachable/no-relay')
  await sync.close()
})

test(
  'a barrier is reached; status, pushes and requests of joiners pass through',
  withFakeRelay(async (relay) => {
    relay.onRequest = empty
    const timers = new ManualTimers()
    const sync = manager(timers)
    const requests: Uint8Array[] = []
    let told = 0
    sync.onStatus(() => told++)
    sync.onJoinRequest((_, request) => requests.push(request))
    sync.setRelay(relay.address)
    sync.attach(new IdlePort())
    const result = await sync.barrier('all', { timeout: 1000 })
    assert.equal(result, { vaults: 1, sent: 0, received: 0 })
    assert.is(sync.status().vaults[0]?.phase, 'live')
    assert.equal(await sync.joinRequests(VAULT), [new Uint8Array([9])])
    const request = new Uint8Array([5])
    relay.talks[0]?.say({ kind: 'joinRequest', id: 0, body: { vaultId: VAULT, request } })
    await until(sync, timers, () => requests.length > 0 && told > 0)
    assert.equal(requests, [request])
    await sync.close()
  }),
)

test(
  'a barrier ends at its deadline, at its signal, and with the vault that is detached',
  withFakeRelay(async (relay) => {
    const timers = new ManualTimers()
    const sync = manager(timers)
    sync.setRelay(relay.address)
    const port = new IdlePort()
    sync.attach(port)
    await until(sync, timers, () => sync.status().relays[0]?.state === 'connected')
    const late = failure(sync.barrier('all', { timeout: 2000 }))
    timers.advance(2000)
    assert.is(await late, 'timed-out/timed-out')
    const stop = new AbortController()
    const aborted = failure(sync.barrier('all', { timeout: 2000, signal: stop.signal }))
    stop.abort()
    assert.is(await aborted, 'cancelled/cancelled')
    const gone = failure(sync.barrier('all', { timeout: 2000 }))
    sync.detach(port.vaultId)
    assert.is(await gone, 'cancelled/cancelled')
    await sync.close()
  }),
)

test('a relay that is not there: a barrier and a link fail at once, and it is tried again', async () => {
  const relay = await FakeRelay.start()
  const { address } = relay
  await relay.stop()
  const timers = new ManualTimers()
  const sync = manager(timers)
  sync.setRelay(address)
  sync.attach(new IdlePort())
  assert.is(await failure(sync.barrier('all', { timeout: 9000 })), 'unreachable/econnrefused')
  assert.is(await sync.appendLink(VAULT, new Uint8Array(1)), 'unreachable')
  const [first] = timers.ahead
  assert.ok(first !== undefined && first <= 60_000)
  assert.is(sync.status().relays[0]?.problem?.reason, 'econnrefused')
  await sync.close()
  assert.equal(timers.ahead, [])
})

test(
  'the first new attempt is quick, later ones take longer, a draining relay decides itself',
  withFakeRelay(async (relay) => {
    relay.onRequest = empty
    const timers = new ManualTimers()
    const sync = manager(timers)
    sync.setRelay(relay.address)
    const state = (): string | undefined => sync.status().relays[0]?.state
    const lose = async (): Promise<number> => {
      await until(sync, timers, () => state() === 'connected')
      relay.talks.at(-1)?.socket.terminate()
      await until(sync, timers, () => state() === 'offline')
      return timers.ahead[0] ?? 0
    }
    assert.ok((await lose()) <= 250)
    timers.advance(250)
    const second = await lose()
    assert.ok(second >= 500 && second <= 1000, String(second))
    timers.advance(1000)
    await until(sync, timers, () => state() === 'connected')
    relay.talks.at(-1)?.say({ kind: 'draining', id: 0, body: { retryAfter: 7000 } })
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok((await lose()) >= 7000)
    await sync.close()
  }),
)

test(
  'who joins waits over connections: the request is put again on each',
  withFakeRelay(async (relay) => {
    const timers = new ManualTimers()
    const sync = manager(timers)
    sync.setRelay(relay.address)
    relay.onRequest = empty
    const request = new Uint8Array([7])
    assert.is((await sync.putJoinRequest(VAULT, request)).member, false)
    const moved = sync.waitChainMoved(VAULT, 1, { timeout: 60_000 })
    const joins = (): number => relay.heard.filter(({ kind }) => kind === 'join').length
    await until(sync, timers, () => joins() === 2)
    relay.talks[0]?.socket.terminate()
    await until(sync, timers, () => sync.status().relays[0]?.state === 'offline')
    timers.advance(250)
    await until(sync, timers, () => joins() === 3)
    relay.talks[1]?.say({
      kind: 'chainMoved',
      id: 0,
      body: { vaultId: VAULT, head: memberHead(2) },
    })
    assert.is((await moved).length, 2)
    await sync.close()
  }),
)

test(
  'a lasting refusal ends a joiner’s wait',
  withFakeRelay(async (relay) => {
    const sync = manager(new ManualTimers())
    sync.setRelay(relay.address)
    relay.onRequest = ({ id }, talk) =>
      talk.say({ kind: 'refused', id, body: { code: 'refused', reason: 'expired' } })
    const request = new Uint8Array([7])
    assert.is(await failure(sync.putJoinRequest(VAULT, request)), 'refused/expired')
    assert.is(await failure(sync.waitChainMoved(VAULT, 1)), 'refused/expired')
    await sync.close()
  }),
)

test(
  'the token goes with the vault to be made, and another relay takes the vault over',
  withFakeRelay(async (relay) => {
    const timers = new ManualTimers()
    const sync = manager(timers)
    const refuse = ({ id }: ClientMessage, talk: Talk): void =>
      talk.say({ kind: 'refused', id, body: { code: 'not-found', reason: 'no-vault' } })
    relay.onRequest = refuse
    sync.setRelay({ ...relay.address, registrationToken: 'let me in' })
    sync.attach(new IdlePort())
    const created = (): ClientMessage | undefined =>
      relay.heard.find(({ kind }) => kind === 'create')
    await until(sync, timers, () => created() !== undefined)
    const create = created()
    assert.is(create?.kind === 'create' && create.body.token, 'let me in')
    const other = await FakeRelay.start()
    other.onRequest = empty
    sync.setRelay(other.address)
    await sync.barrier('all', { timeout: 1000 })
    // The connection to the first one may linger; nothing here is on it.
    assert.equal(
      sync.status().relays.map(({ url }) => url),
      [other.address.url],
    )
    await sync.close()
    await other.stop()
  }),
)

test.run()
