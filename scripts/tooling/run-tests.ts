// Runs the tests of a built checkout and sums them up. scripts/test is the way in.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { parseArgs } from 'node:util'
import { cleanEnvironment, reap, run, type Finished } from './processes.js'
import { root, say } from './repo.js'
import {
  inParallel,
  NOTHING,
  ONE_FAILED,
  ONE_PASSED,
  part,
  sum,
  tallyOfUvu,
  type Tally,
} from './tally.js'

const SECOND = 1000
const CORES = 2
/** Whole programs wait for each other more than they compute. */
const E2E_AT_ONCE = 3
const TIMEOUT = {
  gates: 300 * SECOND,
  unitFile: 240 * SECOND,
  e2eFile: 400 * SECOND,
  outside: 120 * SECOND,
  guards: 300 * SECOND,
  smoke: 240 * SECOND,
}
/** With --full tests draw more seeds. */
const FULL_FACTOR = 10
/** Guards that are taken out, of all that can be: about half a minute. With --full all are. */
const GUARDS = 40

type Options = { unit: boolean; e2e: boolean; full: boolean; only: RegExp | undefined }

function options(): Options {
  const { values } = parseArgs({
    options: {
      unit: { type: 'boolean', default: false },
      e2e: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  })
  return { ...values, only: values.only === undefined ? undefined : new RegExp(values.only) }
}

/** Prints what a failed run printed, so that a log of the suite is enough to see why. */
function explain(name: string, finished: Finished): void {
  const why = finished.timedOut ? 'killed: it took too long' : `exit ${finished.code}`
  say(`-- ${name}: ${why}`)
  say(finished.output.trimEnd().replace(/^/gm, '   '))
}

/** What one process runs: a compiled test file, or the runner of scripts with one script. */
type TestFile = { name: string; args: readonly string[] }

const below = (folder: string): string[] =>
  existsSync(path.join(root, folder))
    ? readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => path.join(folder, name))
        .toSorted()
    : []

const SCRIPTS = 'scripts/e2e/testdata'

/** The tests of the whole programs, scripts included, or all others; `name.full.test.js` only with --full. */
function testFiles(
  wholePrograms: boolean,
  { only, full }: Pick<Options, 'only' | 'full'>,
): TestFile[] {
  const compiled = below('dist')
    .filter((name) => name.endsWith('.test.js') && !name.startsWith('dist/bin/'))
    .filter((name) => full || !name.endsWith('.full.test.js'))
    .filter((name) => name.startsWith('dist/scripts/e2e/') === wholePrograms)
    .map((name) => ({ name, args: [name] }))
  const runner = 'dist/scripts/e2e/harness/run-script.js'
  const scripts = wholePrograms
    ? below(SCRIPTS)
        // Those in folders of their own are pictures.
        .filter((name) => name.endsWith('.txt') && path.dirname(name) === SCRIPTS)
        .map((name) => ({ name, args: [runner, name] }))
    : []
  return [...compiled, ...scripts].filter(({ name }) => only?.test(name) ?? true)
}

/** One file in a process of its own, in a temporary folder of its own that nothing survives. */
async function runFile(file: TestFile, timeout: number, full: boolean): Promise<Tally> {
  const folder = mkdtempSync('/tmp/cf-')
  const env = { ...cleanEnvironment(), TMPDIR: folder, ...(full ? { TEST_FULL: '1' } : {}) }
  const args = ['--enable-source-maps', '--unhandled-rejections=strict', ...file.args]
  const finished = await run(process.execPath, args, { timeout, env })
  const left = reap(folder)
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  const counted = tallyOfUvu(finished)
  if (left.length > 0 && counted.failed === 0) {
    say(`-- ${file.name}: left ${left.length} processes behind`)
    return { ...counted, failed: 1 }
  }
  if (counted.failed > 0) explain(file.name, finished)
  else if (finished.ms > 10 * SECOND) {
    say(`   ${file.name}: ${counted.passed} ok in ${(finished.ms / SECOND).toFixed(1)} s`)
  }
  return counted
}

