import { LIMITS } from '../limits.js'
import {
  author,
  context,
  count,
  empty,
  id32,
  label,
  path,
  reference,
  role,
  runner,
  scopeName,
  secretName,
  time,
  typedVersion,
  value,
  vaultRef,
  versionRef,
  warnings,
  written,
  writtenFields,
} from './local-common.js'
import { flag, integer, list, nullable, object, oneOf, optional, text, variant } from './schema.js'

// Methods on orgs, projects and secrets. All need an unlocked home.

const note = text(LIMITS.note)
const scope = object({
  vaultId: id32,
  /** Shown name, `NAME~2` for the second of one name. */
  name: scopeName,
  selected: flag,
  role,
  queued: count,
})
const named = object({ context, name: scopeName })
const made = object({ vaultId: id32, name: scopeName, warnings })

/** Makes an org, owned by this person. `exists` when one of that name is known. */
export const orgCreate = { needs: 'unlocked', params: named, result: made } as const
export const orgList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({ orgs: list(scope, 100_000) }),
} as const
/** Remembers the org for later calls in this home (and forgets the selected project); null unselects. */
export const orgSelect = {
  needs: 'unlocked',
  params: object({ context, name: nullable(scopeName) }),
  result: empty,
} as const

/**
 * Lets the nearest `.coffer.yaml` of the caller's folder, as it is now, choose what becomes variables; `revoke`: no more.
 * Tells what it does, and whether it was allowed before. `not-found` (reason `no-file`) where there is none.
 */
export const selectionAllow = {
  needs: 'unlocked',
  params: object({ context, revoke: flag }),
  result: object({
    file: path,
    was: flag,
    org: optional(scopeName),
    project: optional(scopeName),
    only: optional(list(reference, LIMITS.items)),
    env: list(object({ variable: secretName, name: reference }), LIMITS.items),
    /** Paths below the file's folder. */
    files: list(object({ file: text(LIMITS.path), name: reference }), LIMITS.items),
  }),
} as const

/** Makes a project in the selected org. `usage` (reason `no-org`) without one; `exists`. */
export const projectCreate = { needs: 'unlocked', params: named, result: made } as const
export const projectList = {
  needs: 'unlocked',
  params: object({ context }),
  result: object({ org: scopeName, projects: list(scope, 100_000) }),
} as const
/** Takes the project out of the org's directory. Its history stays with those who have it. */
export const projectRemove = { needs: 'unlocked', params: named, result: empty } as const
/** Remembers org and project; null unselects the project. */
export const projectSelect = {
  needs: 'unlocked',
  /** `moved`: the name may mean another vault than it did (else `tampering`, reason `directory-moved`). */
  params: object({ context, name: nullable(scopeName), moved: optional(flag) }),
  result: empty,
} as const

/**
 * Writes one value (empty allowed: asking for it is the CLI's matter). Durable here when it answers. `seal`: nobody but
 * runners will open it: those in `to`, or, where there are none, those that are granted the name (`refused`, reason
 * `no-reader` for none, `new-reader` for one that this device didn't seal the name to last time). Over a sealed secret a
 * readable one is `refused` (reason `sealed`) unless `unseal` says so.
 */
export const secretSet = {
  needs: 'unlocked',
  params: object({
    context,
    name: reference,
    value,
    note: optional(note),
    seal: optional(object({ to: list(label, LIMITS.runners) })),
    unseal: optional(flag),
  }),
  result: object({
    ...writtenFields,
    /** To whom it was sealed; absent for a readable one. */
    sealedTo: optional(list(runner, LIMITS.runners)),
  }),
} as const

/**
 * Writes several values as one transaction: all or nothing, all in one vault (`usage`, reason `two-vaults`, else).
 * A value equal to the current one is left alone. `dryRun` writes nothing and tells what would be.
 */
export const secretSetMany = {
  needs: 'unlocked',
  params: object({
    context,
    items: list(object({ name: reference, value }), LIMITS.items),
    note: optional(note),
    dryRun: flag,
  }),
  result: object({
    vault: vaultRef,
    created: list(secretName, LIMITS.items),
    changed: list(secretName, LIMITS.items),
    unchanged: list(secretName, LIMITS.items),
    warnings,
  }),
} as const

/** Deletes the names as one transaction; all must exist and be of one vault. Rollback undoes it. */
export const secretRemove = {
  needs: 'unlocked',
  params: object({ context, names: list(reference, LIMITS.items) }),
  result: object({ references: list(reference, LIMITS.items), warnings }),
} as const

/** Renames, within a vault in one transaction; across vaults writes there, then deletes here. `exists` unless forced. */
export const secretMove = {
  needs: 'unlocked',
  params: object({ context, from: reference, to: reference, force: flag }),
  result: object({ from: reference, to: reference, version: versionRef, warnings }),
} as const

/** Writes an older version's value as a new version (also of a deleted name). */
export const secretRollback = {
  needs: 'unlocked',
  params: object({ context, name: reference, version: typedVersion }),
  result: written,
} as const

const randomText = {
  /** Characters. */
  length: integer(1, LIMITS.generated),
  /** `alnum` A-Za-z0-9 · `hex` · `digits` · `symbols` all printable ASCII but space · `base64url`. */
  charset: oneOf('alnum', 'hex', 'digits', 'symbols', 'base64url'),
} as const

/** A random value, uniform over the character set, for whoever writes it later; nothing is written. */
export const valueGenerate = {
  needs: 'unlocked',
  params: object(randomText),
  result: object({ value }),
} as const

/** Writes such a value. `exists` unless forced. It comes back only when `reveal` asks for it. */
export const secretGenerate = {
  needs: 'unlocked',
  params: object({
    context,
    name: reference,
    ...randomText,
    force: flag,
    reveal: flag,
  }),
  result: object({
    reference,
    version: versionRef,
    created: flag,
    value: optional(value),
    warnings,
  }),
} as const

const siblingFields = {
  version: versionRef,
  kind: oneOf('put', 'delete'),
  at: time,
  author,
  size: optional(count),
} as const
const sibling = object({ ...siblingFields, winner: flag })

/**
 * Secrets with several values written apart: of the given name, of the selected vault, or (`all`) of every vault. `base`
 * is the newest version that all siblings build on, where there is one here.
 */
export const conflictsList = {
  needs: 'unlocked',
  params: object({ context, name: optional(reference), all: optional(flag) }),
  result: object({
    conflicts: list(
      object({
        reference,
        base: optional(object(siblingFields)),
        siblings: list(sibling, LIMITS.parents),
      }),
      100_000,
    ),
  }),
} as const

/** Ends a conflict by a new version above all siblings: a sibling's content, or a new value. */
export const conflictsResolve = {
  needs: 'unlocked',
  params: object({
    context,
    name: reference,
    choice: variant({ version: { version: typedVersion }, value: { value } }),
  }),
  result: written,
} as const
