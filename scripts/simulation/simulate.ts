import { activeOf, judgePromises, readersOf, unaware } from './claims.js'
import type { SimDevice } from './device.js'
import type { Profile } from './faults.js'
import { viewOf } from './promises.js'
import { END_OF_TROUBLE, heal, makeRun, type Run } from './scenario.js'

/** Virtual milliseconds in which a healed world must have converged, and which it is watched afterwards. */
const TO_CONVERGE = 15 * 60_000
const TO_SETTLE = 40_000

export type Verdict = {
  readonly seed: number
  readonly profile: Profile
  readonly team: boolean
  /** Links that were ordered, and what removed members wrote. */
  readonly links: number
  readonly rogue: number
  /** Changes that a cut voided, and drafts of those who may not write any more, at the end. */
  readonly voided: number
  readonly kept: number
  /** What is wrong; empty for a good run. */
  readonly failures: readonly string[]
  readonly alarms: ReadonlySet<string>
  readonly lies: number
  readonly changes: number
  readonly crashes: number
  /** Virtual milliseconds from healing to convergence. */
  readonly healing: number
}

/** Alarms that each kind of run may raise: an honest relay none, and no run others than its relay earned. */
const EARNED: Readonly<Record<Profile, readonly string[]>> = {
  honest: [],
  garbled: [],
  lying: ['false-acknowledgement', 'log-regression'],
  restored: ['generation-raised', 'log-regression', 'false-acknowledgement'],
  hostile: [
    'generation-raised',
    'log-regression',
    'false-acknowledgement',
    'two-logs',
    'log-withheld',
  ],
}

/** What members who sign numbers twice cause besides, whatever the relay: it orders both. */
const EARNED_BY_MEMBERS = 'equivocation'

/**
 * What a relay on the side of removed members may cause: a link that one signed in the place of its removal; a log that was
 * rewritten before where a device had read it, so that it never saw a link that others follow.
 */
const EARNED_BY_BOTH: readonly string[] = ['fork', 'bad-chain', 'unknown-link']

