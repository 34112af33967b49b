import type { RelayKey, VaultId } from '../../shared/ids.js'
import { relayOf } from '../../shared/log/membership.js'
import type { RelayAddress } from '../sync/api.js'
import type { VaultShell } from '../vault/shell.js'
import { ownRole, type Session } from './session.js'
import type { RelaySettings } from './settings.js'

/** The address of a relay of the settings, as syncing takes it. */
export function addressOf({ url, key, ca, registration }: RelaySettings): RelayAddress {
  return {
    url,
    key,
    ...(ca === undefined ? {} : { ca }),
    ...(registration === undefined ? {} : { registrationToken: registration }),
  }
}

/** The address at which a vault is found, for somebody else's use; undefined while it has no relay. */
export function addressFor(session: Session, shell: VaultShell): RelayAddress | undefined {
  const where = whereOf(session, shell)
  const { relay } = session.settings.current
  if (where !== 'home') return where
  return relay && addressOf(relay)
}

/** Where a vault syncs: its own relay's address, the home's, or nowhere yet. */
type Where = RelayAddress | 'home' | undefined

function whereOf(session: Session, shell: VaultShell): Where {
  const { settings, vaults } = session
  const { membership } = shell.replica
  if (!mayRead(session, shell)) return undefined
  const record = vaults.all().find(({ vaultId }) => vaultId === shell.vaultId)?.record
  const key: RelayKey | undefined = membership === undefined ? record?.relay : relayOf(membership)
  const home = settings.current.relay
  if (membership !== undefined && key === undefined) return undefined
  if (home !== undefined && (key === undefined || key === home.key)) return 'home'
  if (record?.url === undefined || key === undefined || record.relay !== key) return undefined
  return { url: record.url, key }
}

/** Whether there is anything for this device to read, as far as it knows. */
function mayRead(session: Session, shell: VaultShell): boolean {
  const { settings, vaults, loading } = session
  const { vaultId, replica } = shell
  if (replica.membership !== undefined && ownRole(session, replica) !== undefined) return true
  // Until it is let in, a joiner reads nothing but the chain, and that by its code.
  if (vaultId === vaults.userVault) {
    return replica.membership === undefined && settings.current.join === undefined
  }
  // The link that lets it in may stand at the end of a long log.
  return replica.membership === undefined || loading.has(vaultId)
}

/**
 * Ties the vaults to syncing: each that has a relay is attached as long as it is open, and every durable change of one
 * is told. What has come as a whole is no longer loading.
 * @returns what ends it
 */
export function bindSync(session: Session): () => void {
  const { vaults, sync, loading } = session
  const attached = new Map<VaultId, string>()
  const detach = (vaultId: VaultId): void => {
    if (attached.delete(vaultId)) sync.detach(vaultId)
  }
  const attach = (vaultId: VaultId): void => {
    const shell = vaults.opened(vaultId)
    const where = shell && whereOf(session, shell)
    if (shell === undefined || where === undefined) return detach(vaultId)
    const key = where === 'home' ? 'home' : `${where.key} ${where.url}`
    if (attached.get(vaultId) === key) return sync.changed(vaultId)
    detach(vaultId)
    if (where === 'home') sync.attach(shell)
    else sync.attach(shell, where)
    attached.set(vaultId, key)
  }
  const stopVaults = vaults.watch((event) => {
    if (event.kind === 'removed') return detach(event.vaultId)
    if (event.kind === 'opened' && isEmpty(vaults.opened(event.vaultId))) {
      loading.begin(event.vaultId)
    }
    if (event.kind === 'opened' || event.event.kind === 'links') return attach(event.vaultId)
    if (event.event.kind === 'changed' && event.event.local && attached.has(event.vaultId)) {
      sync.changed(event.vaultId)
    }
  })
  const stopStatus = sync.onStatus(() => {
    for (const { vaultId, phase } of sync.status().vaults) {
      // A log without the link that lets this device in isn't all of it, whatever the relay says.
      const replica = vaults.opened(vaultId)?.replica
      const isMember = replica !== undefined && ownRole(session, replica) !== undefined
      if (phase === 'live' && isMember) loading.end(vaultId)
    }
  })
  for (const { vaultId } of vaults.all()) attach(vaultId)
  return () => {
    stopVaults()
    stopStatus()
    for (const vaultId of attached.keys()) detach(vaultId)
  }
}

/** Whether nothing of the vault has come yet. */
function isEmpty(shell: VaultShell | undefined): boolean {
  return shell !== undefined && shell.replica.membership === undefined
}
