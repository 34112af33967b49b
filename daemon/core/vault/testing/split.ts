import { leavingOps } from '../leaving.js'
import type { Bytes } from '../../../../shared/bytes.js'
import { Team } from './team.js'

// For tests only: a team whose relay showed two chains.

export type Split = {
  readonly t: Team
  readonly base: readonly Bytes[]
  readonly branch: readonly Bytes[]
}

/** What `there` do on a branch of their own, of which those who read `t.log` know nothing; `here` does the rest. */
export function split(there: (t: Team) => void, here: (t: Team) => void): Split {
  const t = new Team('ann/a')
  t.member('ann/a', ['dan/d'], 'owner')
  t.member('ann/a', ['bob/b'], 'writer')
  t.write('ann/a', 'x', 'before')
  t.readAll()
  const base = [...t.log]
  there(t)
  const branch = t.log.splice(base.length)
  here(t)
  return { t, base, branch }
}

/** The relay has another log than the one that this device had read. */
export function meet(t: Team, name: string): string[] {
  const { replica, store } = t.of(name)
  store.write(replica.rewind())
  return t.read(name)
}

/** Goes over if that is due, and reads on; tells whether it was. */
export function leaves(t: Team, name: string): boolean {
  const { replica, identity, store } = t.of(name)
  const ops = leavingOps(replica, identity, store)
  if (ops === undefined) return false
  store.write(ops)
  t.restart(name)
  t.read(name)
  return true
}
