import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { partContext, signedHeader } from '../../../shared/log/changeset.js'
import { LIMITS } from '../../../shared/limits.js'
import { boxesHash, decodeEntry, encodeEntry } from '../../../shared/log/entry.js'
import { runnersOf } from '../../../shared/log/membership.js'
import { boxKeys } from '../crypto/boxes.js'
import { open, openSealed } from '../crypto/seal.js'
import { planRemoval } from './removing.js'
import { reload } from './testing/devices.js'
import { changeset, reasons, take } from './testing/pair.js'
import { Crew, put, read } from './testing/crew.js'

// Sealed secrets, runners and what they are granted (SPEC section 6).

await cryptoReady

test('a sealed secret is its readers alone to open: names and dates show, values to nobody else', () => {
  const team = new Crew()
  const writer = team.member('writer', 'writer')
  const [ci, other] = [team.runner('ci'), team.runner('other')]
  team.write(writer, [put('A', 'hunter2', [ci])])
  for (const one of [team.owner, writer, ci, other, team.again(writer), team.again(ci)]) {
    assert.equal(
      reasons(take(one, team.log)).filter((r) => r !== 'own-write-unknown'),
      [],
    )
  }
  for (const one of [team.owner, writer]) {
    assert.is(one.replica.get('secret', 'A')?.winner.sealed, 'value')
    assert.is(read(one, 'A'), 'sealed')
  }
  assert.is(read(ci, 'A'), 'hunter2')
  assert.is(read(other, 'A'), 'nothing')
  const fresh = team.again(ci)
  take(fresh, team.log)
  assert.is(read(fresh, 'A'), 'hunter2')
  assert.is(read({ ...fresh, replica: reload(fresh) }, 'A'), 'hunter2')
  assert.is(read({ ...writer, replica: reload(writer) }, 'A'), 'sealed')
})

test('before it is sent a sealed secret shows to nobody either', () => {
  const team = new Crew()
  const ci = team.runner('ci')
  const { device } = ci.identity
  team.owner.store.write(
    team.owner.replica.write([{ ...put('A', 'hunter2'), sealedTo: [device] }]).ops,
  )
  assert.is(read(team.owner, 'A'), 'sealed')
  assert.is(read({ ...team.owner, replica: reload(team.owner) }, 'A'), 'sealed')
})

test('a grant gives a runner what is written under the name from then on, deletes included', () => {
  const team = new Crew()
  const writer = team.member('writer', 'writer')
  const ci = team.runner('ci')
  team.write(writer, [put('A', 'one'), put('B', 'not yours')])
  team.grant(ci, ['A'])
  take(ci, team.log)
  assert.is(read(ci, 'A'), 'nothing', 'what was there before is not boxed by itself')
  assert.equal(ci.replica.grant(ci.identity.device)?.names, ['A'])
  team.write(writer, [put('A', 'two'), put('B', 'not yours either')])
  take(ci, team.log)
  assert.is(read(ci, 'A'), 'two')
  assert.is(read(writer, 'A'), 'two')
  assert.is(read(ci, 'B'), 'nothing')
  team.write(team.owner, [{ space: 'secret', name: 'A', value: undefined }])
  take(ci, team.log)
  assert.is(read(ci, 'A'), 'nothing')
  assert.is(ci.replica.current('secret', 'A')?.winner.kind, 'delete')
})

test('a runner that was given a value hears that it is gone, though it is not given the next', () => {
  const team = new Crew()
  const ci = team.runner('ci')
  team.write(team.owner, [put('A', 'one', [ci])])
  team.write(team.owner, [put('A', 'two')])
  take(ci, team.log)
  assert.is(read(team.owner, 'A'), 'two')
  assert.is(read(ci, 'A'), 'not-granted')
})

test('a grant counts from those who manage, adds up when given apart, and ends with its time', () => {
  const team = new Crew()
  const [writer, admin] = [team.member('writer', 'writer'), team.member('admin', 'admin')]
  const ci = team.runner('ci')
  const { device } = ci.identity
  const before = [...team.log]
  team.grant(ci, ['A'])
  take(admin, before)
  const apart = new Crew()
  assert.is(apart.owner.replica.grant(device), undefined)
  take(writer, before)
  const forged = { space: 'setting' as const, name: `grant/${device}`, value: new Uint8Array(1) }
  team.log.push(...team.apart(writer, [forged]))
  take(team.owner, team.log)
  assert.equal(team.owner.replica.grant(device)?.names, ['A'], "a writer's counts for nothing")
  team.write(team.owner, [put('A', 'one')])
  team.grant(ci, ['A'], { expires: 2_000_000 })
  team.now = 2_000_001
  team.write(team.owner, [put('A', 'two')])
  take(ci, team.log)
  assert.is(read(ci, 'A'), 'one', 'past its end it is told of nothing more')
})

