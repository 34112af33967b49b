import { join } from 'node:path'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, u32be, utf8 } from '../../shared/bytes.js'
import { PLAIN_MAGIC } from '../../shared/protocol/plain.js'
import { requestLine } from '../../shared/protocol/local-wire.js'
import { inFolder, until } from '../home/testing/home.js'
import { jsonLog } from '../lifecycle/log.js'
import { LocalServer } from './server.js'
import { inServer, plain, raw } from './testing/server.js'
import { refusal } from '../../shared/testing/refusal.js'

test('requests of one connection are answered, whatever becomes of each', () =>
  inServer({}, async ({ client, log }) => {
    const one = await client()
    assert.equal(await one.call(1, 'echo', { a: 'ü\n' }), { params: { a: 'ü\n' } })
    const refused = await refusal(() => one.call(2, 'refuse'))
    assert.equal([refused.code, refused.reason, refused.next], ['not-found', 'name', 'look again'])
    const broken = await refusal(() => one.call(3, 'break'))
    assert.is(broken.code, 'internal')
    assert.not.match(broken.message, 's3cret')
    assert.is(log.length, 1)
    assert.match(log[0] ?? '', /"event":"request-failed".*TypeError/)
    assert.not.match(log[0] ?? '', 's3cret')
    assert.equal(await one.call(4, 'echo'), { params: {} })
  }))

test('a slow request holds up no other, and progress names its request', () =>
  inServer({}, async ({ client, release }) => {
    const one = await client()
    const slow = one.call(1, 'wait')
    assert.equal(await one.call(2, 'echo'), { params: {} })
    await one.call(3, 'progress')
    const told = await one.next((message) => message.kind === 'notification')
    assert.equal(told.kind === 'notification' && told.params, {
      id: 3,
      phase: 'receiving',
      done: 1,
      total: 2,
    })
    release()
    assert.equal(await slow, { waited: true })
  }))

test('thousands of requests at once are all answered, a few at a time', () =>
  inServer({ inflight: 4 }, async ({ client }) => {
    const one = await client()
    const ids = Array.from({ length: 5000 }, (_, i) => i)
    one.send(ids.map((id) => requestLine(id, 'echo', { id })).join(''))
    const seen = new Set<number | null>()
    while (seen.size < ids.length) {
      const message = await one.next()
      if (message.kind === 'result') seen.add(message.id)
    }
    assert.is(seen.size, ids.length)
  }))

test('garbage is answered with a code and the connection closed; others go on', () =>
  inServer({ line: 10_000 }, async ({ client }) => {
    const good = await client()
    const bad = [
      '{\n',
      '{}\n',
      '{"jsonrpc":"2.0","method":"echo"}\n',
      '{"jsonrpc":"1.0","id":1,"method":"echo"}\n',
      '{"jsonrpc":"2.0","id":-1,"method":"echo"}\n',
      '{"jsonrpc":"2.0","id":1,"method":"echo","extra":1}\n',
      Uint8Array.of(0x7b, 0xff, 0x0a),
      `{"jsonrpc":"2.0","id":1,"method":"echo","params":"${'x'.repeat(20_000)}"}\n`,
      `{${'x'.repeat(20_000)}`,
    ]
    for (const line of bad) {
      const one = await client()
      one.send(line)
      const message = await one.next()
      assert.is(message.kind, 'error')
      if (message.kind === 'error') assert.ok(['format', 'limit'].includes(message.error.code))
      await one.closed
    }
    assert.equal(await good.call(1, 'echo'), { params: {} })
  }))

test('any bytes at all leave the daemon answering', () =>
  inServer({ requestTime: 200 }, async ({ path, client }) => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 50 }).map((bytes) => concat(utf8('{'), bytes, utf8('\n'))),
      fc
        .uint8Array({ maxLength: 50 })
        .map((bytes) => concat(PLAIN_MAGIC, u32be(bytes.length), bytes)),
      fc.json().map((json) => utf8(`${json}\n`)),
    )
    await fc.assert(
      fc.asyncProperty(noise, async (bytes) => {
        await raw(path, bytes)
      }),
      { numRuns: 200 },
    )
    assert.equal(await (await client()).call(1, 'echo'), { params: {} })
  }))

