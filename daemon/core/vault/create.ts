import { bytesOf, idOf, type RelayKey, type VaultId } from '../../../shared/ids.js'
import { encodeWraps, signedLink, type VaultKind } from '../../../shared/log/link.js'
import { epochStart, genesisContext, sealLabel, wrapFor } from '../crypto/epoch.js'
import { linkEntry, signGenesis, type Identity } from './chain.js'
import type { Env, Op } from './records.js'
import { Replica } from './replica.js'

export type NewVault = {
  readonly kind: VaultKind
  /** Label of this device, as the members will see it. */
  readonly label: string
  /** The relay that orders the chain; absent for a vault that lives here only, for now. */
  readonly relay?: RelayKey
}

/** A new vault, owned by this device: its genesis holds already. The ops are one durable batch. */
export function createReplica(
  env: Env,
  identity: Identity,
  vault: NewVault,
): { replica: Replica; ops: readonly Op[] } {
  const epochKey = env.random(32)
  const nonce = env.random(16)
  const { statement, device } = identity
  const wraps = encodeWraps(wrapFor(epochKey, genesisContext(nonce), 1, [statement.keys]))
  const body = {
    kind: vault.kind,
    nonce,
    statement,
    epoch: epochStart(epochKey, wraps.hash),
    label: sealLabel(epochKey, bytesOf(device), vault.label, env.random),
    ...(vault.relay === undefined ? {} : { relay: vault.relay }),
  }
  const signed = signGenesis(identity, { kind: 'genesis', body }, env.now())
  const vaultId = idOf<VaultId>(bytesOf(signedLink.id(signed)))
  const replica = new Replica(env, identity, vaultId)
  const { ops } = replica.ingestChain([linkEntry(signed, wraps.bytes)])
  return { replica, ops }
}