/** One seeded run: trouble, healing, and every claim that must hold afterwards. The same seed gives the same run. */
export function simulate(seed: number, trace?: (line: string) => void): Verdict {
  const run = makeRun(seed, trace)
  const failures: string[] = []
  let healing = 0
  try {
    run.world.run(END_OF_TROUBLE)
    run.world.log('world', () => 'healed')
    heal(run)
    const from = run.world.now
    let converged = converge(run)
    healing = run.world.now - from
    // Where a relay rewrote its log without a word, only the devices' signed heads tell, which take a moment.
    run.world.run(run.world.now + TO_SETTLE)
    converged &&= converge(run)
    if (converged) judge(run, failures)
    else failures.push(`no convergence: ${standings(run)}`)
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const alarms = judgeAlarms(run, failures)
  return {
    seed,
    profile: run.profile,
    team: run.team,
    links: run.relay.newest.links.length,
    rogue: run.rogues.reduce((sum, { notes }) => sum + notes.length, 0),
    voided: sumOf(readersOf(run).slice(0, 1), ({ replica }) => [...replica.cuts.all].length),
    kept: sumOf(activeOf(run), ({ replica }) => (replica.mayWrite ? 0 : replica.draftCount)),
    failures,
    alarms,
    lies: run.relay.lies,
    changes: sumOf(run.devices, ({ promised }) => promised.length),
    crashes: sumOf(run.devices, ({ crashes }) => crashes),
    healing,
  }
}

function sumOf(devices: readonly SimDevice[], count: (device: SimDevice) => number): number {
  return devices.reduce((sum, device) => sum + count(device), 0)
}

/** Alarms of everybody; those without cause are failures. Whose keys misbehave has earned any. */
function judgeAlarms(run: Run, failures: string[]): Set<string> {
  const alarms = new Set<string>()
  for (const device of run.devices) {
    const rogue = run.rogues.some((one) => one.device === device)
    for (const alarm of device.alarms) {
      alarms.add(alarm)
      if (rogue || EARNED[run.profile].includes(alarm)) continue
      if (run.rogues.length > 0 && alarm === EARNED_BY_MEMBERS) continue
      if (run.team && run.profile === 'hostile' && EARNED_BY_BOTH.includes(alarm)) continue
      failures.push(`${device.name}: alarm ${alarm} without cause`)
    }
  }
  return alarms
}

function converge(run: Run): boolean {
  const { world } = run
  const isThrough = (): boolean =>
    activeOf(run).every((one) => isDone(one, run)) && unaware(run).length === 0
  return world.run(world.now + TO_CONVERGE, isThrough)
}

function isDone({ state, facts, replica }: SimDevice, { relay }: Run): boolean {
  const queued = facts.drafts + facts.outbox.length
  const read = facts.cursor.pos === relay.log.length && state.live && state.queue.length === 0
  const rests = !state.restore && !state.rewind && state.busy === undefined
  return queued === 0 && read && rests && replica.chain.proposed === undefined
}

function standings(run: Run): string {
  const active = activeOf(run).map((device) => standing(device, run))
  const others = unaware(run).map(({ name }) => `${name} doesn't know that it was removed`)
  return [...active, ...others].join(' · ')
}

function standing({ name, state, facts }: SimDevice, { relay }: Run): string {
  const { phase, live, busy, claims, inFlight, openProblem, sendProblem, linksFrom } = state
  const problem = (openProblem ?? sendProblem)?.reason
  return JSON.stringify({
    name,
    phase,
    live,
    busy: busy?.kind,
    pos: `${facts.cursor.pos}/${relay.log.length}`,
    drafts: facts.drafts,
    outbox: facts.outbox.length,
    claims: claims.size,
    inFlight: inFlight.length,
    linksFrom,
    problem,
  })
}

function judge(run: Run, failures: string[]): void {
  const { world, relay, devices } = run
  const view = compare(run, failures)
  judgePromises(run, failures)
  for (const { name, barriers } of devices) {
    const up = [...barriers].filter(([, end]) => end === 'up')
    if (up.length > 0) failures.push(`${name}: barriers ${up.map(([id]) => id).join()} never ended`)
  }
  // Idempotent: connecting again, and starting again from disk, changes nothing.
  const length = relay.log.length
  if (world.rng.chance(0.3)) {
    relay.throwOff()
    world.run(world.now + TO_SETTLE)
  }
  if (relay.log.length !== length) failures.push('the log grew although nothing was written')
  for (const device of devices) device.crash()
  world.run(world.now + TO_SETTLE)
  if (relay.log.length !== length) failures.push('the log grew after a restart')
  if (view !== compare(run, failures)) failures.push('a restart changed what is seen')
}

/** The lines that differ. */
function apart(one: string, other = ''): string {
  const known = other.split('\n')
  const lines = one.split('\n')
  return lines
    .flatMap((line, i) => (line === known[i] ? [] : [`${line}\nnot ${known[i]}`]))
    .join('\n')
}

/** What all see who may read, when all see the same. */
function compare(run: Run, failures: string[]): string | undefined {
  const { relay, profile } = run
  const readers = readersOf(run)
  const [first, ...others] = readers.map(({ name, replica }) => ({
    name,
    view: viewOf(replica),
  }))
  for (const { name, view } of others) {
    if (view !== first?.view)
      failures.push(`${name} sees another state: ${apart(view, first?.view)}`)
  }
  const active = activeOf(run)
  for (const { name, facts } of active) {
    if (facts.cursor.logHash !== active[0]?.facts.cursor.logHash)
      failures.push(`${name} read another log`)
  }
  const ids = new Set(relay.log.map(({ id }) => id))
  if (ids.size !== relay.log.length && !(run.team && profile === 'hostile')) {
    failures.push('an entry is in the log twice')
  }
  return first?.view
}
