import { CofferError } from '../../shared/errors.js'
import type { RelayAddress } from './api.js'

const LOOPBACK = new Set(['localhost', '[::1]'])

function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname) || /^127(\.\d{1,3}){3}$/.test(hostname)
}

function bad(why: string): CofferError {
  return new CofferError('usage', `the relay's address is refused: ${why}`, {
    reason: 'relay-url',
    next: 'give wss://HOST[:PORT] as the relay printed it',
  })
}

/**
 * A relay's URL, checked: `wss://host[:port]`, or `ws://` on loopback, and nothing else in it.
 * @throws CofferError `usage` (reason `relay-url`)
 */
export function parseRelayUrl(text: string): URL {
  if (!URL.canParse(text)) throw bad('it is no URL')
  const url = new URL(text)
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') throw bad('it is not wss://')
  if (url.protocol === 'ws:' && !isLoopback(url.hostname)) {
    throw bad('ws:// is for loopback only')
  }
  const rest = `${url.username}${url.password}${url.search}${url.hash}`
  if (rest !== '' || url.pathname !== '/') throw bad('it holds more than host and port')
  return url
}

/** Two addresses with the same key here share a connection. */
export function addressKey({ url, key, ca, registrationToken }: RelayAddress): string {
  return JSON.stringify([url, key, ca, registrationToken])
}