test('a runner that was removed is given nothing more, and a secret sealed to it alone is nobody’s', () => {
  const team = new Crew()
  const ci = team.runner('ci')
  team.grant(ci, ['A'])
  team.write(team.owner, [put('A', 'one')])
  const { chain, graph } = team.owner.replica
  const late = team.owner.replica.write([put('B', 'late', [ci])])
  team.owner.store.write(late.ops)
  const parts = { chain, graph, random: team.owner.env.random }
  team.link(planRemoval(parts, new Set([ci.identity.device])))
  team.write(team.owner, [put('A', 'two')])
  take(ci, team.log)
  assert.is(read(ci, 'A'), 'one')
  assert.is(read(ci, 'B'), 'nothing')
  assert.is(read(team.owner, 'B'), 'sealed')
})

test('a compromised runner opens with its keys what was boxed to it, whatever code it runs (attack 46)', () => {
  const crew = new Crew()
  const [ci, other] = [crew.runner('ci'), crew.runner('other')]
  crew.grant(ci, ['A'])
  crew.grant(other, ['B'])
  crew.write(crew.owner, [put('A', 'yours'), put('B', 'of another')])
  crew.write(crew.owner, [put('C', 'sealed to another', [other]), put('D', 'nobody’s', [])])
  const items = crew.log.flatMap((body) => {
    const entry = decodeEntry(body)
    return entry.kind === 'changeset' ? entry.body.items : []
  })
  const boxes = items.flatMap(({ boxes: all }) => all?.readers ?? [])
  const opened = boxes.flatMap((box) => openSealed(ci.identity.box, box) ?? [])
  // Its grant and A; the other runner's grant, B and C stay shut.
  assert.is(boxes.length, 5)
  assert.is(opened.length, 2)
  const keys = opened.flatMap((plain) => [plain.subarray(0, 32), plain.subarray(32, 64)])
  const ciphertexts = items.flatMap(({ meta, value }) =>
    value === undefined ? [meta] : [meta, value],
  )
  const contexts = crew.log.flatMap((body) => {
    const entry = decodeEntry(body)
    if (entry.kind !== 'changeset') return []
    const header = signedHeader.read(entry.body.signed)
    return header.items.flatMap((_, index) =>
      (['meta', 'value'] as const).map((part) => partContext(header, index, part)),
    )
  })
  const found = new Set<string>()
  for (const key of keys)
    for (const box of ciphertexts)
      for (const context of contexts)
        if (open(key, context, box) !== undefined) found.add(toHex(box))
  assert.is(found.size, 4, 'two metas and two values')
  assert.is([...ci.replica.chain.keys].length, 0)
})

test('a vault takes as many runners as a header may name, and no more', () => {
  const crew = new Crew()
  for (let i = 0; i < LIMITS.runners; i++) crew.runner(`runner ${i}`)
  assert.throws(
    () => crew.runner('one more'),
    (error: unknown) => error instanceof TypeError && error.message === 'refused: members',
  )
  const { membership } = crew.owner.replica
  assert.is(membership && runnersOf(membership).length, LIMITS.runners)
})

test('a member that boxes something else to a runner is found out by the runner, and changes nothing for others', () => {
  const crew = new Crew()
  const writer = crew.member('writer', 'writer')
  const ci = crew.runner('ci')
  crew.grant(ci, ['A'])
  crew.write(writer, [put('A', 'one')])
  const [body = new Uint8Array()] = crew.apart(writer, [put('A', 'two')])
  const { signed, items } = changeset(body)
  const header = signedHeader.read(signed)
  const [one] = header.items
  const [item] = items
  if (one === undefined || item === undefined) throw new TypeError('no item')
  const box = boxKeys(ci.identity.statement.keys, { meta: new Uint8Array(32).fill(1) }, header, 1)
  const boxes = { readers: [box] }
  const forged = { ...header, items: [{ ...one, boxes: boxesHash(boxes) }] }
  const made = signedHeader.make(forged, writer.identity.sign.privateKey)
  const entry = encodeEntry({
    kind: 'changeset',
    body: { signed: made, items: [{ ...item, boxes }] },
  })
  crew.log.push(entry)
  assert.equal(reasons(take(crew.owner, crew.log)), [])
  assert.is(read(crew.owner, 'A'), 'two')
  assert.equal(reasons(take(ci, crew.log)), ['bad-box'])
  assert.is(read(ci, 'A'), 'one')
})

test('everything is checked again, for members and runners alike: what is not theirs stays unopened', () => {
  const crew = new Crew()
  const [ci, sealer] = [crew.runner('ci'), crew.member('sealer', 'sealer')]
  crew.grant(ci, ['A'])
  crew.write(crew.owner, [put('A', 'one'), put('B', 'two'), put('C', 'three', [ci])])
  crew.write(sealer, [put('A', 'four', [ci])])
  for (const [one, unopened] of [
    [crew.owner, 2],
    [ci, 1],
    [sealer, 5],
  ] as const) {
    take(one, crew.log)
    const steps = one.replica.verification().steps()
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    assert.equal([step.value.items, step.value.unopened], [5, unopened])
  }
})

test.run()
