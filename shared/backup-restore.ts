import { itemOf, transactionsOf, type BackupVault, type StoredItem } from './backup.js'
import { displayText } from './display.js'
import { CofferError } from './errors.js'

// How a backup is brought back, whoever does it: the daemon from a file, the command line from a pipe.

/** What became of the items of one transaction, by name. */
export type Stored = {
  readonly created: readonly string[]
  readonly changed: readonly string[]
  readonly unchanged: readonly string[]
}

/** What became of one vault of a backup. */
export type Restored = Stored & {
  /** Where its secrets went: `/user` or `ORG/PROJECT`. */
  readonly vault: string
  /** Sealed secrets, which the backup only names. */
  readonly sealed: readonly string[]
}

export type RestoreWishes = {
  /** This vault of the backup alone. */
  readonly only: string | undefined
  /** Where its secrets shall go, instead of where they came from. */
  readonly into: string | undefined
  readonly dryRun: boolean
}

/** Stores one transaction in a vault, or tells what would be. */
export type Store = (
  vault: string,
  items: readonly StoredItem[],
  dryRun: boolean,
) => Promise<Stored>

type Part = { readonly vault: string; readonly items: readonly StoredItem[] }

/**
 * Stores a backup's secrets, a transaction after the other; all of them are tried first, so that what one of them can't
 * be stored for is known before the first is. What is there already is left alone: the same again goes on where it was
 * cut short.
 * @param told called with how many secrets are done, and of how many
 * @throws CofferError `not-found` (`no-vault`), `usage` (`several-vaults`), or what `store` throws
 */
export async function restore(
  vaults: readonly BackupVault[],
  wishes: RestoreWishes,
  store: Store,
  told: (done: number, total: number) => void,
): Promise<Restored[]> {
  const chosen = chosenVaults(vaults, wishes)
  const parts = chosen.flatMap(({ vault, secrets }): Part[] =>
    [...transactionsOf(secrets.map(itemOf))].map((items) => ({ vault, items })),
  )
  const tried: Stored[] = []
  for (const { vault, items } of parts) tried.push(await store(vault, items, true))
  const done = wishes.dryRun ? tried : await storeAll(parts, tried, store, told)
  return chosen.map(({ vault, sealed }) => {
    const own = done.filter((_, i) => parts[i]?.vault === vault)
    const names = (what: keyof Stored): string[] => own.flatMap((one) => one[what])
    const [created, changed] = [names('created'), names('changed')]
    return { vault, created, changed, unchanged: names('unchanged'), sealed }
  })
}

async function storeAll(
  parts: readonly Part[],
  tried: readonly Stored[],
  store: Store,
  told: (done: number, total: number) => void,
): Promise<Stored[]> {
  const total = parts.reduce((sum, { items }) => sum + items.length, 0)
  const done: Stored[] = []
  let count = 0
  for (const [i, { vault, items }] of parts.entries()) {
    const before = tried[i]
    const idle = before !== undefined && before.created.length + before.changed.length === 0
    done.push(idle ? before : await store(vault, items, false))
    count += items.length
    told(count, total)
  }
  return done
}

function chosenVaults(
  vaults: readonly BackupVault[],
  { only, into }: RestoreWishes,
): readonly BackupVault[] {
  const chosen = only === undefined ? vaults : vaults.filter(({ vault }) => vault === only)
  if (only !== undefined && chosen.length === 0) {
    throw new CofferError('not-found', `the backup has no vault ${displayText(only)}`, {
      reason: 'no-vault',
      next: `it has ${listed(vaults)}`,
    })
  }
  if (into === undefined) return chosen
  if (chosen.length > 1) {
    throw new CofferError('usage', 'the backup has several vaults, and one place to go is named', {
      reason: 'several-vaults',
      next: `say which with --only, of ${listed(vaults)}`,
    })
  }
  return chosen.map((one) => ({ ...one, vault: into }))
}

function listed(vaults: readonly BackupVault[]): string {
  const shown = vaults.slice(0, 10).map(({ vault }) => displayText(vault))
  return [...shown, ...(vaults.length > 10 ? ['…'] : [])].join(', ') || 'none'
}
