import type { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CofferError } from '../shared/errors.js'
import type { Registration } from '../shared/protocol/relay.js'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

function refuse(): never {
  throw new CofferError('relay-refused', 'this relay makes no vault for you', {
    reason: 'registration',
  })
}

/** Lines of a registration file: a token each; empty ones and those that start with # are none. */
export function parseTokens(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

async function readTokens(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CofferError('storage', "the registration file can't be read", {
      reason: 'unavailable',
      cause: error,
    })
  }
}

/**
 * Who may make a vault. The file is read at each attempt, so that tokens come and go without a restart.
 * @returns resolves when allowed; @throws CofferError `relay-refused` (reason `registration`)
 */
export function registrationCheck(
  mode: Registration,
  file: string | undefined,
): (token: string | undefined) => Promise<void> {
  return async (token) => {
    if (mode === 'open') return
    if (mode === 'closed' || token === undefined || file === undefined) refuse()
    const wanted = digest(token)
    const tokens = parseTokens(await readTokens(file))
    // Digests are compared, all of them: time says nothing of how near a guess came.
    const matches = tokens.filter((one) => timingSafeEqual(digest(one), wanted))
    if (matches.length === 0) refuse()
  }
}
