import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import { makeStatement } from '../../shared/log/device.js'
import { roleAt } from '../../shared/log/membership.js'
import { RIGHTS, type Role } from '../../shared/log/roles.js'
import type { Identity } from '../core/vault/chain.js'
import type { Replica } from '../core/vault/replica.js'
import type { Home } from '../home/home.js'
import type { Device } from '../keystore/device.js'
import type { SyncManager } from '../sync/api.js'
import type { VaultStore } from '../vault/vault-store.js'
import type { Loading } from './loading.js'
import type { SettingsFile } from './settings.js'
import { Vaults } from './vaults.js'
import type { World } from './world.js'

/** Everything that exists while the home is open. */
export type Session = {
  readonly world: World
  readonly home: Home
  readonly device: Device
  readonly identity: Identity
  readonly settings: SettingsFile
  readonly vaults: Vaults
  readonly loading: Loading
  readonly sync: SyncManager
  /** Ends background work with the session. */
  readonly ended: AbortSignal
}

/** How a device appears in its vaults' chains. */
export function identityOf(device: Device): Identity {
  const { deviceId, userId, keys, sign, box } = device
  return {
    device: deviceId,
    userId,
    statement: makeStatement(keys, userId, sign.privateKey),
    sign,
    box,
  }
}

/** The vaults of one home, not opened yet. */
export function vaultsOf(
  world: World,
  identity: Identity,
  openStore: (vaultId: VaultId) => Promise<VaultStore>,
  userVault: VaultId,
): Vaults {
  const { random, now, onError } = world
  return new Vaults({ env: { random, now, onError }, identity, openStore }, userVault)
}

/** This device's role in a vault now; undefined while it isn't let in. */
export function ownRole(session: Session, replica: Replica): Role | undefined {
  const { membership } = replica
  return membership && roleAt(membership, session.identity.device)
}

/** Refuses where waiting is for a person, not for the network. @throws CofferError `stale` in a home that still joins */
export function checkLetIn({ settings }: Session): void {
  if (settings.current.join !== undefined) throw notLetIn()
}

function notLetIn(): CofferError {
  return new CofferError('stale', 'this device has not been let into the vault yet', {
    reason: 'not-member',
    next: 'confirm it on another device: coffer device confirm',
  })
}

/** Whether this device was in the vault and isn't any more. */
export function isRemoved({ identity }: Session, { membership }: Replica): boolean {
  const known = membership?.devices.has(identity.device) === true
  return known && roleAt(membership, identity.device) === undefined
}

/** What a removed device is told wherever it asks for what it hasn't got. */
export function removed(): CofferError {
  return new CofferError('refused', 'this device was removed from the vault', {
    reason: 'removed',
    next: 'what it has read stays readable here; to write, join again as a new device',
  })
}

/** Refuses writes that every other device would refuse later. @throws CofferError `refused`, `stale` */
export function checkMayWrite(session: Session, replica: Replica): void {
  const role = checkIsIn(session, replica)
  checkNoFork(replica)
  if (RIGHTS[role].writes) return
  throw new CofferError('refused', `this device may only read the vault (it is a ${role})`, {
    reason: 'role',
    next: 'ask an admin for the right to write',
  })
}

/** Writes stop while the chain has two branches. @throws CofferError `conflict` (reason `fork`) */
export function checkNoFork({ forks }: Replica): void {
  const [first] = forks.open
  if (first === undefined) return
  throw new CofferError(
    'conflict',
    `the vault's chain of members has two branches from link ${first.n} on: whatever were written now might be void`,
    {
      reason: 'fork',
      next: 'see coffer fork ls; an owner ends it: coffer fork end',
    },
  )
}

/** This device's role. @throws CofferError `stale` before it was let in, `refused` (reason `removed`) after it was removed */
function checkIsIn(session: Session, replica: Replica): Role {
  const role = ownRole(session, replica)
  if (role !== undefined) return role
  throw isRemoved(session, replica) ? removed() : notLetIn()
}

/**
 * Refuses what counts from owners and admins only; gives this device's role.
 * @param what as in: only owners and admins change `what`
 * @throws CofferError `refused`, `stale`
 */
export function checkMayManage(session: Session, replica: Replica, what: string): Role {
  const role = checkIsIn(session, replica)
  if (RIGHTS[role].manages) return role
  throw new CofferError(
    'refused',
    `only owners and admins change ${what} (this device is a ${role})`,
    {
      reason: 'role',
      next: 'ask one of them: coffer org member ls',
    },
  )
}
