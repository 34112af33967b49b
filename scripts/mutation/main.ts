import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { root, say, seconds } from '../tooling/repo.js'
import { inParallel } from '../tooling/tally.js'
import { MUTATIONS } from './all.js'
import { Copy } from './copy.js'
import { attackOf, placeOf } from './lines.js'
import type { Mutation } from './mutation.js'
import { sample } from './sample.js'
import { objection } from './verdict.js'

const AT_ONCE = 2
const USAGE =
  'usage: scripts/mutate [--sample N [--seed S]] [--only ATTACKS] [--no-build]\n' +
  "  takes guards out one by one and requires that their tests go red; the script's head says more\n"

/** Each test once as it is: one that is red already proves nothing. */
class Greens {
  readonly #known = new Map<string, Promise<string | undefined>>()

  /** Why a test can't be used, or undefined. The copy is as the checkout. */
  async objection(copy: Copy, test: Mutation['test']): Promise<string | undefined> {
    const key = `${test.file} ${test.name}`
    const known = this.#known.get(key) ?? this.#run(copy, test)
    this.#known.set(key, known)
    return known
  }

  async #run(copy: Copy, test: Mutation['test']): Promise<string | undefined> {
    const { code, output } = await copy.test(test)
    copy.restore()
    const ran = /^ {2}Total: +1$/m.test(output) && /^ {2}Passed: +1$/m.test(output)
    return code === 0 && ran ? undefined : `red before anything was patched:\n${output}`
  }
}

/** Why a mutation doesn't prove its guard, or undefined. */
async function tried(copy: Copy, greens: Greens, mutation: Mutation): Promise<string | undefined> {
  const { test, red } = mutation
  try {
    const unfit = await greens.objection(copy, test)
    if (unfit !== undefined) return unfit
    await copy.apply(mutation)
    const { output, timedOut } = await copy.test(test)
    if (timedOut) return 'the test did not end'
    const source = readFileSync(path.join(root, test.file), 'utf8')
    return objection(output, { ...test, red }, source)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    copy.restore()
  }
}

async function tryAll(mutations: readonly Mutation[]): Promise<number> {
  const greens = new Greens()
  const copies = Array.from({ length: Math.min(AT_ONCE, mutations.length) }, () => new Copy())
  const free = [...copies]
  try {
    const verdicts = await inParallel(mutations, copies.length, async (mutation) => {
      const started = performance.now()
      const copy = free.pop()
      if (copy === undefined) throw new TypeError('no copy is free')
      const why = await tried(copy, greens, mutation)
      free.push(copy)
      const { attack, without, red } = mutation
      say(
        `${String(attack).padStart(3)} without ${without}: ${why ?? `red by ${red.join(', ')}`} (${seconds(started)} s)`,
      )
      return why
    })
    return verdicts.filter((why) => why !== undefined).length
  } finally {
    for (const copy of copies) copy.end()
  }
}

/** @returns the exit code */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sample: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  })
  const wanted = values.only?.split(',').map(attackOf)
  const numbers = [values.sample ?? 1, values.seed ?? 1, ...(wanted?.map(placeOf) ?? [])]
  if (!numbers.every((one) => Number.isSafeInteger(Number(one)) && Number(one) >= 0)) {
    process.stderr.write(USAGE)
    return 2
  }
  let chosen = MUTATIONS.filter(({ attack }) => wanted?.includes(attack) ?? true)
  if (values.sample !== undefined) {
    const seed = Number(values.seed ?? randomInt(1_000_000))
    chosen = sample(chosen, Number(values.sample), seed)
    say(`again: scripts/mutate --sample ${chosen.length} --seed ${seed}`)
  }
  const started = performance.now()
  const failed = await tryAll(chosen)
  say(`guards: ${chosen.length - failed} passed, ${failed} failed in ${seconds(started)} s`)
  return failed === 0 && chosen.length > 0 ? 0 : 1
}

process.exitCode = await main()
