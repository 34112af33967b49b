// What every group of figures is given.
import { readFileSync } from 'node:fs'
import { type Figure } from './report.js'

export type Bench = {
  /** Fewer turns, smaller loads. */
  readonly quick: boolean
  /** Whether the figure of that name was asked for. */
  wanted(name: string): boolean
  /** Hands in a figure as soon as it is known. */
  add(figure: Figure): void
}

/** Figures that are measured in one world. */
export type Group = {
  readonly figures: readonly string[]
  run(bench: Bench): Promise<void>
}

/** Resident bytes of a process. Linux only. */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
  return Number(found?.[1]) * 1024
}

export const MB = 1_000_000
