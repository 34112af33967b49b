import { Secret } from '../../shared/redacted.js'
import { utf8, type Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { CofferError } from '../../shared/errors.js'
import { parseInviteCode } from '../../shared/log/code.js'
import { checkHeader, signedHeader, type DeviceTail } from '../../shared/log/changeset.js'
import { checkItem, decodeEntry, type Entry } from '../../shared/log/entry.js'
import { signedHead } from '../../shared/log/head.js'
import { decodeWraps, signedLink } from '../../shared/log/link.js'
import type { Membership } from '../../shared/log/membership.js'
import { signedCodec } from '../../shared/log/signed.js'
import { applyLink, openChain } from '../../shared/log/validate.js'
import { checkWraps } from '../../shared/log/wraps.js'
import { epochStart, openPart, unwrap, vaultContext } from '../../daemon/core/crypto/epoch.js'
import { openLocal } from '../../daemon/core/crypto/passphrase.js'
import { unpad } from '../../daemon/core/crypto/seal.js'
import { argon2id } from '../../daemon/keystore/argon2.js'
import { decodeKeystore, parameterBytes } from '../../daemon/keystore/format.js'
import { ANN, EPOCH_KEY, PHONE, type Chain } from './chain.js'
import type { Builder } from './history.js'
import { unhex } from './people.js'
import type { Input } from './refused.js'

// What coffer makes of the frozen vectors that must be refused.

export type World = { readonly chain: Chain; readonly history: Builder }

/** `code/reason` of the refusal, or `taken`. */
export function judge(world: World, input: Input): Promise<string> {
  return verdictOf(() => take(world, input))
}

/** `code/reason` of what `work` throws, or `taken`. */
export async function verdictOf(work: () => void | Promise<void>): Promise<string> {
  try {
    await work()
    return 'taken'
  } catch (error) {
    if (error instanceof CofferError) return `${error.code}/${error.reason ?? ''}`
    throw error
  }
}

/** The membership once link `last` holds. */
export function foldTo({ links }: Chain, last: string): Membership {
  const [genesis, ...rest] = links.slice(0, links.findIndex((link) => link.name === last) + 1)
  if (genesis === undefined) throw new TypeError(`no ${last}`)
  const m = openChain(genesis.signed)
  for (const { signed } of rest) applyLink(m, signed)
  return m
}

export function readEntry(bytes: Bytes): Entry {
  const entry = decodeEntry(bytes)
  if (entry.kind === 'link') signedLink.read(entry.body.signed)
  if (entry.kind === 'changeset') signedHeader.read(entry.body.signed)
  return entry
}

async function take(world: World, input: Input): Promise<void> {
  const { chain } = world
  switch (input.as) {
    case 'entry':
      readEntry(unhex(input.bytes))
      return
    case 'link':
      return takeLink(foldTo(chain, input.after), unhex(input.bytes))
    case 'changeset':
      return takeChangeset(world, input.tail, unhex(input.bytes))
    case 'part':
      return takePart(world, input)
    case 'wrap': {
      const at = {
        epoch: 1,
        start: epochStart(EPOCH_KEY, new Uint8Array(0)),
        vault: vaultContext(chain.vaultId),
      }
      unwrap(decodeWraps(unhex(input.bytes)), PHONE.box, { ...at, device: PHONE.id })
      return
    }
    case 'before':
    case 'start':
      throw new TypeError('a case of a team')
    case 'head': {
      const signed = decode(signedCodec, unhex(input.bytes), 'a head', 1024)
      signedHead.read(signed)
      return signedHead.check(signed, ANN.keys.sign)
    }
    case 'padding':
      if (unpad(unhex(input.bytes)) !== undefined) return
      throw new CofferError('tampering', 'padding', { reason: 'bad-padding' })
    case 'code':
      parseInviteCode(input.text)
      return
    case 'keystore':
      return openKeystore(unhex(input.bytes), input.passphrase)
  }
}

export function takeLink(m: Membership, bytes: Bytes): void {
  const entry = readEntry(bytes)
  if (entry.kind !== 'link') throw new TypeError('no link')
  const link = applyLink(m, entry.body.signed)
  checkWraps(m, link, entry.body.wraps)
}

function takeChangeset({ chain, history }: World, last: string | null, bytes: Bytes): void {
  const entry = readEntry(bytes)
  if (entry.kind !== 'changeset') throw new TypeError('no changeset')
  let tail: DeviceTail | undefined
  if (last !== null) {
    const { header, hash } = history.get(last)
    tail = { seq: header.seq, hash, memberN: header.memberHead.n }
  }
  const header = checkHeader(chain.membership, entry.body.signed, tail)
  entry.body.items.forEach((item, i) => {
    const expected = header.items[i]
    if (expected !== undefined) checkItem(expected, item)
  })
}

function takePart({ history }: World, input: Extract<Input, { as: 'part' }>): void {
  const { header } = history.get(input.changeset)
  const sealed = { box: unhex(input.bytes), commitment: unhex(input.commitment) }
  openPart(EPOCH_KEY, header, input.index, input.part, sealed)
}

async function openKeystore(bytes: Bytes, passphrase: string): Promise<void> {
  const { opener, wrapped } = decodeKeystore(bytes)
  if (opener.kind !== 'passphrase') throw new TypeError('no passphrase')
  const key = await argon2id(new Secret(utf8(passphrase)), opener.body)
  openLocal('keystore', key, parameterBytes(opener), wrapped)
}
