// What every group of figures is given.
import { readFileSync } from 'node:fs'
import { type Home } from '../e2e/harness/home.js'
import { type World } from '../e2e/harness/world.js'
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

/** Resident bytes of a process: now, or at most since its start. Linux only. */
export function residentBytes(pid: number, when: 'now' | 'peak' = 'now'): number {
  const field = when === 'now' ? 'VmRSS' : 'VmHWM'
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'latin1'),
  )
  return Number(found?.[1]) * 1024
}

export const MB = 1_000_000

/** Resident bytes of the home's only daemon: once they stay the same for two seconds, and the most there were. */
export async function daemonBytes(home: Home): Promise<{ atRest: number; peak: number }> {
  const [pid] = home.daemons()
  if (pid === undefined) throw new Error('no daemon runs')
  let last = residentBytes(pid)
  for (let same = 0; same < 4;) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    const now = residentBytes(pid)
    same = Math.abs(now - last) < MB ? same + 1 : 0
    last = now
  }
  return { atRest: last, peak: residentBytes(pid, 'peak') }
}

/** Resident bytes of a Node that waits and does nothing. */
export async function idleNode(world: World): Promise<number> {
  const waiting = world.start([process.execPath, '-e', 'console.log(1); setInterval(() => 0, 1e6)'])
  await waiting.printed(/1/)
  const bytes = residentBytes(waiting.pid)
  waiting.kill()
  await waiting.ended
  return bytes
}
