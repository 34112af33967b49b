import { Buffer } from 'node:buffer'
import { parentPort } from 'node:worker_threads'
import { FakeDaemon } from './fake-daemon.js'

// A scripted daemon in a thread of its own. `get BIG` is half a megabyte, other values are short; `set` answers with
// what it was given as its warning's message, for the test to see.

const id = 'ab'.repeat(32)
const daemon = await new FakeDaemon(
  {
    secretSet: ({ value }) => ({
      reference: '/user/A',
      version: { id, number: 1 },
      created: true,
      warnings: [{ code: 'stored', message: value }],
    }),
  },
  ({ argv }) => ({
    status: 0,
    stdout: Buffer.from(argv.includes('BIG') ? 'x'.repeat(512 * 1024) : 'short\n'),
    stderr: new Uint8Array(0),
  }),
).start()

parentPort?.once('message', () => {
  void daemon.stop().then(() => {
    parentPort?.close()
  })
})
parentPort?.postMessage(daemon.home)
