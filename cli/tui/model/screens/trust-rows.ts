import type { Values } from '../dialog.js'
import type { ListState } from '../list.js'
import { vaultLabel } from '../vault.js'
import { bodyHeight, unread, type Alarm, type Status, type World } from '../world.js'

// What the screen of trust lists: alarms, the unread ones first, then every vault.

export type TrustState = {
  readonly name: 'trust'
  readonly list: ListState
  /** What the daemon is at for this screen. */
  readonly busy: string | undefined
  /** What was typed of a relay that wasn't set: to be mended. */
  readonly relay: Values
}

export type VaultInfo = Status['vaults'][number]

export type TrustRow =
  | { readonly kind: 'alarm'; readonly alarm: Alarm }
  | { readonly kind: 'vault'; readonly vault: VaultInfo }

const KINDS: readonly string[] = ['user', 'org', 'project']

function byKindAndName(one: VaultInfo, other: VaultInfo): number {
  const kinds = KINDS.indexOf(one.vault.kind) - KINDS.indexOf(other.vault.kind)
  if (kinds !== 0) return kinds
  const [a, b] = [vaultLabel(one.vault), vaultLabel(other.vault)]
  return a < b ? -1 : a > b ? 1 : 0
}

const newest = ({ newest: last, first }: Alarm): number => (last ?? first).at

export function rowsOfTrust(world: World): readonly TrustRow[] {
  const read = world.alarms.filter(({ readAt }) => readAt !== null)
  const latest = (alarms: readonly Alarm[]): readonly Alarm[] =>
    alarms.toSorted((one, other) => newest(other) - newest(one))
  return [
    ...[...latest(unread(world)), ...latest(read)].map(
      (alarm) => ({ kind: 'alarm', alarm }) as const,
    ),
    ...(world.status?.vaults ?? [])
      .toSorted(byKindAndName)
      .map((vault) => ({ kind: 'vault', vault }) as const),
  ]
}

export function chosenRow({ list }: TrustState, world: World): TrustRow | undefined {
  return rowsOfTrust(world)[list.at]
}

/** Lines above the list: how the relay stands. */
export function headHeight(world: World): number {
  return bodyHeight(world) >= 12 ? 6 : 2
}

/** Lines for the list. One is kept for what is being done, one for the columns' names. */
export function rowsHeight(world: World): number {
  return Math.max(1, bodyHeight(world) - headHeight(world) - (bodyHeight(world) >= 12 ? 2 : 0))
}
