import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal, utf8, type Bytes } from '../../shared/bytes.js'
import { LevelStore } from './level.js'
import { crc32c } from '../../shared/leveldb/crc32c.js'
import { readBatch, readLog } from '../../shared/leveldb/log.js'

const BLOCK = 32 * 1024

/** A log that LevelDB wrote: one record a batch, the batches of these sizes. */
async function logOf(sizes: readonly number[]): Promise<Bytes> {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-log-'))
  try {
    const store = await LevelStore.open(dir)
    for (const [n, size] of sizes.entries()) {
      const value = new Uint8Array(size).fill(0x80 + n)
      await store.batch([{ type: 'put', key: Uint8Array.of(n), value }])
    }
    await store.close()
    const name = readdirSync(dir).find((file) => file.endsWith('.log')) ?? ''
    return new Uint8Array(readFileSync(join(dir, name)))
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function flipped(bytes: Bytes, at: number, mask: number): Bytes {
  const out = bytes.slice()
  out[at] = (out[at] ?? 0) ^ mask
  return out
}

/** Whether `a` are the first of `b`. */
function isPrefix(a: readonly Bytes[], b: readonly Bytes[]): boolean {
  return a.every((record, i) => equal(record, b[i] ?? new Uint8Array(0)))
}

test('CRC-32C of the known text', () => {
  assert.is(crc32c(utf8('123456789')), 0xe3069283)
  assert.is(crc32c(utf8('')), 0)
})

test('reads what LevelDB writes, over block borders too', async () => {
  const sizes = [0, 10, 32_730, 100_000, 7, 300_000]
  const { records, state } = readLog(await logOf(sizes))
  assert.is(state, 'sound')
  const batches = records.map((record) => readBatch(record))
  assert.equal(
    batches.map((batch) => batch?.map(({ key, value }) => [key[0], value?.length])),
    sizes.map((size, n) => [[n, size]]),
  )
  assert.equal(
    batches.map((batch) => batch?.[0]?.sequence),
    [1n, 2n, 3n, 4n, 5n, 6n],
  )
})

test('a log cut anywhere is torn, never damaged, and keeps the records before the cut', async () => {
  const bytes = await logOf([20, 5, 70_000, 30])
  const whole = readLog(bytes).records
  const near = [0, 100, BLOCK, 2 * BLOCK, bytes.length].flatMap((at) =>
    Array.from({ length: 60 }, (_, i) => at - 30 + i),
  )
  for (const length of near.filter((at) => at > 0 && at < bytes.length)) {
    const { records, state } = readLog(bytes.subarray(0, length))
    assert.is.not(state, 'damaged', `cut to ${length}`)
    assert.ok(records.length < whole.length && isPrefix(records, whole), `cut to ${length}`)
  }
})

test('sectors that were never written are torn at the end, damage before', async () => {
  const bytes = await logOf([3000, 3000, 3000])
  const zeroed = (from: number): Bytes => bytes.slice().fill(0, from, from + 1024)
  const last = readLog(zeroed(6656))
  assert.is(last.state, 'torn')
  assert.is(last.records.length, 2)
  assert.is(readLog(zeroed(512)).state, 'damaged')
  assert.is(readLog(new Uint8Array(5000)).state, 'torn')
})

test('a flip of any bit is damage, in the last record too', async () => {
  const bytes = await logOf([10, 0, 200, 31])
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const { state, records } = readLog(flipped(bytes, at, 1 << bit))
      assert.is(state, 'damaged', `byte ${at}, bit ${bit}`)
      assert.ok(records.length >= 3, `byte ${at}, bit ${bit}: ${records.length} records are left`)
    }
  }
})

test('a flip in a record of several blocks is damage', async () => {
  const bytes = await logOf([50, 100_000])
  for (let at = 3; at < bytes.length; at += 1009) {
    assert.is(readLog(flipped(bytes, at, 0x10)).state, 'damaged', `byte ${at}`)
  }
})

test('bytes that are no log are read to their end', () => {
  for (let length = 0; length < 3000; length += 7) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7919 + length * 31) >>> 3)
    assert.equal(readLog(bytes).records, [])
  }
})

test.run()
