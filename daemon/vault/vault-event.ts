import type { Alarm } from '../core/vault/alarm.js'
import type { Change } from '../core/vault/change.js'
import type { Env } from '../core/vault/records.js'

export type Name = Pick<Change, 'space' | 'name'>

/** What a vault tells those who watch it, once it is durable. */
export type VaultEvent =
  | { readonly kind: 'changed'; readonly names: readonly Name[]; readonly local: boolean }
  /** Members, devices or the relay changed. */
  | { readonly kind: 'links' }
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  /** How much is queued or conflicting may differ. */
  | { readonly kind: 'counts' }

export type ShellEnv = Omit<Env, 'reader'> & {
  /** Told of errors that nobody waits for. */
  readonly onError: (error: unknown) => void
}
