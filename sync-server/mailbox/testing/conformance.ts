import * as assert from 'uvu/assert'
import { utf8 } from '../../../shared/bytes.js'
import { LOG_START, type Cursor } from '../../../shared/protocol/relay.js'
import {
  a,
  all,
  b,
  c,
  d,
  entryOf,
  logIs,
  makeVault,
  refusedWith,
  ROOMY,
  V,
  vaultOf,
  type Bench,
  type Check,
  type Engine,
} from './conformance-kit.js'
import { STATE_CHECKS } from './conformance-state.js'
import type { Mailbox } from '../mailbox.js'
import { OVERHEAD } from '../rules.js'

// One contract, one suite: every engine's test file runs `mailboxConformance` on it.

async function positionsAreContiguous(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const first = await mailbox.append(V, LOG_START, [a, b])
  assert.equal(first, { positions: [1, 2], head: { pos: 2, entryId: b.id }, added: 2 })
  const second = await mailbox.append(V, first.head, [c])
  assert.equal(second.positions, [3])
  await logIs(mailbox, [a, b, c])
  assert.equal((await mailbox.heads([V, vaultOf(9)])).get(V), 3)
  assert.is((await mailbox.heads([vaultOf(9)])).size, 0)
}

async function replaysReturnTheFirst(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a, b])
  const full = await mailbox.append(V, LOG_START, [a, b])
  assert.equal([full.positions, full.added, full.head.pos], [[1, 2], 0, 2])
  const partial = await mailbox.append(V, LOG_START, [b, c, a, c])
  assert.equal([partial.positions, partial.added], [[2, 3, 1, 3], 1])
  assert.equal(await mailbox.find(V, [a.id, d.id, c.id]), [1, undefined, 3])
  await logIs(mailbox, [a, b, c])
}

async function manyAppendersLeaveNoGap({ instances }: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const writers = Array.from({ length: 32 }, async (_, w) => {
    const instance = instances[w % instances.length] ?? mailbox
    const positions: number[] = []
    for (let i = 0; i < 8; i++) {
      const batch = [entryOf(`${w}.${i}.0`), entryOf(`${w}.${i}.1`)]
      positions.push(...(await instance.append(V, LOG_START, batch)).positions)
    }
    assert.equal(
      positions,
      positions.toSorted((x, y) => x - y),
      'a writer keeps its order',
    )
    return positions
  })
  const positions = (await Promise.all(writers)).flat().toSorted((x, y) => x - y)
  assert.equal(
    positions,
    Array.from({ length: 512 }, (_, i) => i + 1),
  )
  const log = await all(mailbox)
  assert.equal(
    log.map(({ pos }) => pos),
    positions,
  )
}

async function tailNeverSkips({ instances }: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const total = 200
  const writers = Promise.all(
    Array.from({ length: 10 }, async (_, w) => {
      for (let i = 0; i < total / 10; i++) {
        await (instances[w % instances.length] ?? mailbox).append(V, LOG_START, [
          entryOf(`${w}/${i}`),
        ])
      }
    }),
  )
  const reader = instances.at(-1) ?? mailbox
  let after: Cursor = LOG_START
  while (after.pos < total) {
    const { entries } = await reader.read(V, after, { entries: 7, bytes: 1 << 20 })
    for (const entry of entries) {
      assert.is(entry.pos, after.pos + 1)
      after = { pos: entry.pos, entryId: entry.id }
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await writers
}

async function readsArePaged(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const big = entryOf('big', 5000)
  await mailbox.append(V, LOG_START, [a, big, b, c])
  const sizes = async (after: Cursor, entries: number, bytes: number): Promise<number[]> =>
    (await mailbox.read(V, after, { entries, bytes })).entries.map(({ pos }) => pos)
  assert.equal(await sizes(LOG_START, 2, 1 << 20), [1, 2])
  assert.equal(await sizes(LOG_START, 10, 1000), [1])
  assert.equal(await sizes({ pos: 1, entryId: a.id }, 10, 1000), [2], 'one at least')
  assert.equal(await sizes({ pos: 2, entryId: big.id }, 10, 1000), [3, 4])
  assert.equal(await sizes({ pos: 4, entryId: c.id }, 10, 1000), [])
}

async function quotaLeavesNoGap(_: Bench, mailbox: Mailbox): Promise<void> {
  const quota = 2 * (64 + OVERHEAD)
  await makeVault(mailbox, V, quota)
  await mailbox.append(V, LOG_START, [a])
  await refusedWith('quota', () => mailbox.append(V, LOG_START, [b, c]))
  const register = { key: 'k', body: utf8('v') }
  await refusedWith('quota', () => mailbox.append(V, LOG_START, [b, c], { registers: [register] }))
  assert.equal(await mailbox.registers(V, ''), [])
  await mailbox.append(V, LOG_START, [a, b])
  await logIs(mailbox, [a, b])
  assert.is((await mailbox.info(V))?.bytes, quota)
  await refusedWith('quota', () => mailbox.append(V, LOG_START, [c]))
  await mailbox.append(V, LOG_START, [c], { reserve: true })
  await logIs(mailbox, [a, b, c])
}

async function sizesAreCapped(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const huge = entryOf('huge', 1024 * 1024 + 1)
  await refusedWith('too-large', () => mailbox.append(V, LOG_START, [a, huge]))
  await refusedWith('too-large', () => mailbox.putRegister(V, 'k', huge.body))
  await logIs(mailbox, [])
}

async function divergenceIsFound(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a, b])
  const wrong: Cursor[] = [
    { pos: 1, entryId: b.id },
    { pos: 2, entryId: d.id },
    { pos: 3, entryId: c.id },
    { pos: 1 },
    { pos: 0, entryId: a.id },
  ]
  for (const cursor of wrong) {
    await refusedWith('diverged', () => mailbox.append(V, cursor, [c]))
    await refusedWith('diverged', () => mailbox.read(V, cursor, ROOMY))
  }
  await mailbox.append(V, { pos: 1, entryId: a.id }, [c])
  await logIs(mailbox, [a, b, c])
}

