import { LevelStore } from '../level.js'
import { recordsOf } from './records.js'

// The child of kill.test.ts: writes batches without end and prints the number of each that is acknowledged.

const [dir = '', first = '0'] = process.argv.slice(2)
const store = await LevelStore.open(dir)
for (let i = Number(first); ; i += 3) {
  // Three at a time, so that some share an fsync.
  await Promise.all(
    [i, i + 1, i + 2].map(async (n) => {
      await store.batch(recordsOf(n))
      process.stdout.write(`${n}\n`)
    }),
  )
}
