import { equal } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import { SELECTION_FILE } from '../core/vault/selection.js'
import { findSelection, type FoundSelection } from './selection-file.js'
import type { Session } from './session.js'

// `coffer allow`: a person has read a `.coffer.yaml` and lets these very bytes choose what becomes variables. The pin is
// of this home, sealed in its settings: no repository can bring one, and a changed file has none.

/** Whether the file's bytes are those that were allowed at this path. */
export function isAllowed(
  { settings }: Session,
  { path, digest }: Pick<FoundSelection, 'path' | 'digest'>,
): boolean {
  const { allowed = [] } = settings.current
  return allowed.some((one) => one.path === path && equal(one.digest, digest))
}

/** The refusal of what only an allowed file may do. */
export function notAllowed(path: string): CofferError {
  return new CofferError('refused', `${path} chooses what would become variables`, {
    reason: 'not-allowed',
    next: 'read it, then let it: coffer allow; or choose yourself: coffer run --org ORG --project PROJECT -- COMMAND',
  })
}

/**
 * Pins the nearest file of the caller's folder, or takes its pin (with a file that is gone: that folder's own) away.
 * @throws CofferError `not-found` (reason `no-file`), `format` for a file that is none, `storage`
 */
export async function allowFile(
  session: Session,
  { context, revoke }: Params<'selectionAllow'>,
): Promise<Result<'selectionAllow'>> {
  const found = await findSelection(context.cwd).catch((error: unknown) => {
    // What can't be read any more can't be allowed; its pin can be taken away all the same.
    if (revoke && error instanceof CofferError) return undefined
    throw error
  })
  const path = found?.path ?? `${context.cwd.replace(/\/$/, '')}/${SELECTION_FILE}`
  const { allowed = [] } = session.settings.current
  const others = allowed.filter((one) => one.path !== path)
  const was = found === undefined ? others.length < allowed.length : isAllowed(session, found)
  if (revoke) {
    if (found === undefined && !was) throw noFile(context.cwd)
    session.settings.update({ allowed: others })
    return { file: path, was: others.length < allowed.length, env: [], files: [] }
  }
  if (found === undefined) throw noFile(context.cwd)
  const pins = [...others, { path, digest: found.digest }]
  session.settings.update({ allowed: pins.slice(-LIMITS.allowed) })
  return { file: path, was, ...contents(found) }
}

function noFile(folder: string): CofferError {
  return new CofferError('not-found', `there is no ${SELECTION_FILE} in ${folder} or above it`, {
    reason: 'no-file',
    next: 'name the folder: coffer allow DIR',
  })
}

/** What the file does, for the person who allows it. */
function contents({ selection }: FoundSelection): Omit<Result<'selectionAllow'>, 'file' | 'was'> {
  const { org, project, only, env = {}, files = {} } = selection
  return {
    ...(org === undefined ? {} : { org }),
    ...(project === undefined ? {} : { project }),
    ...(only === undefined ? {} : { only: [...only] }),
    env: Object.entries(env).map(([variable, name]) => ({ variable, name })),
    files: Object.entries(files).map(([file, name]) => ({ file, name })),
  }
}