async function vaultsAreApart(_: Bench, mailbox: Mailbox): Promise<void> {
  const other = vaultOf(2)
  await refusedWith('no-vault', () => mailbox.append(V, LOG_START, [a]))
  await refusedWith('no-vault', () => mailbox.read(V, LOG_START, ROOMY))
  await refusedWith('no-vault', () => mailbox.putRegister(V, 'k', a.body))
  assert.is(await mailbox.info(V), undefined)
  await makeVault(mailbox)
  await makeVault(mailbox, other)
  await mailbox.append(V, LOG_START, [a, b])
  await mailbox.append(other, LOG_START, [b])
  await mailbox.putRegister(V, 'head/1', a.body)
  await logIs(mailbox, [a, b])
  await logIs(mailbox, [b], other)
  assert.equal(await mailbox.registers(other, ''), [])
}

async function closedIsUnavailable(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  await mailbox.health()
  await mailbox.close()
  await refusedWith('unavailable', () => mailbox.health())
  await refusedWith('unavailable', () => mailbox.append(V, LOG_START, [a]))
  await refusedWith('unavailable', () => mailbox.read(V, LOG_START, ROOMY))
}

async function reopening(bench: Bench, mailbox: Mailbox): Promise<void> {
  if (bench.reopen === undefined) return
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a, b], { registers: [{ key: 'k', body: utf8('v') }] })
  await mailbox.raiseGeneration()
  const info = await mailbox.info(V)
  const again = await bench.reopen()
  await logIs(again, [a, b])
  assert.equal(await again.info(V), info)
  assert.equal(await again.registers(V, ''), [{ key: 'k', body: utf8('v') }])
  assert.equal((await again.append(V, LOG_START, [b, c])).positions, [2, 3])
}

const CHECKS: Readonly<Record<string, Check>> = {
  ...STATE_CHECKS,
  'positions are contiguous': positionsAreContiguous,
  'full and partial replays return the first positions': replaysReturnTheFirst,
  '32 appenders leave no gap': manyAppendersLeaveNoGap,
  'a tailing reader never sees n+1 before n': tailNeverSkips,
  'reads are paged': readsArePaged,
  'a quota failure leaves no gap': quotaLeavesNoGap,
  'sizes are capped': sizesAreCapped,
  'divergence is found': divergenceIsFound,
  'vaults are apart': vaultsAreApart,
  'a closed mailbox is unavailable': closedIsUnavailable,
  'everything is there after reopening': reopening,
}

export type RunTest = (name: string, body: () => Promise<void>) => void

/** Registers the whole suite for one engine with `test`; each check gets a store of its own. */
export function mailboxConformance(test: RunTest, name: string, engine: Engine): void {
  for (const [what, check] of Object.entries(CHECKS)) {
    test(`${name}: ${what}`, async () => {
      const bench = await engine.make()
      try {
        await check(bench, bench.instances[0])
      } finally {
        await bench.dispose()
      }
    })
  }
}
