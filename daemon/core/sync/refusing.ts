import { loseFloor, onNewest, onNoPiece } from './based.js'
import type { Problem } from './effects.js'
import { delayOpen, loseLog } from './reading.js'
import { onAppendRefused, passes } from './sending.js'
import type { Event, Work } from './state.js'

type EventOf<K extends Event['kind']> = Extract<Event, { kind: K }>

/** The relay refused a request. */
export function onRefused(w: Work, event: EventOf<'refused'>): void {
  const { s } = w
  const { code, reason, retryAfter, request } = event
  const problem = problemOf(event)
  switch (request.kind) {
    case 'open':
    case 'chain': {
      if (s.phase !== 'opening') return
      const { links, cursor } = s.facts
      if (reason === 'stale-base') return loseFloor(w)
      if (reason === 'diverged') {
        return loseLog(
          w,
          `the relay's log doesn't hold what was read up to ${cursor.pos}: ${reason}`,
        )
      }
      if (code !== 'not-found' || links === 0 || request.kind === 'chain')
        return delayOpen(w, problem, retryAfter)
      s.phase = 'creating'
      s.createSent = false
      return
    }
    case 'snapshotPart':
      return onNoPiece(w, reason)
    case 'newest':
      return onNewest(w, { kind: 'newest', snapshots: [] })
    case 'create':
      return s.phase === 'creating' ? delayOpen(w, problem, retryAfter) : undefined
    case 'append':
      return onAppendRefused(w, event)
    case 'putHead':
    case 'heads':
      // Heads are tried again on the next connection or when the next one is due.
      return
  }
}

/** What a refusal means for whoever waits. */
export function problemOf({ code, reason }: Pick<Problem, 'code' | 'reason'>): Problem {
  return { code, reason, lasting: !passes(reason) }
}
