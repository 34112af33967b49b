import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { reload, type TestDevice } from './testing/devices.js'
import { reasons, take } from './testing/pair.js'
import { made } from './testing/histories.js'
import { load, serve } from './testing/snapshots.js'
import { Crew, put, read } from './testing/crew.js'

// Who writes without reading supersedes what it built on: also for whoever never saw that, since it was pruned.

await cryptoReady

const siblings = ({ replica }: TestDevice, name: string): number =>
  replica.current('secret', name)?.siblings.length ?? 0

/** A device that has the log's chain, and of the rest what the owner's snapshot names. */
function newcomer(crew: Crew, name = 'newcomer'): TestDevice {
  const one = crew.member(name, 'reader')
  const { owner } = crew
  take(owner, crew.log)
  const what = made(owner)
  const fresh = crew.again(one)
  fresh.store.write(fresh.replica.ingestChain(owner.replica.chainEntries(0)).ops)
  fresh.store.write(fresh.replica.adopting.adopt([what.signed]))
  assert.equal(load(fresh, serve(crew.log, what)), [])
  assert.is(fresh.replica.cursor.pos, what.pos)
  return fresh
}

/** A name that one person wrote, and on which the others have built, by changes that are pruned. */
function stage() {
  const crew = new Crew()
  const [writer, sealer] = [crew.member('writer', 'writer'), crew.member('sealer', 'sealer')]
  const ci = crew.runner('ci')
  crew.write(writer, [put('A', 'one')])
  crew.write(crew.owner, [put('B', 'one')])
  crew.write(crew.owner, [put('B', 'two')])
  return { crew, writer, sealer, ci }
}

test('what a sealer writes on top of pruned changes supersedes the same for a newcomer as for the others', () => {
  const { crew, writer, sealer, ci } = stage()
  const fresh = newcomer(crew)
  crew.write(sealer, [put('A', 'sealed', [ci])])
  for (const one of [crew.owner, writer, fresh]) {
    assert.equal(reasons(take(one, crew.log)), [])
    assert.is(siblings(one, 'A'), 1)
    assert.is(read(one, 'A'), 'sealed')
  }
  fresh.replica = reload(fresh)
  assert.is(siblings(fresh, 'A'), 1)
  // So the next snapshot is the same, whoever computes it.
  assert.ok(fresh.replica.snapshots.confirm(made(crew.owner).signed))
})

test('what a sealer had not received stands beside what it wrote, for a newcomer as well', () => {
  const { crew, writer, sealer, ci } = stage()
  take(sealer, crew.log)
  crew.write(writer, [put('A', 'unseen')])
  crew.write(writer, [put('C', 'later')])
  crew.write(crew.owner, [put('B', 'three')])
  const early = crew.apart(sealer, [put('A', 'sealed', [ci])])
  const fresh = newcomer(crew)
  crew.log.push(...early)
  for (const one of [crew.owner, writer, fresh]) {
    take(one, crew.log)
    assert.is(siblings(one, 'A'), 2)
  }
  crew.write(sealer, [put('A', 'sealed again', [ci])])
  for (const one of [crew.owner, writer, fresh]) {
    take(one, crew.log)
    assert.is(siblings(one, 'A'), 1)
  }
  assert.ok(fresh.replica.snapshots.confirm(made(crew.owner).signed))
})

test.run()
