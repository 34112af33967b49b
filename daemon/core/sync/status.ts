import type { Problem } from './effects.js'
import type { State } from './state.js'

export type Phase = 'waiting' | 'opening' | 'uploading' | 'reading' | 'live' | 'blocked'

/** A vault's syncing in one word, for people (see VaultSyncStatus). */
export function phaseOf(s: State): Phase {
  if (problemOf(s)?.lasting === true) return 'blocked'
  if (!s.connected) return 'waiting'
  switch (s.phase) {
    case 'waiting':
    case 'opening':
      return 'opening'
    case 'creating':
      return 'uploading'
    case 'open':
      if (!s.live || s.facts.base !== undefined) return 'reading'
      return s.linksFrom === undefined ? 'live' : 'uploading'
  }
}

/** What went wrong last and wasn't mended since. */
export function problemOf(s: State): Problem | undefined {
  return s.openProblem ?? s.sendProblem
}
