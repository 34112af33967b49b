import { CofferError, hasCode } from '../../../shared/errors.js'
import { alarmOf } from '../../core/vault/alarm.js'
import type { VaultShell } from '../../vault/shell.js'
import { LOADING_WAIT } from '../loading.js'
import type { Session } from '../session.js'

/**
 * Asks the relay for one secret of a vault whose snapshot isn't here as a whole yet, as soon as that can be asked: one
 * leaf proves it, and what is fetched doesn't grow with the vault.
 * @returns what ends the asking
 */
export function lookUp({ sync, world }: Session, shell: VaultShell, name: string): () => void {
  const { vaultId } = shell
  let asked = false
  const look = (): void => {
    const at = asked ? undefined : shell.replica.snapshots.slotOf('secret', name)
    if (at === undefined) return
    asked = true
    sync
      .ask('lookup', { vaultId, ...at }, { timeout: LOADING_WAIT })
      .then((found) => shell.take((replica) => replica.adopting.find(at, found)))
      .catch((error: unknown) => {
        // It comes with the rest, or the alarm says why not.
        if (hasCode(error, 'tampering')) shell.alarm(alarmOf(error, 'snapshot'))
        else if (!(error instanceof CofferError)) world.onError(error)
      })
  }
  const stop = shell.watch(look)
  look()
  return stop
}
