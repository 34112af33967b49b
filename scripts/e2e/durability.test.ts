// What is acknowledged is on the disk: strace sees fdatasync end before the answer is sent.
import { spawnSync } from 'node:child_process'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home } from './harness/home.js'
import { Relay } from './harness/relay.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { base64, clientOf, contextOf } from './support/local.js'
import { bytesOf, logOf, parseTrace, readTrace, unsynced } from './support/trace.js'
import { type SystemCall } from './support/trace.js'

const WRITES = 12
const CALLS = 'read,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync'
const TRACE = ['-f', '-yy', '-x', '-s', '96', '-e', `trace=${CALLS}`, '-e', 'signal=none']

const permitted = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
if (!permitted) console.log('skipped: tests of durability need strace, and the right to trace')
const traced = permitted ? test : test.skip

test('a trace is read right', () => {
  const calls = parseTrace(
    [
      '10  write(5</x/000003.log>, "\\x01\\x02"..., 9) = 9',
      '11  fdatasync(5</x/000003.log> <unfinished ...>',
      '10  write(5</x/000003.log>, "late", 4) = 4',
      '11  <... fdatasync resumed>)         = 0',
      '10  write(7<UNIX-STREAM:[1->2,"/s.sock"]>, "{\\"id\\":7}\\n", 9) = 9',
      '11  fdatasync(5</x/000003.log>)      = 0',
    ].join('\n'),
  )
  assert.is(calls.length, 5)
  assert.is(bytesOf(calls[0]!), '\u0001\u0002')
  assert.is(bytesOf(calls.find(({ args }) => args.includes('UNIX'))!), '{"id":7}\n')
  assert.equal(unsynced(calls, 1), ['/x/000003.log'])
  // A sync that began before the write doesn't cover it.
  assert.equal(unsynced(calls, 5), ['/x/000003.log'])
  assert.equal(unsynced(calls, 6), [])
})

const onSocket = (kind: 'UNIX' | 'TCP') => (call: SystemCall) =>
  new RegExp(`^\\d+<${kind}`).test(call.args)
const sends = (call: SystemCall): boolean => /^(write|writev|sendto|sendmsg)$/.test(call.name)

const says = (call: SystemCall, start: string): boolean =>
  onSocket('UNIX')(call) && bytesOf(call).startsWith(`{"jsonrpc":"2.0",${start}`)

/** The daemon's reading of `secretSet` number `id` and its answer; undefined while one isn't traced. */
function pairOf(calls: readonly SystemCall[], id: number): [SystemCall, SystemCall] | undefined {
  const asked = `"id":${id},"method":"secretSet"`
  const request = calls.find((call) => call.name === 'read' && says(call, asked))
  if (request === undefined) return undefined
  const answer = calls.find(
    (call) => call.begin > request.end && sends(call) && says(call, `"id":${id},"result":{`),
  )
  return answer && [request, answer]
}

/** Writes to databases' logs that began after `from` and ended before `to`. */
const loggedBetween = (calls: readonly SystemCall[], from: number, to: number): SystemCall[] =>
  calls.filter(
    (call) =>
      logOf(call) !== undefined &&
      call.name.includes('write') &&
      call.begin > from &&
      call.end < to,
  )

/** The home's daemon as a child of strace, ready to answer. */
async function tracedDaemon(world: World, home: Home, file: string): Promise<void> {
  const env = { COFFER_HOME: home.folder }
  const running = world.start(['strace', ...TRACE, '-o', file, 'cofferd'], { env })
  await until(
    () => `the daemon under strace answers: ${running.describe()}`,
    async () => {
      const { code, out } = await home.run(['daemon', 'status', '--json'])
      return code === 0 && out.includes('"pid"')
    },
    { timeout: 30_000 },
  )
}

traced('the daemon syncs what it acknowledges before it does', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.stopDaemon()
    const file = path.join(world.folder, 'trace')
    await tracedDaemon(world, home, file)
    const client = await clientOf(world, home)
    for (let n = 1; n <= WRITES; n++) {
      const params = { context: contextOf(), name: '/user/x', value: base64(`value ${n}`) }
      await client.call('secretSet', params)
    }
    client.close()
    // The trace is whole when the traced daemon has ended.
    await home.stopDaemon()
    await until('the last answer is traced', () => pairOf(readTrace(file), WRITES))
    const calls = readTrace(file)
    for (let n = 1; n <= WRITES; n++) {
      const [request, answer] = pairOf(calls, n)!
      const logged = loggedBetween(calls, request.end, answer.begin)
      assert.ok(logged.length > 0, `write ${n} went to a log before its answer`)
      assert.equal(unsynced(calls, answer.begin), [], `write ${n} was synced before its answer`)
    }
  })
})

/** `appended` as the relay frames it: a binary WebSocket frame, then CBOR's list of three that begins with 37. */
const APPENDED = ['\u0083', '\u0018', '\u0025'].join('')

function isAppended(call: SystemCall): boolean {
  if (!sends(call) || !onSocket('TCP')(call)) return false
  const bytes = bytesOf(call)
  const [at, short] = [bytes.indexOf(APPENDED), bytes.charCodeAt(1)]
  return bytes.startsWith('\u0082') && at === (short < 126 ? 2 : 4)
}

traced('the relay syncs what it acknowledges before it does', async () => {
  await inWorld(async (world) => {
    const file = path.join(world.folder, 'trace')
    const place = {
      folder: world.folder,
      start: (argv: readonly string[], options = {}) =>
        world.start(['strace', ...TRACE, '-o', file, ...argv], options),
    }
    const relay = new Relay(place, {})
    await relay.start()
    const home = world.home('a')
    await home.init()
    await relay.serve(home)
    const before = readTrace(file).filter(isAppended).length
    for (let n = 1; n <= WRITES; n++) {
      await home.ok(['set', '/user/x', `value ${n}`])
      await home.ok(['sync'])
    }
    await home.stopDaemon()
    const calls = await until('every acknowledgement is traced', () => {
      const all = readTrace(file)
      return all.filter(isAppended).length - before >= WRITES && all
    })
    let last = -1
    for (const answer of calls.filter(isAppended)) {
      const logged = loggedBetween(calls, last, answer.begin)
      assert.ok(logged.length > 0, 'what is acknowledged went to a log')
      assert.equal(unsynced(calls, answer.begin), [], 'and was synced before')
      last = answer.end
    }
  })
})

test.run()
