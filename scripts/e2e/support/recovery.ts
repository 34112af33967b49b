// What a recovery message holds that nobody else may see.
import * as assert from 'uvu/assert'
import { decryptUnder } from '../../../daemon/pgp/messages.js'
import { Secret } from '../../../shared/redacted.js'
import { type Canaries } from './canaries.js'

/** Makes canaries of the passphrase and of the seeds in the message that it opens. */
export async function watchRecovery(
  canaries: Canaries,
  passphrase: string,
  message: string,
): Promise<void> {
  canaries.add('recovery passphrase', passphrase)
  const text = await decryptUnder(new Secret(Buffer.from(passphrase)), message)
  for (const seed of ['signSeed', 'boxSeed']) {
    const [, base64 = ''] = new RegExp(`"${seed}": "([^"]+)"`).exec(text) ?? []
    const bytes = Buffer.from(base64, 'base64')
    assert.is(bytes.length, 32)
    canaries.add(seed, bytes)
  }
}
