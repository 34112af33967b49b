import type { Random } from '../../shared/crypto/random.js'

/** What the services are given of the world. */
export type World = {
  readonly random: Random
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Runs `then` once after `ms` unless the returned function is called before. */
  readonly after: (ms: number, then: () => void) => () => void
  /** Told of errors that nobody waits for. */
  readonly onError: (error: unknown) => void
  /** Told of each `.coffer.yaml` that a caller uses. */
  readonly seen: (path: string) => void
}
