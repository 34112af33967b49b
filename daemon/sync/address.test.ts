import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { idOf, type RelayKey } from '../../shared/ids.js'
import { addressKey, parseRelayUrl } from './address.js'

const GOOD = [
  'wss://relay.example',
  'wss://relay.example:8443/',
  'ws://127.0.0.1:9',
  'ws://[::1]:9',
]
const BAD = [
  'ws://relay.example',
  'ws://10.0.0.1:80',
  'ws://127.0.0.1.example',
  'http://127.0.0.1',
  'wss://user@relay.example',
  'wss://:secret@relay.example',
  'wss://relay.example/path',
  'wss://relay.example/?query',
  'wss://relay.example/#hash',
  'relay.example',
  '',
]

test('wss:// anywhere, ws:// on loopback alone, and nothing but host and port', () => {
  for (const url of GOOD) assert.ok(parseRelayUrl(url))
  for (const url of BAD) {
    assert.throws(
      () => parseRelayUrl(url),
      (error: unknown) => error instanceof CofferError && error.reason === 'relay-url',
      url,
    )
  }
})

test('what differs in url, key, certificates or token is another address', () => {
  const key = idOf<RelayKey>(new Uint8Array(32))
  const base = { url: 'wss://a', key }
  const others = [
    { ...base, url: 'wss://b' },
    { ...base, ca: 'pem' },
    { ...base, registrationToken: 'pem' },
  ]
  const keys = [base, ...others].map(addressKey)
  assert.is(new Set(keys).size, keys.length)
  assert.is(addressKey({ ...base }), addressKey(base))
})

test.run()
