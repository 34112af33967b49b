import { utf8, type Bytes } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { LIMITS } from '../../../shared/limits.js'
import type { Params, Result } from '../../../shared/protocol/local.js'
import type { Warning } from '../../../shared/protocol/local-common.js'
import { isOffline } from '../../core/vault/selection.js'
import { encryptBytes, type Recipients } from '../../pgp/streams.js'
import { placesInOneVault } from '../secrets/changes.js'
import { missing } from '../secrets/missing.js'
import { openValue } from '../secrets/sealing.js'
import { awaitLoaded } from '../secrets/secrets-read.js'
import { warningsOf } from '../secrets/versions.js'
import type { Session } from '../session.js'
import { valueOf } from './document.js'
import { fingerprintsOf, soundKeys } from './recipients.js'

/** A value and the name that it has in its vault. */
type Named = { readonly name: string; readonly value: Bytes }

/**
 * Encrypts values to people's keys: one as it is, several as a JSON object.
 * @throws CofferError `refused` (`sealed`), `not-found`, `stale`, `usage`, `limit` (`oversize`), and as readPublicKey
 */
export async function encryptSecrets(
  session: Session,
  { context, names, keys }: Params<'secretEncrypt'>,
  signal: AbortSignal,
): Promise<Result<'secretEncrypt'>> {
  const to: Recipients = { kind: 'keys', keys: await soundKeys(keys, session.world.now()) }
  const warnings: Warning[] = []
  const values: Named[] = []
  for (const place of await placesInOneVault(session, context, names)) {
    const { replica } = place.shell
    const current = () => replica.get('secret', place.name)
    await awaitLoaded(session, place, isOffline(context), signal, () => current() !== undefined)
    const found = current()
    if (found === undefined) throw missing(session, place)
    warnings.push(...warningsOf(place.name, found))
    values.push({ name: place.name, value: openValue(place, found.winner) })
  }
  const message = await encryptBytes(to, contentOf(values))
  return { message, pgp: fingerprintsOf(to), warnings: warnings.slice(0, 100) }
}

function contentOf(values: readonly Named[]): Bytes {
  const [only] = values
  const content =
    only !== undefined && values.length === 1
      ? only.value
      : utf8(
          `${JSON.stringify(Object.fromEntries(values.map(({ name, value }) => [name, valueOf(value)])), undefined, 2)}\n`,
        )
  if (content.length <= LIMITS.pgpSecrets) return content
  throw new CofferError('limit', `one message holds at most ${LIMITS.pgpSecrets} bytes`, {
    reason: 'oversize',
    next: 'encrypt fewer secrets at once, or make a backup',
  })
}
