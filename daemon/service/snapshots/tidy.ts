import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Session } from '../session.js'

/** Names that came or went since the last collection at which the next is due; how long it must be quiet (ms). */
const MANY = 500
const QUIET = 1_000

/** Bytes of heap with which there is nothing to be had: a daemon of few names has half of it, and a collection takes it 30 ms. */
const SMALL = 32 * 2 ** 20

/** Full collections: the first finds what is dead, the second lets go of its pages. Node offers it behind a flag only, which can be set later for the next context. */
export function systemCollect(): void {
  if (getHeapStatistics().total_heap_size < SMALL) return
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
}

/**
 * Lets V8 collect once half as much as is in use has come on top. By itself it waits for three times that while much
 * comes: a first sync of 10,000 secrets, one by one, then took 165 MB for seconds instead of 120. An unknown flag only
 * makes V8 complain.
 */
export function growSlowly(): void {
  setFlagsFromString('--heap-growing-percent=50')
}

/**
 * Gives memory back after a rush: V8 by itself keeps what a first sync or an import took, since it sees no reason to
 * collect in a process that then does nothing. `collect` stands for the collector.
 */
export function keepTidy(collect: () => void): (session: Session) => void {
  return ({ vaults, world, ended }) => {
    let many = 0
    let cancel: (() => void) | undefined
    const note = (count: number): void => {
      many += count
      if (many < MANY) return
      cancel?.()
      cancel = world.after(QUIET, () => {
        many = 0
        collect()
      })
    }
    const stop = vaults.watch((event) => {
      if (event.kind === 'opened') note(MANY)
      if (event.kind !== 'vault') return
      if (event.event.kind === 'changed') note(event.event.names.length)
      // Own writes that come back from the relay name nothing, and are large all the same.
      if (event.event.kind === 'counts') note(MANY / 10)
    })
    ended.addEventListener('abort', () => {
      stop()
      cancel?.()
    })
    note(MANY)
  }
}
