import { displayText } from '../../../shared/display.js'
import { CofferError } from '../../../shared/errors.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { grantName, type Grant } from '../../core/vault/grants.js'
import { makeBundle } from '../../core/vault/bundle.js'
import type { Current } from '../../core/vault/names.js'
import type { Replica } from '../../core/vault/replica.js'
import { isOffline } from '../../core/vault/selection.js'
import { writeNew } from '../../home/files.js'
import { placesOf } from '../place.js'
import { awaitLoaded } from '../secrets/secrets-read.js'
import { ownRole, type Session } from '../session.js'
import { projectOf, typedRunner, type NamedRunner } from './runners.js'

// Bundles: files from which a runner reads what it is granted, where there is no relay (SPEC section 8).

/**
 * Makes a bundle for a runner of the selected project. It holds what the runner is granted, or some of it.
 * @throws CofferError `not-found` (`no-runner`, or a name that isn't granted, or not there), `refused` (a role), `stale`
 * (`queued`: not sent yet; `no-grant`), `exists`, `storage`, `limit`
 */
export async function createBundle(
  session: Session,
  { context, runner: typed, only, expires, file }: Params<'bundleCreate'>,
  signal: AbortSignal,
): Promise<Result<'bundleCreate'>> {
  const place = await projectOf(session, context)
  await awaitLoaded(session, place, isOffline(context), signal, () => false)
  const asked = only && (await placesOf(session, context, only)).map(({ name }) => name)
  const { replica } = place.shell
  const role = ownRole(session, replica)
  if (role === undefined || !RIGHTS[role].writes || !RIGHTS[role].reads) throw mayNot()
  const runner = typedRunner(replica, typed)
  const grant = replica.grant(runner.record.id)
  if (grant === undefined) throw noGrant()
  const { names, missing } = chosen(replica, runner, grant, asked)
  const now = session.world.now()
  const until = Math.min(now + expires, grant.expires)
  if (until <= now) throw ended(runner)
  const { world, identity } = session
  const order = { runner: runner.record.id, names, expires: until }
  writeNew(file, makeBundle(world, identity, replica, order))
  return { runner: runner.shown, names, missing, expiresAt: until, warnings: warned(missing, only) }
}

/** Which names go in, and which granted ones can't. Names that were asked for must all go in. */
function chosen(
  replica: Replica,
  { record, shown }: NamedRunner,
  grant: Grant,
  asked: readonly string[] | undefined,
): { names: string[]; missing: string[] } {
  checkSent(
    replica.current('setting', grantName(record.id)),
    `the grant of ${displayText(shown.name)}`,
  )
  const names: string[] = []
  const missing: string[] = []
  for (const name of asked ?? grant.names) {
    const current = replica.get('secret', name)
    if (current !== undefined) checkSent(current, displayText(name))
    const opens = current?.siblings.some((one) => one.readers?.includes(record.id) === true)
    if (opens === true && grant.names.includes(name)) names.push(name)
    else if (asked === undefined) missing.push(name)
    else throw notGranted(name, shown.name)
  }
  return { names, missing }
}

function checkSent(current: Current | undefined, what: string): void {
  if (current?.siblings.every(({ place }) => place !== undefined) !== false) return
  throw new CofferError('stale', `${what} hasn't been sent yet, and only what was is signed`, {
    reason: 'queued',
    next: 'run coffer sync first',
  })
}

function warned(missing: readonly string[], only: readonly string[] | undefined): Warning[] {
  if (missing.length === 0 || only !== undefined) return []
  const names = missing.slice(0, 20).map(displayText).join(', ')
  return [
    { code: 'missing', message: `not in it, since there is nothing for the runner: ${names}` },
  ]
}

function notGranted(name: string, runner: string): CofferError {
  const [shown, to] = [displayText(name), displayText(runner)]
  return new CofferError('not-found', `${to} is not given ${shown}, or there is no such secret`, {
    reason: 'no-secret',
    next: `grant it: coffer runner grant ${to} ${shown}`,
  })
}

function mayNot(): CofferError {
  return new CofferError('refused', 'only who may read and write the project makes bundles of it', {
    reason: 'role',
    next: 'ask one of them',
  })
}

function noGrant(): CofferError {
  return new CofferError('stale', "the runner's grant has not arrived here yet", {
    reason: 'no-grant',
    next: 'run coffer sync, then try again',
  })
}

function ended({ shown }: NamedRunner): CofferError {
  return new CofferError('expired', `the time of ${displayText(shown.name)} is over`, {
    reason: 'grant-ended',
    next: 'make another runner: coffer runner create NAME',
  })
}
