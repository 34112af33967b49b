import * as assert from 'uvu/assert'
import { utf8, type Bytes } from '../../../shared/bytes.js'
import { LOG_START } from '../../../shared/protocol/relay.js'
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
  type Bench,
  type Check,
} from './conformance-kit.js'
import type { Mailbox } from '../mailbox.js'
import { OVERHEAD } from '../rules.js'

// The part of the conformance suite on registers, snapshots and generations.

async function creatingTwiceIsOnce(_: Bench, mailbox: Mailbox): Promise<void> {
  const registers = [{ key: 'chain/0', body: utf8('genesis') }]
  const init = { quota: 1 << 20, entries: [a], registers }
  const both = await Promise.all([mailbox.createVault(V, init), mailbox.createVault(V, init)])
  assert.equal(
    both.map(({ existed }) => existed),
    [false, true],
  )
  assert.equal(
    both.map(({ positions }) => positions),
    [[1], [1]],
  )
  await logIs(mailbox, [a])
  assert.is((await mailbox.registers(V, 'chain/')).length, 1)
}

async function registersCompareAndSet(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const write = (expect: 'absent' | Bytes, body: Bytes) => ({
    registers: [{ key: 'chain/1', expect, body }],
  })
  await mailbox.append(V, LOG_START, [a], write('absent', utf8('one')))
  await refusedWith('moved', () => mailbox.append(V, LOG_START, [b], write('absent', utf8('x'))))
  await refusedWith('moved', () => mailbox.append(V, LOG_START, [b], write(utf8('no'), utf8('x'))))
  await mailbox.append(V, LOG_START, [a], write('absent', utf8('a replay writes nothing')))
  await mailbox.append(V, LOG_START, [c], write(utf8('one'), utf8('two')))
  await logIs(mailbox, [a, c])
  assert.equal(await mailbox.registers(V, 'chain/'), [{ key: 'chain/1', body: utf8('two') }])
  const race = await Promise.allSettled(
    [b, d].map((entry) =>
      mailbox.append(V, LOG_START, [entry], write(utf8('two'), utf8(entry.id))),
    ),
  )
  assert.equal(race.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
}

async function registersArePaged(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  for (const key of ['x/2', 'x/1', 'y/1', 'x/3', 'w']) await mailbox.putRegister(V, key, utf8(key))
  const keys = async (prefix: string, after?: string): Promise<string[]> => {
    const page = { entries: 2, bytes: 1000, ...(after === undefined ? {} : { after }) }
    return (await mailbox.registers(V, prefix, page)).map(({ key }) => key)
  }
  assert.equal(await keys('x/'), ['x/1', 'x/2'])
  assert.equal(await keys('x/', 'x/2'), ['x/3'])
  assert.equal(await keys('z'), [])
  await mailbox.putRegister(V, 'x/1', utf8('new'))
  await mailbox.removeRegister(V, 'x/2')
  await mailbox.removeRegister(V, 'x/9')
  assert.equal(await mailbox.registers(V, 'x/'), [
    { key: 'x/1', body: utf8('new') },
    { key: 'x/3', body: utf8('x/3') },
  ])
}

async function registersCost(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  await mailbox.putRegister(V, 'k', new Uint8Array(100))
  await mailbox.putRegister(V, 'k', new Uint8Array(40))
  assert.is((await mailbox.info(V))?.bytes, 40 + OVERHEAD)
  await mailbox.removeRegister(V, 'k')
  assert.is((await mailbox.info(V))?.bytes, 0)
}

async function pruning(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a, b, c, d])
  assert.is(await mailbox.getSnapshot(V), undefined)
  await refusedWith('bad-snapshot', () => mailbox.prune(V, 1))
  await refusedWith('bad-snapshot', () => mailbox.putSnapshot(V, 5, utf8('past the head')))
  await mailbox.putSnapshot(V, 2, utf8('first'))
  await mailbox.putSnapshot(V, 3, utf8('second'))
  await refusedWith('bad-snapshot', () => mailbox.putSnapshot(V, 3, utf8('again')))
  await refusedWith('bad-snapshot', () => mailbox.prune(V, 3))
  await mailbox.prune(V, 2)
  assert.equal((await mailbox.info(V))?.floor, { pos: 2, entryId: b.id })
  await refusedWith('stale-base', () => mailbox.read(V, LOG_START, ROOMY))
  await refusedWith('stale-base', () =>
    mailbox.append(V, { pos: 1, entryId: a.id }, [entryOf('e')]),
  )
  assert.equal(
    (await all(mailbox, V, { pos: 2, entryId: b.id })).map(({ pos }) => pos),
    [3, 4],
  )
  assert.equal(await mailbox.find(V, [a.id, c.id]), [undefined, 3])
  await mailbox.prune(V, 1)
  await mailbox.putSnapshot(V, 4, utf8('third'))
  assert.equal(await mailbox.getSnapshot(V), { upto: 4, body: utf8('third') })
  await mailbox.prune(V, 3)
  const { bytes } = (await mailbox.info(V)) ?? { bytes: 0 }
  assert.is(bytes, 64 + OVERHEAD + 'second'.length + OVERHEAD + 'third'.length + OVERHEAD)
}

