import { Buffer } from 'node:buffer'
import { generateKeyPairSync, sign } from 'node:crypto'
import { concat, fromHex, utf8, type Bytes } from '../../shared/bytes.js'

// A self-signed certificate for localhost and 127.0.0.1, made with nothing but node:crypto.

function der(tag: number, ...parts: readonly Bytes[]): Bytes {
  const body = concat(...parts)
  const { length } = body
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return concat(Uint8Array.of(tag, ...size), body)
}

const hex = (text: string): Bytes => fromHex(text) ?? new Uint8Array(0)
const sequence = (...parts: readonly Bytes[]): Bytes => der(0x30, ...parts)
const oid = (text: string): Bytes => der(0x06, hex(text))
const time = (text: string): Bytes => der(0x17, utf8(text))

const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))
const NAME = sequence(der(0x31, sequence(oid('550403'), der(0x0c, utf8('localhost')))))
const EXTENSIONS = der(
  0xa3,
  sequence(
    // basicConstraints: a CA, so that a client may trust it by itself.
    sequence(oid('551d13'), der(0x04, sequence(der(0x01, Uint8Array.of(0xff))))),
    // subjectAltName: DNS localhost, IP 127.0.0.1.
    sequence(
      oid('551d11'),
      der(0x04, sequence(der(0x82, utf8('localhost')), der(0x87, Uint8Array.of(127, 0, 0, 1)))),
    ),
  ),
)

function pem(label: string, body: Bytes): string {
  const text = Buffer.from(body)
    .toString('base64')
    .replace(/(.{64})(?=.)/g, '$1\n')
  return `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`
}

/** PEM texts of a new certificate and its key. */
export function makeCertificate(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = sequence(
    der(0xa0, der(0x02, Uint8Array.of(2))),
    der(0x02, Uint8Array.of(1)),
    ECDSA_SHA256,
    NAME,
    sequence(time('200101000000Z'), time('491231235959Z')),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    EXTENSIONS,
  )
  const signature = sign('sha256', body, privateKey)
  const whole = sequence(body, ECDSA_SHA256, der(0x03, Uint8Array.of(0), signature))
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { cert: pem('CERTIFICATE', whole), key }
}
