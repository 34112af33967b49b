import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { equal, utf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { disk, type Disk } from './disk.js'
import { LevelStore } from './level.js'
import type { Op, Store } from './store.js'
import { recordsOf } from './testing/records.js'
import { refusedWith } from '../../shared/testing/refusal.js'

// A real file system that fills up: a small tmpfs, which only root may mount.

const MiB = 1024 * 1024
const mounted = mountSmall()
if (mounted === undefined) console.log('skipped: tests of a full disk need root, to mount a tmpfs')
const onSmallDisk = mounted === undefined ? test.skip : test
const root = mounted ?? ''

function mountSmall(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-disk-'))
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', dir], { stdio: 'ignore' })
  } catch {
    rmSync(dir, { recursive: true })
    return undefined
  }
  process.on('exit', () => {
    execFileSync('/bin/umount', [dir])
    rmSync(dir, { recursive: true })
  })
  return dir
}

/** Takes every byte that is left; gives what frees them. */
function fill(): () => void {
  const path = join(root, 'filler')
  const file = openSync(path, 'w')
  for (const size of [MiB, 4096, 1]) {
    try {
      for (;;) writeSync(file, new Uint8Array(size))
    } catch {
      // Full for this size.
    }
  }
  closeSync(file)
  return () => rmSync(path)
}

/** Writes batches from `first` on until one is refused: its number and why. */
async function writeUntilRefused(store: Store, first: number): Promise<[number, unknown]> {
  for (let n = first; n < 100_000; n++) {
    try {
      await store.batch(recordsOf(n))
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      assert.ok(error.next !== undefined)
      return [n, [error.code, error.reason]]
    }
  }
  throw new Error('the disk never filled up')
}

function holds(store: Store, from: number, to: number): boolean {
  for (let n = from; n < to; n++) {
    for (const { key, value } of recordsOf(n)) {
      const found = store.getSync(key)
      if (found === undefined || !equal(found, value)) return false
    }
  }
  return true
}

const FULL = ['storage', 'full']
/** A file system that doesn't tell its free space: LevelDB itself runs into the end of the disk. */
const silent: Disk = { ...disk, free: () => undefined }

for (const [name, with_] of [
  ['told by statfs', disk],
  ['found out by LevelDB', silent],
] as const) {
  onSmallDisk(`a disk that fills up, ${name}: refused, readable, and written again`, async () => {
    const dir = join(root, 'store')
    let store = await LevelStore.open(dir, with_)
    const old: Op = { type: 'put', key: utf8('old'), value: utf8('value') }
    await store.batch([old])
    let next = 0
    for (let round = 0; round < 3; round++) {
      const free = fill()
      const [refused, why] = await writeUntilRefused(store, next)
      assert.equal(why, FULL)
      const more: Op = { type: 'put', key: utf8('old'), value: new Uint8Array(100_000) }
      assert.equal(await refusedWith(() => store.batch([more, ...recordsOf(refused)])), FULL)
      assert.ok(holds(store, 0, refused), 'all that was acknowledged can be read')
      assert.equal(store.getSync(utf8('old')), utf8('value'))
      free()
      // The refused batches are not applied; the first write with space goes through.
      await store.batch(recordsOf(refused + 1))
      assert.ok(recordsOf(refused).every(({ key }) => !store.has(key)))
      await store.batch(recordsOf(refused))
      next = refused + 2
      assert.ok(holds(store, 0, next))
      if (round > 0) {
        await store.close()
        store = await LevelStore.open(dir, with_)
      }
      assert.ok(holds(store, 0, next))
      assert.equal(store.getSync(utf8('old')), utf8('value'))
    }
    await store.close()
    rmSync(dir, { recursive: true })
  })

  onSmallDisk(`a store that fills the disk itself, ${name}, loses nothing`, async () => {
    const dir = join(root, 'store')
    const store = await LevelStore.open(dir, with_)
    const [refused, why] = await writeUntilRefused(store, 0)
    assert.equal(why, FULL)
    assert.ok(holds(store, 0, refused))
    const [again] = await writeUntilRefused(store, refused)
    assert.ok(holds(store, 0, again))
    await store.close()
    const free = disk.free(root)
    if (free !== undefined && free > 4 * MiB) {
      const reopened = await LevelStore.open(dir, with_)
      assert.ok(holds(reopened, 0, again))
      await reopened.close()
    }
    rmSync(dir, { recursive: true })
  })
}

onSmallDisk('a full disk refuses opening, and a read-only one; both open later', async () => {
  const dir = join(root, 'store')
  const store = await LevelStore.open(dir)
  for (let n = 0; n < 50; n++) await store.batch(recordsOf(n))
  await store.close()
  const free = fill()
  assert.equal(await refusedWith(() => LevelStore.open(dir)), FULL)
  free()
  execFileSync('/bin/mount', ['-o', 'remount,ro', root])
  try {
    assert.equal(await refusedWith(() => LevelStore.open(dir)), ['storage', 'read-only'])
  } finally {
    execFileSync('/bin/mount', ['-o', 'remount,rw', root])
  }
  const again = await LevelStore.open(dir)
  assert.ok(holds(again, 0, 50))
  await again.close()
})

test.run()
