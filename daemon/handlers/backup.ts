import type { DaemonHandlers } from '../rpc/call.js'
import { createBackup } from '../service/backup/backup.js'
import { exportSecrets } from '../service/backup/export.js'
import { restoreBackup, restoreItems } from '../service/backup/restore.js'
import type { Session } from '../service/session.js'

type BackupMethod = 'backupCreate' | 'backupRestore' | 'restoreItems' | 'secretExport'

/** The methods on backups and exports by OpenPGP. */
export function backupHandlers(session: () => Session): Pick<DaemonHandlers, BackupMethod> {
  return {
    backupCreate: (params, call) => createBackup(session(), params, call),
    backupRestore: (params, call) => restoreBackup(session(), params, call),
    restoreItems: (params) => restoreItems(session(), params),
    secretExport: (params, { signal }) => exportSecrets(session(), params, signal),
  }
}
