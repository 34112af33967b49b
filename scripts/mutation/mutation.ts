// A guard taken out of the source, and the test that must notice (THREAT-MODEL.md, "Known attacks").

/** One place of a source file, as it stands there, and what takes its place. */
export type Patch = {
  readonly file: string
  readonly was: string
  readonly now: string
}

/** The line of THREAT-MODEL.md's tables: a number, or one of OpenPGP and recovery. */
export type Attack = number | `P${number}`

export type Mutation = {
  readonly attack: Attack
  /** What is missing once it is applied. */
  readonly without: string
  /** Several where one guard stands behind another: each alone is enough. */
  readonly patches: readonly Patch[]
  /** The file and the full name of the one test that must go red. */
  readonly test: { readonly file: string; readonly name: string }
  /** What the assertion that fails must say or compare, all of it: the code or reason by which the attack is refused. */
  readonly red: readonly string[]
  /** The test starts the installed programs: they are bundled anew. */
  readonly programs?: true
}

/** @throws Error unless `was` stands in the text exactly once, and something changes */
export function patched(text: string, { file, was, now }: Patch): string {
  const count = was === '' ? 0 : text.split(was).length - 1
  if (count !== 1) throw new Error(`${file}: the patch applies ${count} times, not once: ${was}`)
  if (was === now) throw new Error(`${file}: the patch changes nothing: ${was}`)
  return text.replace(was, () => now)
}

/**
 * A compiled test file of which one test alone runs.
 * @throws Error unless exactly one test has this name
 */
export function onlyTest(compiled: string, name: string): string {
  const escaped = name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/'/g, String.raw`\\?'`)
  const heads = [...compiled.matchAll(new RegExp(`\\btest(?=\\(\\s*(["'\`])${escaped}\\1)`, 'g'))]
  const [head] = heads
  if (head === undefined || heads.length > 1)
    throw new Error(`${heads.length} tests are called ${name}`)
  const end = head.index + head[0].length
  return `${compiled.slice(0, end)}.only${compiled.slice(end)}`
}
