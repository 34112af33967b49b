import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Finished } from './processes.js'
import { inParallel, tallyOfUvu } from './tally.js'

const totals = (total: number, passed: number, skipped = 0): string =>
  `• • •   (${passed} / ${total})\n\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1.00ms\n\n`

const finished = (output: string, code = 0, timedOut = false): Finished => ({
  code,
  output,
  timedOut,
  ms: 1,
})

test('counts what uvu says', () => {
  assert.equal(tallyOfUvu(finished(totals(3, 3))), { passed: 3, failed: 0, skipped: 0 })
  assert.equal(tallyOfUvu(finished(totals(3, 2, 1), 1)), { passed: 2, failed: 1, skipped: 1 })
})

test('a run without totals is a failure, whatever its exit code', () => {
  assert.is(tallyOfUvu(finished('')).failed, 1)
  assert.is(tallyOfUvu(finished('boom', 1)).failed, 1)
  assert.is(tallyOfUvu(finished(totals(0, 0))).failed, 1)
})

test('a crash or a kill after passed tests is a failure', () => {
  assert.equal(tallyOfUvu(finished(totals(3, 3), 7)), { passed: 3, failed: 1, skipped: 0 })
  assert.equal(tallyOfUvu(finished(totals(3, 3), 0, true)), { passed: 3, failed: 1, skipped: 0 })
})

test('work in parallel keeps the order and the width', async () => {
  let running = 0
  let most = 0
  const results = await inParallel([5, 1, 3, 2, 4], 2, async (n) => {
    most = Math.max(most, ++running)
    for (let turn = 0; turn < n; turn++) await Promise.resolve()
    running--
    return n * 10
  })
  assert.equal(results, [50, 10, 30, 20, 40])
  assert.is(most, 2)
})

test.run()