async function runFiles(
  files: readonly TestFile[],
  atOnce: number,
  timeout: number,
  full: boolean,
): Promise<Tally> {
  const limit = full ? timeout * FULL_FACTOR : timeout
  return sum(await inParallel(files, atOnce, (file) => runFile(file, limit, full)))
}

/** A command whose exit code says whether one test passed. */
async function single(
  name: string,
  command: string,
  args: readonly string[],
  timeout: number,
  env = cleanEnvironment(),
): Promise<Tally> {
  const finished = await run(command, args, { timeout, env })
  if (finished.code === 0 && !finished.timedOut) return ONE_PASSED
  explain(name, finished)
  return ONE_FAILED
}

/** scripts/check prints one line a gate; each is a test. */
async function gates(): Promise<Tally> {
  const finished = await run('scripts/check', [], {
    timeout: TIMEOUT.gates,
    onOutput: (text) => process.stdout.write(text),
  })
  const verdicts = [...finished.output.matchAll(/^gate \S+ +(ok|FAILED) /gm)].map((one) => one[1])
  const failed = verdicts.filter((verdict) => verdict !== 'ok').length
  const crashed = finished.timedOut || (finished.code !== 0 && failed === 0)
  return { passed: verdicts.length - failed, failed: failed + (crashed ? 1 : 0), skipped: 0 }
}

function vectors(): Promise<Tally> {
  const script = 'scripts/vectors/check.py'
  if (!existsSync(path.join(root, script))) return Promise.resolve(NOTHING)
  return single(script, path.join(root, script), [], TIMEOUT.outside)
}

/** Guards taken out of a copy one by one: the test of each attack must notice (scripts/mutate). */
async function guards(full: boolean): Promise<Tally> {
  const folder = mkdtempSync('/tmp/cf-')
  const script = 'dist/scripts/mutation/main.js'
  const args = full ? [script] : [script, '--sample', String(GUARDS)]
  const env = { ...cleanEnvironment(), TMPDIR: folder }
  const finished = await run(process.execPath, args, { timeout: TIMEOUT.guards, env })
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  const [again] = /^again: .*$/m.exec(finished.output) ?? []
  if (again !== undefined) say(again)
  const [, passed, failed] = /^guards: (\d+) passed, (\d+) failed/m.exec(finished.output) ?? []
  if (finished.code !== 0) explain(script, finished)
  if (passed === undefined || finished.timedOut) return ONE_FAILED
  return { passed: Number(passed), failed: Number(failed), skipped: 0 }
}

async function smokes(): Promise<Tally> {
  const kinds = ['packed', 'node-22', 'node-24', 'node-26']
  const script = 'dist/scripts/smoke/main.js'
  return sum(
    await inParallel(kinds, CORES, (kind) =>
      // npm needs the caller's own environment; the programs that are tried get a clean one.
      single(`smoke ${kind}`, process.execPath, [script, kind], TIMEOUT.smoke, process.env),
    ),
  )
}

async function main(): Promise<void> {
  const { unit, e2e, full, only } = options()
  const everything = !unit && !e2e && only === undefined
  const parts: Tally[] = []
  if (everything) parts.push(await part('gates', gates))
  else parts.push(await part('build', () => single('build', 'scripts/build', [], TIMEOUT.gates)))
  if (!e2e) {
    const files = testFiles(false, { full, only })
    parts.push(await part('unit', () => runFiles(files, CORES, TIMEOUT.unitFile, full)))
  }
  if (everything) {
    parts.push(await part('vectors', vectors))
    parts.push(await part('guards', () => guards(full)))
  }
  if (!unit) {
    const files = testFiles(true, { full, only })
    parts.push(
      await part('whole programs', () => runFiles(files, E2E_AT_ONCE, TIMEOUT.e2eFile, full)),
    )
  }
  if (everything) parts.push(await part('smokes', smokes))
  const { passed, failed, skipped } = sum(parts)
  if (skipped > 0) say(`${skipped} skipped`)
  say(`${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0
}

await main()
