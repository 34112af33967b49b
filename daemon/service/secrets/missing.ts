import { closest } from '../../../shared/closest.js'
import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Replica } from '../../core/vault/replica.js'
import type { VaultShell } from '../../vault/shell.js'
import { isRemoved, ownRole, removed, type Session } from '../session.js'

// What is not there, said in the same words everywhere, with the name that was probably meant.

/** Where a secret was looked for. */
type Where = {
  readonly shell: VaultShell
  readonly name: string
  readonly reference: string
}

/** Comparing with more names than this takes longer than a person's mistake is worth. */
const MAX_NAMES = 10_000

/** `see` says where the names are listed. */
function next(typed: string, names: Iterable<string>, see: string): string {
  const meant = closest(typed, names)
  return meant === undefined ? see : `did you mean ${meant}? ${see}`
}

function* liveNames(replica: Replica): Generator<string> {
  let count = 0
  for (const { winner } of replica.live('secret')) {
    if (count++ === MAX_NAMES) return
    yield winner.name
  }
}

/** A vault that is loaded as a whole holds no such secret. */
function noSecret({ shell, reference, name }: Where): CofferError {
  return new CofferError('not-found', `there is no secret ${displayText(reference)}`, {
    reason: 'no-secret',
    next: next(name, liveNames(shell.replica), 'see coffer ls'),
  })
}

/** No directory that is loaded as a whole has such an org or project. */
export function noScope(
  kind: 'org' | 'project',
  name: string,
  all: readonly { readonly name: string }[],
): CofferError {
  const names = all.map((one) => one.name)
  return new CofferError('not-found', `there is no ${kind} '${displayText(name)}'`, {
    reason: `no-${kind}`,
    next: next(name, names, `see coffer ${kind} ls`),
  })
}

export function stillLoading(what: string): CofferError {
  return new CofferError('stale', `${what} is still loading on this device`, {
    reason: 'loading',
    next: 'try again when coffer status says ready',
  })
}

/** A secret that isn't here: there is none, or its vault is still loading, or this device may not read it. */
export function missing(session: Session, place: Where): CofferError {
  const { shell, reference } = place
  if (mayNotRead(session, shell.replica)) return unreadable(reference)
  if (isRemoved(session, shell.replica)) return removed()
  return session.loading.has(shell.vaultId) ? stillLoading(displayText(reference)) : noSecret(place)
}

/** Whether this device is in a vault that it may not read. */
export function mayNotRead(session: Session, replica: Replica): boolean {
  const role = ownRole(session, replica)
  return role !== undefined && !RIGHTS[role].reads
}

function unreadable(reference: string): CofferError {
  return new CofferError('refused', `this device may not read ${displayText(reference)}`, {
    reason: 'role',
    next: 'ask an admin for the level read+secrets',
  })
}
