import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { CofferError } from '../../../shared/errors.js'
import { encodeEntry } from '../../../shared/log/entry.js'
import { signedHeader } from '../../../shared/log/changeset.js'
import { planRemoval } from './removing.js'
import { reload, type TestDevice } from './testing/devices.js'
import { changeset, forge, reasons, take } from './testing/pair.js'
import { Crew, put, read } from './testing/crew.js'

// Those who write without reading (SPEC section 6): all that they write is sealed, and supersedes what they built on.

await cryptoReady

type Stage = {
  readonly team: Crew
  readonly sealer: TestDevice
  readonly writer: TestDevice
  readonly ci: TestDevice
}

function stage(): Stage {
  const team = new Crew()
  const [sealer, writer] = [team.member('sealer', 'sealer'), team.member('writer', 'writer')]
  return { team, sealer, writer, ci: team.runner('ci') }
}

const siblings = ({ replica }: TestDevice, name: string): number =>
  replica.current('secret', name)?.siblings.length ?? 0

test('a sealer sees no name, and what it writes supersedes what it had received', () => {
  const { team, sealer, writer, ci } = stage()
  team.write(writer, [put('A', 'one')])
  team.write(team.owner, [put('B', 'other')])
  take(sealer, team.log)
  assert.equal([...sealer.replica.live('secret')], [])
  team.write(sealer, [put('A', 'two', [ci])])
  for (const one of [team.owner, writer]) {
    assert.equal(reasons(take(one, team.log)), [])
    assert.is(read(one, 'A'), 'sealed')
    assert.is(one.replica.get('secret', 'A')?.conflict, false)
    assert.is(read({ ...one, replica: reload(one) }, 'A'), 'sealed')
  }
  take(ci, team.log)
  assert.is(read(ci, 'A'), 'two')
  assert.is(read(writer, 'B'), 'other')
})

test('what a sealer had not received stands beside what it wrote', () => {
  const { team, sealer, writer, ci } = stage()
  team.write(writer, [put('A', 'one')])
  const unseen = team.apart(sealer, [put('A', 'two', [ci])])
  team.log.push(...unseen)
  take(team.owner, team.log)
  assert.is(siblings(team.owner, 'A'), 2)
  assert.ok(team.owner.replica.get('secret', 'A')?.conflict)
  team.write(sealer, [put('A', 'three', [ci])])
  take(team.owner, team.log)
  assert.is(siblings(team.owner, 'A'), 1)
})

test('what a sealer may not write is refused: a name in the clear, a delete, half of it', () => {
  const { team, sealer, writer, ci } = stage()
  take(sealer, team.log)
  const [sealed = new Uint8Array()] = team.apart(sealer, [put('A', 'two', [ci])])
  const [plain = new Uint8Array()] = team.apart(writer, [put('B', 'one')])
  const [open = new Uint8Array()] = team.apart(writer, [put('C', 'one', [ci])])
  const as = (one: TestDevice, body: Bytes, model = body): Bytes =>
    forge(one, body, (header) => {
      const { seq, device } = signedHeader.read(changeset(model).signed)
      return { ...header, device, seq }
    })
  const cases: [Bytes, string][] = [
    [as(sealer, plain, sealed), 'not-authorised'],
    [as(sealer, open, sealed), 'not-authorised'],
    [as(writer, sealed, plain), 'bad-readers'],
  ]
  for (const [body, reason] of cases) {
    const owner = team.again(team.owner)
    assert.equal(reasons(take(owner, [...team.log, body])), [reason])
  }
  sealer.replica.write([put('D', 'plain')])
  assert.is(sealer.replica.mayWrite, false, 'such drafts stay where they are')
})

