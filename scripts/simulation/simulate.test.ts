import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { simulate, type Verdict } from './simulate.js'

await cryptoReady

const SEEDS = process.env['TEST_FULL'] === undefined ? 200 : 2000

test(`${SEEDS} seeded worlds converge, lose nothing and raise no alarm without cause`, () => {
  const bad: string[] = []
  const total = { changes: 0, crashes: 0, lies: 0, alarmed: 0 }
  const people = { teams: 0, links: 0, rogue: 0, voided: 0, kept: 0, doubled: 0 }
  const profiles = new Set<string>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const verdict = simulate(seed)
    profiles.add(verdict.profile)
    total.changes += verdict.changes
    total.crashes += verdict.crashes
    total.lies += verdict.lies
    if (verdict.alarms.has('false-acknowledgement')) total.alarmed += 1
    if (verdict.team) {
      people.teams += 1
      people.links += verdict.links
      people.rogue += verdict.rogue
      people.voided += verdict.voided
      people.kept += verdict.kept
      if (verdict.alarms.has('equivocation')) people.doubled += 1
    }
    if (verdict.failures.length > 0) {
      bad.push(`scripts/simulate --seed ${seed} --trace: ${verdict.failures.join(' · ')}`)
    }
  }
  assert.equal(bad, [])
  // A simulation in which nothing happens proves nothing.
  assert.is(profiles.size, 5)
  assert.ok(total.changes > 20 * SEEDS, `only ${total.changes} changes`)
  assert.ok(total.crashes > SEEDS, `only ${total.crashes} crashes`)
  assert.ok(total.lies > SEEDS / 4, `only ${total.lies} lies`)
  assert.ok(total.alarmed > SEEDS / 20, `only ${total.alarmed} worlds found a lie out`)
  assert.ok(people.teams > SEEDS / 3, `only ${people.teams} teams`)
  assert.ok(people.links > 5 * people.teams, `only ${people.links} links`)
  assert.ok(people.rogue > SEEDS / 2, `only ${people.rogue} writes after a removal`)
  assert.ok(people.voided > SEEDS / 2, `only ${people.voided} changesets void`)
  assert.ok(people.kept > SEEDS / 20, `only ${people.kept} drafts of those who lost the right`)
  assert.ok(people.doubled > SEEDS / 10, `only ${people.doubled} worlds with a number signed twice`)
})

test('a seed replays exactly, trace and all', () => {
  const run = (seed: number): { verdict: Verdict; trace: string[] } => {
    const trace: string[] = []
    const verdict = simulate(seed, (line) => trace.push(line))
    return { verdict, trace }
  }
  const first = run(4)
  assert.ok(first.trace.length > 100)
  assert.equal(run(4), first)
  assert.not.equal(run(5).trace, first.trace)
})

test.run()
