import type { Bytes } from '../../shared/bytes.js'
import type { Random } from '../../shared/crypto/random.js'
import type { VaultId } from '../../shared/ids.js'
import { deriveLocalKeys } from '../core/crypto/passphrase.js'
import { keyedHash, open, seal } from '../core/crypto/seal.js'
import { TABLES, type Table } from '../core/vault/records.js'
import type { Unlocked } from '../keystore/access-parts.js'
import { Secret } from '../../shared/redacted.js'
import { MemoryStore } from '../store/memory.js'
import { openVaultStore } from '../store/open.js'
import { SealedStore, type SealedOptions } from '../store/sealed.js'
import type { VaultStore } from '../vault/vault-store.js'

/** How one vault's records are sealed in an open home. */
export function sealedOptions(
  { keys }: Pick<Unlocked, 'keys'>,
  vaultId: VaultId,
  random: Random,
): SealedOptions<Table> {
  return {
    vaultId,
    tables: TABLES,
    keys: { cache: keys.cache.reveal(), index: keys.index.reveal() },
    sealing: {
      seal: (key: Bytes, aad: Bytes, plain: Bytes) => seal(key, aad, plain, random),
      open,
      keyedHash,
    },
  }
}

/** The databases in the home's folder. */
export function storesOnDisk(
  random: Random,
): (unlocked: Unlocked) => (vaultId: VaultId) => Promise<VaultStore> {
  return (unlocked) => (vaultId) =>
    openVaultStore(unlocked.home.path, sealedOptions(unlocked, vaultId, random))
}

/** Stores that nothing is left of: each under keys of its own that nobody keeps. */
export function storesInMemory(random: Random): (vaultId: VaultId) => Promise<VaultStore> {
  return (vaultId) => {
    const keys = deriveLocalKeys(new Secret(random(32)))
    return SealedStore.open(new MemoryStore(), sealedOptions({ keys }, vaultId, random))
  }
}
