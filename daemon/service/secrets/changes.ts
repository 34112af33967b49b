import { displayText } from '../../../shared/display.js'
import type { Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import type { Context } from '../../../shared/protocol/local-common.js'
import type { NewChange } from '../../core/vault/change.js'
import { placesOf, type Place } from '../place.js'
import type { Session } from '../session.js'

// What one transaction is made of: changes, and the names of one vault that they are of.

export function put(name: string, value: Bytes, note?: string): NewChange {
  return { space: 'secret', name, value, ...(note === undefined ? {} : { note }) }
}

export function remove(name: string): NewChange {
  return { space: 'secret', name, value: undefined }
}

/** The places of several references. @throws CofferError `usage`: reason `two-vaults` or `doubled-name` */
export async function placesInOneVault(
  session: Session,
  context: Context,
  names: readonly string[],
): Promise<readonly Place[]> {
  const places = await placesOf(session, context, names)
  const seen = new Set<string>()
  for (const { vault, name } of places) {
    if (vault.vaultId !== places[0]?.vault.vaultId) {
      throw new CofferError('usage', 'the names belong to two vaults', {
        reason: 'two-vaults',
        next: 'do it once for each project',
      })
    }
    if (seen.has(name)) {
      throw new CofferError('usage', `${displayText(name)} is given twice`, {
        reason: 'doubled-name',
        next: 'name each once',
      })
    }
    seen.add(name)
  }
  return places
}
