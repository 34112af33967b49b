import { fromBase64 } from '../../../shared/base64.js'
import type { Params } from '../../../shared/protocol/local.js'
import { Secret } from '../../../shared/redacted.js'
import { readPublicKey, type PgpKey } from '../../pgp/keys.js'
import type { Recipients } from '../../pgp/streams.js'
import { checkGenerated } from '../devices/recovery-message.js'

/** Keys that are sound now. @throws CofferError as readPublicKey */
export async function soundKeys(armored: readonly string[], now: number): Promise<PgpKey[]> {
  const keys: PgpKey[] = []
  for (const one of armored) keys.push(await readPublicKey(one, 'encrypt', new Date(now)))
  return keys
}

/** Who will open a backup. @throws CofferError as readPublicKey, `refused` (`weak-passphrase`) */
export async function recipientsOf(
  to: Params<'backupCreate'>['to'],
  now: number,
): Promise<Recipients> {
  if (to.kind === 'keys') return { kind: 'keys', keys: await soundKeys(to.keys, now) }
  const passphrase = new Secret(fromBase64(to.passphrase) ?? new Uint8Array(0))
  checkGenerated(passphrase)
  return { kind: 'passphrase', passphrase }
}

export function fingerprintsOf(to: Recipients): string[] {
  return to.kind === 'keys' ? to.keys.map(({ fingerprint }) => fingerprint) : []
}
