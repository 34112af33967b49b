import { utf8 } from '../../../shared/bytes.js'
import { RIGHTS } from '../../../shared/log/roles.js'
import { personOf } from './people.js'
import { isShared, ownWords, SETTING } from './org-people.js'
import { ownRole, type Session } from '../session.js'

/** Says this person's name and address in the orgs that others are in, too, where this device may write. */
export async function introduce(session: Session): Promise<void> {
  const { vaults, loading, identity } = session
  const { user } = vaults
  if (loading.has(vaults.userVault)) return
  for (const { vaultId } of vaults.orgs()) {
    const shell = vaults.opened(vaultId)
    if (shell === undefined || loading.has(vaultId) || !isShared(session, shell.replica)) continue
    const role = ownRole(session, shell.replica)
    if (role === undefined || !RIGHTS[role].writes) continue
    const person = personOf(user.replica)
    await shell.write((replica) =>
      ownWords(replica, identity.userId, person).map(({ name, label }) => {
        return { space: SETTING, name, value: utf8(label) }
      }),
    )
  }
}