/** What a prune keeps stays where it was, out of the log, until a later one lets it go. */
async function keeping(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  await mailbox.append(V, LOG_START, [a, b, c, d])
  await mailbox.putSnapshot(V, 2, utf8('first'))
  await mailbox.putSnapshot(V, 3, utf8('second'))
  await mailbox.prune(V, 2, new Set([1]))
  const there = async (): Promise<number[]> =>
    (await mailbox.readAt(V, [4, 1, 2, 9, 3])).map(({ pos }) => pos)
  assert.equal(await there(), [4, 1, 3])
  assert.equal((await mailbox.readAt(V, [1]))[0]?.body, a.body)
  assert.equal(await mailbox.find(V, [a.id, b.id]), [1, undefined])
  await refusedWith('stale-base', () => mailbox.read(V, LOG_START, ROOMY))
  // Sent again, what was kept is found where it stands.
  const again = await mailbox.append(V, { pos: 4, entryId: d.id }, [a])
  assert.equal(again.positions, [1])
  assert.equal((await mailbox.getSnapshot(V, 2))?.body, utf8('first'))
  assert.is(await mailbox.getSnapshot(V, 1), undefined)
  await mailbox.putSnapshot(V, 4, utf8('third'))
  await mailbox.prune(V, 3, new Set([3]))
  assert.equal(await there(), [4, 3])
  assert.equal(
    (await all(mailbox, V, { pos: 3, entryId: c.id })).map(({ pos }) => pos),
    [4],
  )
  const { bytes } = (await mailbox.info(V)) ?? { bytes: 0 }
  assert.is(bytes, 2 * (64 + OVERHEAD) + 'second'.length + 'third'.length + 2 * OVERHEAD)
}

async function generationRises(_: Bench, mailbox: Mailbox): Promise<void> {
  await makeVault(mailbox)
  const before = (await mailbox.info(V))?.generation ?? 0
  assert.is(await mailbox.raiseGeneration(), before + 1)
  assert.is((await mailbox.read(V, LOG_START, ROOMY)).generation, before + 1)
}

async function marking(bench: Bench, mailbox: Mailbox): Promise<void> {
  assert.is(await mailbox.mark(), undefined)
  await mailbox.setMark(utf8('first'))
  await mailbox.setMark(utf8('second'))
  await makeVault(mailbox)
  await refusedWith('not-empty', () => mailbox.setMark(utf8('third')))
  const again = bench.reopen === undefined ? mailbox : await bench.reopen()
  assert.equal(await again.mark(), utf8('second'))
}

/** What else an engine must do. */
export const STATE_CHECKS: Readonly<Record<string, Check>> = {
  'creating twice is creating once': creatingTwiceIsOnce,
  'registers compare and set with the append': registersCompareAndSet,
  'registers are paged': registersArePaged,
  'registers count against the quota': registersCost,
  'prune, stale base, snapshot': pruning,
  'a prune keeps what it is told to': keeping,
  'the generation rises': generationRises,
  'an empty store is marked': marking,
}
