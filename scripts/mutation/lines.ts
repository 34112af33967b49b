/** Lines that may have a test and no mutation: none by now. */
export const UNTRIED: ReadonlySet<number> = new Set<number>()

/** A line of THREAT-MODEL.md's table of attacks. */
type Line = { readonly attack: number; readonly test: string }

/** The lines of the table, in its order. */
export function linesOf(threatModel: string): Line[] {
  const lines = threatModel.matchAll(/^\| (\d+) \|.*\|([^|]*)\|$/gm)
  return [...lines].map(([, attack = '', test = '']) => ({
    attack: Number(attack),
    test: test.trim(),
  }))
}
