import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Bytes } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { Secret } from '../../shared/redacted.js'
import { checkParameters, type PassphraseParameters } from './format.js'

/** What the daemon asks of the worker. `memory` in KiB. */
export type PassphraseJob = {
  readonly passphrase: Bytes
  readonly salt: Bytes
  readonly time: number
  readonly memory: number
}
/** Undefined: Argon2id failed, for want of memory. */
export type PassphraseAnswer = { readonly key: Bytes | undefined }

/** Turns a passphrase into a wrapping key; injected, so that tests of the rest don't wait for Argon2id. */
export type Stretch = (passphrase: Secret, parameters: PassphraseParameters) => Promise<Secret>

/**
 * Argon2id (libsodium's `crypto_pwhash`, 32 bytes) in a thread of its own.
 * @throws CofferError `tampering` or `limit` for parameters out of bounds, `storage` (reason `memory`) without memory.
 */
export const argon2id: Stretch = async (passphrase, parameters) => {
  checkParameters(parameters)
  const { salt, time, memory } = parameters
  const job: PassphraseJob = { passphrase: passphrase.reveal().slice(), salt, time, memory }
  const answer = await runWorker(job)
  job.passphrase.fill(0)
  if (answer.key !== undefined) return new Secret(answer.key)
  throw new CofferError('storage', `there are no ${memory / 1024} MiB of memory to unlock with`, {
    reason: 'memory',
    next: 'free some memory and try again',
  })
}

async function runWorker(job: PassphraseJob): Promise<PassphraseAnswer> {
  const worker = new Worker(join(import.meta.dirname, 'passphrase-worker.js'), { env: {} })
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', (answer: PassphraseAnswer) => {
        resolve(answer)
      })
      worker.once('error', () => {
        resolve({ key: undefined })
      })
      worker.once('exit', (code) => {
        reject(new Error(`the passphrase worker ended with ${code}`))
      })
      worker.postMessage(job)
    })
  } finally {
    await worker.terminate()
  }
}
