import type * as OpenPgp from 'openpgp'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'

// The OpenPGP library, loaded when it is first needed: it costs 45 ms, and most daemons never do.

type Library = typeof OpenPgp

let loading: Promise<Library> | undefined

export function library(): Promise<Library> {
  loading ??= import('openpgp')
  return loading
}

/**
 * What GnuPG 2.2 reads, and what a message from outside may cost: no authenticated encryption of RFC 9580, no keys of
 * version 6, no Argon2 (2^16 KiB at most where somebody else chose it).
 */
export const CONFIG: OpenPgp.PartialConfig = {
  aeadProtect: false,
  v6Keys: false,
  maxDecompressedMessageSize: LIMITS.pgpText,
  maxArgon2MemoryExponent: 16,
  showVersion: false,
  showComment: false,
}

/** @throws CofferError `limit` (reason `oversize`) */
export function checkSize(text: string, max: number, what: string): void {
  if (text.length <= max) return
  throw new CofferError('limit', `${what} has more than ${max} bytes`, { reason: 'oversize' })
}

/**
 * Runs a call of the library, whose errors are texts and nothing else: what it means when one fails is the caller's to
 * say, and the text, which may hold anything, isn't passed on.
 */
export async function attempt<T>(work: () => Promise<T>, otherwise: () => CofferError): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw otherwise()
  }
}
