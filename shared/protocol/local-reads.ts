import { LIMITS } from '../limits.js'
import {
  author,
  context,
  count,
  demands,
  label,
  path,
  reference,
  runner,
  secretName,
  time,
  typedVersion,
  value,
  vaultRef,
  versionRef,
  warnings,
} from './local-common.js'
import { flag, list, nullable, object, oneOf, optional, text } from './schema.js'

// Methods that read secrets. All need an unlocked home.

const note = text(LIMITS.note)

/**
 * One value. `version` picks an older one. `strict`: siblings are `conflict` instead of a warning. While the vault is
 * loading a missing name waits, then is `stale`, never `not-found`.
 */
export const secretGet = {
  needs: 'unlocked',
  params: object({
    context,
    name: reference,
    version: optional(typedVersion),
    strict: optional(flag),
    ...demands,
  }),
  result: object({
    reference,
    value,
    version: versionRef,
    at: time,
    author,
    note: optional(note),
    warnings,
  }),
} as const

/**
 * Many values: of these names in this order, or of all that is under `prefix` in the selected vault, by code point. An
 * answer holds at most LIMITS.page bytes of values: `next`, where not null, is what `after` shall be in the next call.
 * `forChild`: a program gets them, so a `.coffer.yaml` in the working folder alone may not choose them (`refused`).
 * What isn't there stands in `missing`, what only its runners open in `sealed`; neither fails the call.
 */
export const secretReadMany = {
  needs: 'unlocked',
  params: object({
    context,
    names: optional(list(reference, LIMITS.items)),
    prefix: optional(reference),
    after: optional(text(LIMITS.reference)),
    strict: optional(flag),
    forChild: optional(flag),
    ...demands,
  }),
  result: object({
    secrets: list(
      object({
        /** As it was asked for; without `names` the name in its vault. */
        asked: reference,
        reference,
        name: secretName,
        value,
        version: versionRef,
        at: time,
        note: optional(note),
      }),
      LIMITS.listed,
    ),
    missing: list(
      object({ asked: reference, reference, message: text(LIMITS.message) }),
      LIMITS.items,
    ),
    sealed: list(reference, LIMITS.listed),
    next: nullable(text(LIMITS.reference)),
    warnings,
  }),
} as const

/** Live names under `prefix` (a path; absent: all), sorted by code point, without prefix stripping. */
export const secretList = {
  needs: 'unlocked',
  params: object({ context, prefix: optional(reference), ...demands }),
  result: object({
    vault: vaultRef,
    loading: flag,
    secrets: list(
      object({
        name: secretName,
        version: versionRef,
        at: time,
        author,
        conflict: flag,
        queued: flag,
        /** Only the runners that it was sealed to open it. */
        sealed: optional(flag),
      }),
      1_000_000,
    ),
    warnings,
  }),
} as const

const historyEntry = object({
  version: versionRef,
  kind: oneOf('put', 'delete'),
  at: time,
  author,
  note: optional(note),
  /** Bytes of the value; absent for a delete. */
  size: optional(count),
  /** What `get` serves now. */
  current: flag,
  /** One of several values written apart. */
  sibling: flag,
  /** Not acknowledged by the relay yet. */
  queued: flag,
  /** Only the runners that it was sealed to open it. */
  sealed: optional(flag),
  /**
   * Of a sealed one: nobody else can open it. One of them that read what it superseded may have been told of it only, which
   * nobody but that runner can see. Whoever isn't a runner any more has no name.
   */
  sealedTo: optional(list(runner, LIMITS.runners)),
  /** Its clock was ahead of ours by more than an hour when it came. */
  futureClock: flag,
})

/** All versions, newest first; a deleted name has a history too. */
export const secretHistory = {
  needs: 'unlocked',
  params: object({ context, name: reference }),
  result: object({ reference, versions: list(historyEntry, 1_000_000), warnings }),
} as const

/** A variable under a name of its own, and the secret that it holds. */
const mapped = object({ variable: secretName, name: reference })

/**
 * The variables that `run` gives to a child: the vault's secrets whose name is an identifier, or exactly `only`; besides
 * those of `map` under their own names (`bare`: nothing else). Where neither `only` nor a flag or variable that chooses the
 * project says otherwise, the `only`, `env` and `files` of a `.coffer.yaml` that was allowed count; of one that wasn't,
 * they are `refused` (reason `not-allowed`), and so is everything with `allowed`, for callers whom nobody has told a word.
 * Loader and interpreter variables are `refused` (reason `loader-variable`) unless in `allow`; a value with NUL or of
 * 128 KiB and more is `format` (reason `not-a-variable`); both name the secret.
 */
export const secretEnvironment = {
  needs: 'unlocked',
  params: object({
    context,
    only: optional(list(reference, LIMITS.items)),
    map: optional(list(mapped, LIMITS.items)),
    bare: optional(flag),
    allowed: optional(flag),
    allow: list(label, LIMITS.items),
    strict: optional(flag),
    ...demands,
  }),
  result: object({
    vault: vaultRef,
    variables: list(object({ name: secretName, value }), 100_000),
    /** Names that are no identifiers. */
    skipped: list(secretName, 100_000),
    /** Files that an allowed `.coffer.yaml` wants beside them: where, in which folder's keeping, and of which secret. */
    files: optional(list(object({ path, below: path, reference }), LIMITS.items)),
    warnings,
  }),
} as const
