import { verdictOf } from '../../testing/refusal.js'
import type { Action, Link } from '../link.js'
import type { Membership } from '../membership.js'
import { History, type Twist } from './history.js'
import { applyLink } from '../validate.js'

// For tests only: what becomes of a link that somebody forged.

/** What the last of these links is refused with, as `code/reason`; `holds` when it isn't. */
export function verdict(script: string, last: string, twist: Twist = {}): string {
  const history = new History(script, { [last]: twist })
  const before = history.path(last).at(-2)
  const m = before === undefined ? undefined : history.fold(before)
  const was = m === undefined ? '' : stateOf(m)
  const said = verdictOf(() => {
    if (m === undefined) history.fold(last)
    else applyLink(m, history.signed(last))
  })
  if (said !== 'holds' && m !== undefined && stateOf(m) !== was) {
    throw new TypeError('a refused link changed the membership')
  }
  return said
}

function stateOf({ hashes, devices, invites }: Membership): string {
  return JSON.stringify([hashes, [...devices], [...invites]])
}

/** An action changed before its link is signed. */
export const withAction = (change: (action: Action) => Action): Twist => ({
  link: (link) => ({ ...link, action: change(link.action) }),
})

/** Fields of the link changed before it is signed. */
export const withLink = (part: Partial<Link>): Twist => ({ link: (link) => ({ ...link, ...part }) })
