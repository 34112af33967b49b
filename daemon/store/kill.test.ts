import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal } from '../../shared/bytes.js'
import { LevelStore } from './level.js'
import { recordsOf } from './testing/records.js'

const root = mkdtempSync(join(tmpdir(), 'coffer-kill-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
const writer = fileURLToPath(new URL('./testing/writer.js', import.meta.url))

/** Runs a writer from batch `first` until it has acknowledged `count`, kills it in the middle of the next. */
async function writeAndKill(dir: string, first: number, count: number): Promise<number[]> {
  const child = spawn(process.execPath, [writer, dir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const acknowledged: number[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line))
    // Lines that were on their way already are read on: they were acknowledged too.
    if (acknowledged.length === count) child.kill('SIGKILL')
  }
  const [, signal] = await exit
  assert.is(signal, 'SIGKILL')
  return acknowledged
}

test('kill -9 while writing: every acknowledged batch is there, others wholly or not at all', async () => {
  const dir = join(root, 'store')
  const acknowledged = new Set<number>()
  let next = 0
  // Counts of acknowledgements before each kill: early ones, and past flushes of the log to tables.
  for (const count of [1, 7, 40, 2, 400, 90]) {
    const got = await writeAndKill(dir, next, count)
    for (const n of got) acknowledged.add(n)
    next = Math.max(...acknowledged) + 10
    const store = await LevelStore.open(dir)
    for (let n = 0; n < next; n++) {
      const held = recordsOf(n).map(({ key, value }) => {
        const found = store.getSync(key)
        assert.ok(found === undefined || equal(found, value), `batch ${n} has other bytes`)
        return found !== undefined
      })
      assert.is(new Set(held).size, 1, `batch ${n} is there in part`)
      if (acknowledged.has(n)) assert.ok(held[0], `acknowledged batch ${n} is gone`)
    }
    await store.close()
  }
  assert.ok(acknowledged.size >= 540)
})

test.run()
