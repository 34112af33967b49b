// The one place that loads libsodium's sumo build: Argon2id of one passphrase, then the thread ends and its memory
// goes back. Built as passphrase-worker.js beside whatever starts it.
import { parentPort } from 'node:worker_threads'
import sodium from 'libsodium-wrappers-sumo'
import type { PassphraseAnswer, PassphraseJob } from './argon2.js'

const port = parentPort
if (port === null) throw new Error('passphrase-worker.js is started by the daemon')

async function answer(job: PassphraseJob): Promise<PassphraseAnswer> {
  await sodium.ready
  try {
    const key = sodium.crypto_pwhash(
      32,
      job.passphrase,
      job.salt,
      job.time,
      job.memory * 1024,
      sodium.crypto_pwhash_ALG_ARGON2ID13,
    )
    return { key }
  } catch {
    return { key: undefined }
  } finally {
    job.passphrase.fill(0)
  }
}

port.once('message', (job: PassphraseJob) => {
  void answer(job).then((result) => port.postMessage(result))
})
