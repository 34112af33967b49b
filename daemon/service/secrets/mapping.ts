import { join, dirname } from 'node:path'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Selection } from '../../core/vault/selection.js'
import { isAllowed, notAllowed } from '../allowed.js'
import { variablePlace, type Selections } from '../place.js'
import type { Session } from '../session.js'
import { CofferError } from '../../../shared/errors.js'

// Which secrets a child's variables are made of: as the caller says, else as an allowed `.coffer.yaml` does.

type Request = Params<'secretEnvironment'>
export type Mapping = {
  /** References that become variables of their own names; undefined: the whole vault. */
  readonly only: readonly string[] | undefined
  readonly map: readonly { readonly variable: string; readonly name: string }[]
  readonly files: readonly {
    readonly path: string
    readonly below: string
    readonly name: string
  }[]
}

/** @throws CofferError `refused` (reason `not-allowed`) for a file that would count, or must, and wasn't allowed */
export function mappingOf(session: Session, selections: Selections, request: Request): Mapping {
  const { selected, file } = selections
  const { only, map = [], bare, allowed } = request
  const said = only ?? (bare === true ? [] : undefined)
  if (allowed === true) checkAllowed(session, selections, request.context.cwd)
  if (file === undefined || said !== undefined || isChosen(selected)) {
    return { only: said, map, files: [] }
  }
  const { selection, path } = file
  const { env, files, only: listed } = selection
  if (env === undefined && files === undefined && listed === undefined) {
    return { only: undefined, map, files: [] }
  }
  if (!isAllowed(session, file)) throw notAllowed(path)
  const below = dirname(path)
  return {
    only: listed,
    // What the caller says comes last, and wins.
    map: [...Object.entries(env ?? {}).map(([variable, name]) => ({ variable, name })), ...map],
    files: Object.entries(files ?? {}).map(([to, name]) => ({
      path: join(below, to),
      below,
      name,
    })),
  }
}

/** Whether the caller chose the project: then a file that lies about has nothing to say. */
function isChosen({ projectFrom }: Selection): boolean {
  return projectFrom === 'flag' || projectFrom === 'environment'
}

function checkAllowed(session: Session, { file }: Selections, cwd: string): void {
  if (file === undefined) {
    throw new CofferError('not-found', `there is no .coffer.yaml in ${cwd} or above it`, {
      reason: 'no-file',
    })
  }
  if (!isAllowed(session, file)) throw notAllowed(file.path)
}

/** The files, with references that mean the same wherever they are asked for. */
export async function filesOf(
  session: Session,
  { context }: Request,
  selections: Selections,
  { files }: Mapping,
): Promise<Pick<Result<'secretEnvironment'>, 'files'>> {
  if (files.length === 0) return {}
  const found = await Promise.all(
    files.map(async ({ path, below, name }) => {
      const { reference } = await variablePlace(session, context, name, selections)
      return { path, below, reference }
    }),
  )
  return { files: found }
}
