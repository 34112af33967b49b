import type { Attack } from './mutation.js'

/** Lines that have a test and no mutation: those of invites and recovery by OpenPGP. */
export const UNTRIED: ReadonlySet<Attack> = new Set<Attack>(
  Array.from({ length: 12 }, (_, i): Attack => `P${i + 1}`),
)

/** A line of THREAT-MODEL.md's tables of attacks. */
type Line = { readonly attack: Attack; readonly test: string }

/** The lines of the tables, in their order. */
export function linesOf(threatModel: string): Line[] {
  const lines = threatModel.matchAll(/^\| (P?\d+) \|.*\|([^|]*)\|$/gm)
  return [...lines].map(([, attack = '', test = '']) => ({
    attack: attackOf(attack),
    test: test.trim(),
  }))
}

/** An attack as it is written: `7`, `P13`; NaN for another word. */
export function attackOf(word: string): Attack {
  return word.startsWith('P') ? `P${Number(word.slice(1))}` : Number(word)
}

/** Where an attack stands in the order of the tables; NaN for none. */
export function placeOf(attack: Attack): number {
  return typeof attack === 'number' ? attack : 1000 + Number(attack.slice(1))
}
