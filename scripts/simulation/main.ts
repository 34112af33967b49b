import { parseArgs } from 'node:util'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { simulate, type Verdict } from './simulate.js'

const USAGE = `usage: scripts/simulate [--seeds N] [--from S] [--seed S] [--full] [--trace]
  --seeds N  how many seeds to run (200)
  --from S   the first one (1)
  --seed S   this one alone: a failing seed replays with --seed S --trace
  --full     20,000 seeds
  --trace    print everything that happens
`

function line(verdict: Verdict): string {
  const { seed, profile, team, links, rogue, failures, alarms, changes, crashes, healing } = verdict
  const raised = [...alarms].toSorted().join() || 'no alarm'
  const what = `${changes} changes, ${crashes} crashes, healed in ${Math.round(healing)} ms, ${raised}`
  const end = failures.length === 0 ? 'ok' : `FAILED ${failures.join('\n  ')}`
  const people = team ? ` team, ${links} links, ${rogue} rogue writes` : ''
  return `seed ${seed} ${profile}${people}: ${what}: ${end}`
}

/** @returns the exit code */
function main(): number {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      full: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
    },
  })
  const alone = values.seed !== undefined
  const seeds = alone ? 1 : values.full ? 20_000 : Number(values.seeds)
  const from = Number(values.seed ?? values.from)
  if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(from) || seeds < 1) {
    process.stderr.write(USAGE)
    return 2
  }
  const failed: number[] = []
  for (let seed = from; seed < from + seeds; seed++) {
    const verdict = simulate(seed, values.trace ? (one) => console.log(one) : undefined)
    if (verdict.failures.length > 0) failed.push(seed)
    if (verdict.failures.length > 0 || values.trace) console.log(line(verdict))
  }
  console.log(`${seeds - failed.length} passed, ${failed.length} failed`)
  if (failed.length > 0) {
    console.log(`failing seeds: ${failed.join(' ')}`)
    console.log(`replay: scripts/simulate --seed ${failed[0]} --trace`)
  }
  return failed.length === 0 ? 0 : 1
}

await cryptoReady
process.exitCode = main()
