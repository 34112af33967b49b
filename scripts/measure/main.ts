// node dist/scripts/measure/main.js [--quick] [--only NAME]... [--json]: see scripts/bench.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { say } from '../tooling/repo.js'
import { type Bench, type Group } from './bench.js'
import { visible } from './devices.js'
import { firstSecret } from './first-secret.js'
import { hotPath } from './hot-path.js'
import { members } from './members.js'
import { memory } from './memory.js'
import { newcomer } from './newcomer.js'
import { relayLoad } from './relay-load.js'
import { judge, table, type Judged } from './report.js'
import { shellLoop } from './shell-loop.js'
import { terminalUi } from './terminal-ui.js'
import { unlock } from './unlock.js'

const GROUPS: readonly Group[] = [
  hotPath,
  shellLoop,
  visible,
  newcomer,
  firstSecret,
  unlock,
  memory,
  members,
  relayLoad,
  terminalUi,
]

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
  },
})

const wanted = (name: string): boolean =>
  values.only.length === 0 || values.only.some((one) => name.startsWith(one))

const figures: Judged[] = []
const bench: Bench = {
  quick: values.quick,
  wanted,
  add: (figure) => {
    if (!wanted(figure.name)) return
    figures.push(judge(figure))
    process.stderr.write(`${figure.name}: ${figure.value.toFixed(3)} ${figure.unit}\n`)
  },
}

const failed: string[] = []
for (const group of GROUPS) {
  if (!group.figures.some(wanted)) continue
  try {
    await group.run(bench)
  } catch (error) {
    // One figure that can't be had must not cost the others.
    failed.push(`${group.figures.join(', ')}: ${error instanceof Error ? error.stack : ''}`)
  }
}
const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model ?? '' }
if (values.json) say(JSON.stringify({ ...machine, quick: values.quick, figures }, undefined, 2))
else {
  say(`Node ${machine.node}, ${machine.cpus} × ${machine.cpu}; medians, in turn with their floors`)
  say(table(figures))
}
for (const one of failed) process.stderr.write(`not measured: ${one}\n`)
const over = figures.filter((one) => one.verdict === 'over').length
process.exitCode = failed.length > 0 || over > 0 || figures.length === 0 ? 1 : 0
