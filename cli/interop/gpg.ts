import { Buffer } from 'node:buffer'
import { builtin } from '../builtin.js'
import { closeSync, openSync } from 'node:fs'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { systemCode, systemWords } from '../../shared/system-error.js'

/** What of gpg's words is kept, for its last line. */
const WORDS = 8192

/**
 * What the caller's own gpg makes of an encrypted file, with their keys and their agent, which may ask them for a
 * passphrase. The file is read from a descriptor: its name is never an option.
 * @param shown how the file is called in messages
 * @throws CofferError `cannot-decrypt` (`gpg`), `limit` (`too-large`) over `cap` bytes, `usage` (`no-gpg`, `unreadable`)
 */
export async function gpgDecrypt(
  file: string,
  { shown, cap, env }: { shown: string; cap: number; env: NodeJS.ProcessEnv },
): Promise<Uint8Array> {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch (error) {
    throw new CofferError('usage', `can't read ${displayText(shown)}: ${systemWords(error)}`, {
      reason: 'unreadable',
      next: 'make it readable; nothing was stored',
      cause: error,
    })
  }
  try {
    return await decrypted(fd, shown, cap, env)
  } finally {
    closeSync(fd)
  }
}

function decrypted(
  fd: number,
  shown: string,
  cap: number,
  env: NodeJS.ProcessEnv,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const gpg = builtin('node:child_process').spawn(
      'gpg',
      ['--batch', '--quiet', '--yes', '--decrypt'],
      {
        env,
        stdio: [fd, 'pipe', 'pipe'],
      },
    )
    const parts: Buffer[] = []
    let [size, words] = [0, '']
    gpg.stdout?.on('data', (part: Buffer) => {
      size += part.length
      if (size <= cap) parts.push(part)
      else gpg.kill()
    })
    gpg.stderr?.on('data', (part: Buffer) => {
      words = (words + part.toString()).slice(-WORDS)
    })
    gpg.on('error', (error) => {
      reject(noGpg(error))
    })
    gpg.on('close', (code) => {
      if (size > cap) reject(tooLarge(shown, cap))
      else if (code === 0) resolve(Buffer.concat(parts))
      else reject(failed(shown, words))
    })
  })
}

function noGpg(error: Error): CofferError {
  const missing = systemCode(error) === 'ENOENT'
  return new CofferError('usage', `gpg can't be started: ${systemWords(error)}`, {
    reason: 'no-gpg',
    next: missing ? 'install GnuPG' : 'look whether gpg --version works',
    cause: error,
  })
}

function tooLarge(shown: string, cap: number): CofferError {
  return new CofferError('limit', `${displayText(shown)} holds more than ${cap} bytes`, {
    reason: 'too-large',
    next: 'nothing was stored',
  })
}

/** gpg's last line says why: `gpg: decryption failed: No secret key`. */
function failed(shown: string, words: string): CofferError {
  const last = words.trimEnd().split('\n').at(-1) ?? ''
  const why = displayText(last.replace(/^gpg: /, '').slice(0, 200))
  return new CofferError('cannot-decrypt', `gpg does not decrypt ${displayText(shown)}: ${why}`, {
    reason: 'gpg',
    next: 'look at it with pass show; nothing was stored',
  })
}
