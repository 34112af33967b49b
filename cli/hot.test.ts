import { Buffer } from 'node:buffer'
import { writeFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { encodePlainAnswer, encodePlainRequest, PLAIN_VARIABLES } from '../shared/protocol/plain.js'
import { exchange } from './reach/exchange.js'
import { pointerText, type DaemonMark } from '../shared/protocol/socket-path.js'
import { VERSION } from '../shared/version.js'
import { cutAnswer, requestBytes } from './hot.js'
import { homeOf, networkNamespace, readySocketOf, socketOf } from './reach/socket.js'
import { FakeDaemon } from './testing/fake-daemon.js'

const word = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''))

test("the request is the shared codec's", () => {
  const variables = fc.dictionary(fc.constantFrom(...PLAIN_VARIABLES), word, {
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(fc.array(word), variables, (argv, chosen) => {
      const expected = encodePlainRequest({ argv, cwd: process.cwd(), variables: chosen })
      const sorted = (bytes: Uint8Array): string =>
        Buffer.from(bytes).toString().split('\0').toSorted().join()
      const made = requestBytes(argv, { ...chosen, OTHER: 'x' })
      assert.is(made.length, expected.length)
      assert.is(sorted(made), sorted(expected))
    }),
  )
  const one = { argv: ['get', 'ä'], cwd: process.cwd(), variables: { COFFER_ORG: 'o' } }
  assert.equal(
    new Uint8Array(requestBytes(one.argv, one.variables)),
    new Uint8Array(encodePlainRequest(one)),
  )
})

test('an answer is whole at its last byte and not before', () => {
  const bytes = fc.uint8Array({ maxLength: 20 })
  const exec = fc.constantFrom(undefined, {
    policy: 'override',
    argv: ['a'],
    environment: { A: 'b' },
  } as const)
  fc.assert(
    fc.property(fc.nat(255), bytes, bytes, exec, (status, stdout, stderr, run) => {
      const answer = { status, stdout, stderr, ...(run === undefined ? {} : { exec: run }) }
      const all = Buffer.from(encodePlainAnswer(answer))
      for (let end = 0; end < all.length; end++)
        assert.is(cutAnswer(all.subarray(0, end)), undefined)
      const cut = cutAnswer(all)
      assert.is(cut?.status, status)
      assert.equal(new Uint8Array(cut?.stdout ?? []), stdout)
      assert.equal(new Uint8Array(cut?.stderr ?? []), stderr)
      assert.is(cut?.exec, run !== undefined)
    }),
  )
})

test('the socket is found, spoken to, and missed without an error', async () => {
  const nothing = new Uint8Array(0)
  const daemon = await new FakeDaemon({}, ({ argv }) => ({
    status: 7,
    stdout: Buffer.from(argv.join(' ')),
    stderr: nothing,
  })).start()
  const socket = socketOf(homeOf({ COFFER_HOME: daemon.home }))
  assert.is(socket, `${daemon.home}/run/daemon.sock`)
  const answer = await exchange(socket ?? '', requestBytes(['get', 'A'], {}))
  assert.is(answer?.stdout.toString(), 'get A')
  assert.is(answer?.status, 7)
  answer?.close()
  await daemon.stop()
  assert.is(await exchange(socket ?? '', requestBytes(['get', 'A'], {})), undefined)
  assert.is(socketOf(daemon.home), undefined)
})

test('a daemon that may have to be replaced is left to the full program', async () => {
  const daemon = await new FakeDaemon({}).start()
  const here = networkNamespace()
  const table: readonly (readonly [Partial<DaemonMark>, boolean, boolean])[] = [
    [{}, false, true],
    [{}, true, true],
    [{ version: '0.0.9' }, false, false],
    [{ offline: true }, false, false],
    [{ offline: true }, true, true],
    [{ cut: 'net:[1]' }, false, false],
    [{ cut: here }, false, true],
  ]
  for (const [given, offline, ready] of table) {
    const mark = { version: VERSION, cut: undefined, offline: false, ...given }
    const socket = `${daemon.home}/run/daemon.sock`
    writeFileSync(`${daemon.home}/socket`, pointerText(socket, mark), { mode: 0o600 })
    const found = readySocketOf(daemon.home, offline)
    assert.is(found, ready ? socket : undefined, JSON.stringify(mark))
  }
  await daemon.stop()
})

test.run()
