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

/** Alarms kept of one vault: of each reason the first and the newest, so that no flood of one hides another. */
export function keepAlarm(alarms: Alarm[], alarm: Alarm): boolean {
  const same = alarms.filter(({ reason }) => reason === alarm.reason)
  if (same.some(({ detail }) => detail === alarm.detail)) return false
  const [, newest] = same
  if (newest !== undefined) alarms.splice(alarms.indexOf(newest), 1)
  alarms.push(alarm)
  return true
}

export type ShellEnv = Omit<Env, 'reader'> & {
  /** Told of errors that nobody waits for. */
  readonly onError: (error: unknown) => void
}