test('a half-sent request is waited for only so long', () =>
  inServer({ requestTime: 50 }, async ({ client }) => {
    const silent = await client()
    const half = await client()
    half.send(`${requestLine(1, 'echo', {})}{"jsonrpc"`)
    assert.is((await half.next()).kind, 'result')
    const quiet = await client()
    await quiet.call(1, 'echo')
    await Promise.all([silent.closed, half.closed])
    assert.equal(await quiet.call(2, 'echo'), { params: {} })
  }))

test('half-sent requests of all connections together have a limit', () =>
  inServer({ partial: 100_000 }, async ({ client }) => {
    const chunk = `{"a":"${'x'.repeat(60_000)}`
    const first = await client()
    first.send(chunk)
    const second = await client()
    second.send(chunk)
    const message = await Promise.race([first.next(), second.next()])
    assert.is(message.kind === 'error' && message.error.code, 'limit')
  }))

test('with no room left the longest idle connection goes; busy and listening ones stay', () =>
  inServer({ connections: 4 }, async ({ client, release, hub }) => {
    const busy = await client()
    const slow = busy.call(1, 'wait')
    const listener = await client()
    await listener.call(1, 'subscribe')
    const idle = await client()
    await idle.call(1, 'echo')
    const used = await client()
    await used.call(1, 'echo')
    await idle.call(2, 'echo')
    const fifth = await client()
    await used.closed
    assert.equal(await fifth.call(1, 'echo'), { params: {} })
    hub.publish('state', { state: 'locked' })
    assert.is((await listener.next()).kind, 'notification')
    release()
    await slow
  }))

test('with no room at all a new connection is refused with a code', () =>
  inServer({ connections: 1 }, async ({ client, release }) => {
    const busy = await client()
    const slow = busy.call(1, 'wait')
    await busy.call(2, 'echo')
    const refused = await (await client()).next()
    assert.is(refused.kind === 'error' && refused.error.reason, 'connections')
    release()
    await slow
  }))

test('a subscriber that reads nothing is dropped, the others hear everything', () =>
  inServer({ queue: 100_000 }, async ({ client, hub }) => {
    const deaf = await client()
    await deaf.call(1, 'subscribe')
    deaf.socket.pause()
    const keen = await client()
    await keen.call(1, 'subscribe')
    const names = Array.from({ length: 100 }, (_, i) => `${'n'.repeat(100)}${i}`)
    const vault = { vaultId: '0'.repeat(64), kind: 'user' as const }
    for (let i = 0; i < 200; i++) {
      hub.publish('changed', { vault, names })
      assert.is((await keen.next()).kind, 'notification')
    }
    deaf.socket.resume()
    await deaf.closed
    assert.equal(await keen.call(2, 'echo'), { params: {} })
  }))

test('a caller that takes no answers holds up only itself, and not for ever', () =>
  inServer({ queue: 100_000, writeTime: 100 }, async ({ client, server }) => {
    const greedy = await client()
    greedy.socket.pause()
    for (let i = 0; i < 100; i++) greedy.send(requestLine(i, 'big', {}))
    const other = await client()
    assert.equal(await other.call(1, 'echo'), { params: {} })
    await until('it is dropped', () => server.connections === 1)
    // With the pause over, what was in the socket comes, then the end.
    greedy.socket.resume()
    await greedy.closed
    assert.equal(await other.call(2, 'echo'), { params: {} })
  }))

test('who ends its side after asking still gets the answer', () =>
  inServer({}, async ({ path }) => {
    const back = await raw(path, utf8(requestLine(1, 'echo', {}) + requestLine(2, 'echo', {})))
    assert.is(Buffer.from(back).toString().split('\n').length, 3)
  }))

test('closing answers what is in work and waits no longer than told', () =>
  inServer({}, async ({ client, server, release }) => {
    const one = await client()
    const slow = one.call(1, 'wait')
    await one.call(2, 'echo')
    const closing = server.close(10_000)
    release()
    assert.equal(await slow, { waited: true })
    await closing
    await one.closed
  }))

test('a path that the kernel would cut is never bound', () =>
  inFolder(async (folder) => {
    const log = jsonLog(() => undefined, Date.now)
    const server = new LocalServer({
      answer: () => Promise.resolve({}),
      plain: () => plain([]),
      log,
    })
    const error = await refusal(() => server.listen(join(folder, 's'.repeat(100))))
    assert.is(error.reason, 'socket-path')
  }))

test.run()