test('readers out of order, of no use, without boxes or no runners are refused', () => {
  const { team, writer, ci } = stage()
  const [other, third] = [team.runner('other'), team.runner('third')]
  take(writer, team.log)
  const [body = new Uint8Array()] = team.apart(writer, [put('A', 'one', [ci, other])])
  const header = signedHeader.read(changeset(body).signed)
  const [item] = header.items
  if (item === undefined) throw new TypeError('no item')
  const { meta, metaCommitment, value = meta, valueCommitment = meta } = item
  const bare = { meta, metaCommitment, value, valueCommitment }
  const outsider = [writer.identity.device, ...(header.readers ?? []).slice(1)].toSorted()
  const cases: [Partial<typeof header>, string][] = [
    [{ readers: (header.readers ?? []).toReversed() }, 'bad-readers'],
    [{ items: [{ ...item, readers: [1, 0] }] }, 'bad-readers'],
    [{ items: [{ ...item, readers: [0] }] }, 'bad-item'],
    [{ readers: [...(header.readers ?? []), third.identity.device].toSorted() }, 'bad-readers'],
    [{ items: [{ ...item, readers: [0, 2] }] }, 'bad-readers'],
    [{ items: [bare] }, 'bad-item'],
    [{ readers: outsider }, 'bad-readers'],
  ]
  for (const [change, reason] of cases) {
    const forged = forge(writer, body, (one) => ({ ...one, ...change }))
    assert.equal(reasons(take(team.again(team.owner), [...team.log, forged])), [reason])
  }
  const { signed, items } = changeset(body)
  const stripped = items.map(({ meta, value }) => ({ meta, ...(value ? { value } : {}) }))
  const entry = encodeEntry({ kind: 'changeset', body: { signed, items: stripped } })
  assert.equal(reasons(take(team.again(team.owner), [...team.log, entry])), ['bad-item'])
})

/** What every reader of the vault must agree on. */
function state(one: TestDevice): unknown {
  return ['A', 'B'].map((name) => {
    const current = one.replica.current('secret', name)
    return [current?.winner.id, current?.siblings.map(({ id }) => id), current?.conflict]
  })
}

test('any order of arrival gives the same state, with a sealer’s changes and without its void ones', () => {
  const { team, sealer, writer, ci } = stage()
  const links = [...team.log]
  const bodies: Bytes[] = []
  const written = (by: TestDevice, name: string, to?: TestDevice[]): void => {
    const entries = team.apart(by, [put(name, `${bodies.length}`, to)])
    bodies.push(...entries)
    team.log.push(...entries)
    take(by, team.log)
  }
  written(writer, 'A')
  written(team.owner, 'B')
  take(sealer, team.log)
  written(sealer, 'A', [ci])
  written(writer, 'A')
  take(team.owner, team.log)
  take(sealer, team.log)
  written(sealer, 'B', [ci])
  written(sealer, 'A', [ci])
  written(team.owner, 'A')
  const { chain, graph } = team.owner.replica
  const before = [...team.log]
  team.link(
    planRemoval({ chain, graph, random: team.owner.env.random }, new Set([sealer.identity.device])),
  )
  const removal = team.log.slice(before.length)
  // Past the cut: the sealer didn't see its removal.
  written(sealer, 'B', [ci])
  const all = [...bodies, ...removal]
  const read = (order: readonly Bytes[]): unknown => {
    const one = team.again(team.owner)
    const outcome = take(one, [...links, ...order])
    assert.equal(
      reasons(outcome).filter((reason) => reason !== 'own-write-unknown'),
      [],
    )
    assert.equal(state(one), state({ ...one, replica: reload(one) }), 'a restart changes nothing')
    return state(one)
  }
  const expected = read(all)
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (order) => {
      assert.equal(read(order), expected)
    }),
    { numRuns: 60 },
  )
})

test('a sealer has no key for a value that it wrote', () => {
  const { team, sealer, ci } = stage()
  team.write(sealer, [put('A', 'two', [ci])])
  const winner = sealer.replica.get('secret', 'A')?.winner
  assert.ok(winner)
  assert.throws(
    () => winner && sealer.replica.value(winner),
    (error: unknown) => error instanceof CofferError && error.code === 'refused',
  )
})

test.run()
