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

/** Where a vault syncs: its own relay's address, the home's, or nowhere yet. */
type Where = RelayAddress | 'home' | undefined

function whereOf(session: Session, shell: VaultShell): Where {
  const { settings, vaults } = session
  const { membership } = shell.replica
  // Until it is let in, a joiner reads nothing but the chain, and that by its code.
  const joining = shell.vaultId === vaults.userVault && settings.current.join !== undefined
  if (membership === undefined ? joining : ownRole(session, shell.replica) === undefined) {
    return undefined
  }
  const record = vaults.all().find(({ vaultId }) => vaultId === shell.vaultId)?.record
  const key: RelayKey | undefined = membership === undefined ? record?.relay : relayOf(membership)
  const home = settings.current.relay
  if (membership !== undefined && key === undefined) return undefined
  if (home !== undefined && (key === undefined || key === home.key)) return 'home'
  if (record?.url === undefined || key === undefined || record.relay !== key) return undefined
  return { url: record.url, key }
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
    for (const { vaultId, phase } of sync.status().vaults)
      if (phase === 'live') loading.end(vaultId)
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
