import { NAMES } from './promises.js'
import { END_OF_TROUBLE, heal, makeRun, type Profile, type Run } from './scenario.js'
import type { SimDevice } from './device.js'

/** Virtual milliseconds in which a healed world must have converged, and which it is watched afterwards. */
const TO_CONVERGE = 15 * 60_000
const TO_SETTLE = 40_000

export type Verdict = {
  readonly seed: number
  readonly profile: Profile
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
    else failures.push(`no convergence: ${run.devices.map((d) => standing(d, run)).join(' · ')}`)
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const alarms = new Set(run.devices.flatMap((device) => [...device.alarms]))
  for (const alarm of alarms) {
    if (!EARNED[run.profile].includes(alarm)) failures.push(`alarm ${alarm} without cause`)
  }
  return {
    seed,
    profile: run.profile,
    failures,
    alarms,
    lies: run.relay.lies,
    changes: run.devices.reduce((sum, device) => sum + device.promised.length, 0),
    crashes: run.devices.reduce((sum, device) => sum + device.crashes, 0),
    healing,
  }
}

function converge(run: Run): boolean {
  const { world, devices } = run
  return world.run(world.now + TO_CONVERGE, () => devices.every((one) => isDone(one, run)))
}

function isDone({ state, facts }: SimDevice, { relay }: Run): boolean {
  const queued = facts.drafts + facts.outbox.length
  const read = facts.cursor.pos === relay.log.length && state.live && state.queue.length === 0
  return queued === 0 && read && !state.restore && !state.rewind && state.busy === undefined
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
  lost(run, failures)
  for (const { name, barriers } of devices) {
    const up = [...barriers].filter(([, end]) => end === 'up')
    if (up.length > 0) failures.push(`${name}: barriers ${up.map(([id]) => id).join()} never ended`)
  }
  // Idempotent: connecting again, and starting again from disk, changes nothing.
  const length = relay.log.length
  relay.throwOff()
  world.run(world.now + TO_SETTLE)
  if (relay.log.length !== length) failures.push('the log grew although nothing was written')
  for (const device of devices) device.crash()
  world.run(world.now + TO_SETTLE)
  if (relay.log.length !== length) failures.push('the log grew after a restart')
  if (view !== compare(run, failures)) failures.push('a restart changed what is seen')
}

/** What all see, when all see the same. */
function compare({ devices, relay }: Run, failures: string[]): string | undefined {
  const [first, ...others] = devices
  const view = first?.view(NAMES)
  for (const device of others) {
    if (device.view(NAMES) !== view) {
      failures.push(`${device.name} sees another state:\n${device.view(NAMES)}\nnot\n${view}`)
    }
    if (device.facts.cursor.logHash !== first?.facts.cursor.logHash) {
      failures.push(`${device.name} read another log`)
    }
  }
  const ids = new Set(relay.log.map(({ id }) => id))
  if (ids.size !== relay.log.length) failures.push('an entry is in the log twice')
  return view
}

/** Every change whose write was durable is in everybody's history, once. */
function lost({ devices }: Run, failures: string[]): void {
  const promised = devices.flatMap((device) => device.promised)
  for (const { name, replica } of devices) {
    const notes = NAMES.flatMap((one) => replica.history('secret', one).map(({ note }) => note))
    const seen = new Set(notes)
    if (seen.size !== notes.length) failures.push(`${name} has a change twice`)
    for (const note of promised) if (!seen.has(note)) failures.push(`${name} lost ${note}`)
  }
}
