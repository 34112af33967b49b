import type { DaemonHandlers } from '../rpc/call.js'
import { createBackup } from '../service/backup/backup.js'
import { encryptSecrets } from '../service/backup/encrypt.js'
import { restoreBackup, restoreItems } from '../service/backup/restore.js'
import type { Session } from '../service/session.js'

type BackupMethod = 'backupCreate' | 'backupRestore' | 'restoreItems' | 'secretEncrypt'

/** The methods on backups, and secrets for others, by OpenPGP. */
export function backupHandlers(session: () => Session): Pick<DaemonHandlers, BackupMethod> {
  return {
    backupCreate: (params, call) => createBackup(session(), params, call),
    backupRestore: (params, call) => restoreBackup(session(), params, call),
    restoreItems: (params) => restoreItems(session(), params),
    secretEncrypt: (params, { signal }) => encryptSecrets(session(), params, signal),
  }
}
