import type { Bytes } from '../../shared/bytes.js'
import { sign } from '../../shared/crypto/sign.js'
import { idOf, type LinkHash, type VaultId } from '../../shared/ids.js'
import { encodeEntry } from '../../shared/log/entry.js'
import { encodeWraps, signedLink, SUITE, VERSION } from '../../shared/log/link.js'
import type { Action, JoinRequest, Link } from '../../shared/log/link.js'
import type { Signed } from '../../shared/log/signed.js'
import { genesisContext, vaultContext, wrapFor } from '../../daemon/core/crypto/epoch.js'
import {
  ANN,
  BOB,
  BOB_PHONE,
  EPOCH_KEY,
  FIRST,
  PHONE,
  request,
  TV,
  type Chain,
  type NamedLink,
} from './chain.js'
import { hex, invite, person, seed, unhex, type FrozenWraps, type Person } from './people.js'
import { flip, type Refused } from './refused.js'

// Links that must be refused, and tables of wraps that must not open.

const EVE = person('eve/x')

export type How = {
  readonly over?: Partial<Link>
  readonly signer?: Person
  readonly signed?: (signed: Signed) => Signed
  readonly wraps?: Bytes
}

/** Makes links that a chain must refuse. */
export class Forger {
  readonly all: Refused[] = []
  readonly #chain: Chain
  readonly #prefix: string

  constructor(chain: Chain, prefix = 'link') {
    this.#chain = chain
    this.#prefix = prefix
  }

  get(name: string): NamedLink {
    const found = this.#chain.links.find((link) => link.name === name)
    if (found === undefined) throw new TypeError(`no ${name}`)
    return found
  }

  /** A link on the chain up to `after` that does `action`, forged as `how` says. */
  add(
    name: string,
    refused: string,
    after: string,
    by: Person,
    action: Action,
    how: How = {},
  ): void {
    const before = this.get(after)
    const link: Link = {
      version: VERSION,
      suite: SUITE,
      n: before.link.n + 1,
      author: by.id,
      time: before.link.time + 1000,
      action,
      vaultId: this.#chain.vaultId,
      prev: before.hash,
      ...how.over,
    }
    const made = signedLink.make(link, (how.signer ?? by).sign.privateKey)
    const signed = how.signed?.(made) ?? made
    const body = how.wraps === undefined ? { signed } : { signed, wraps: how.wraps }
    const bytes = hex(encodeEntry({ kind: 'link', body }))
    this.all.push({
      name: `${this.#prefix}: ${name}`,
      input: { as: 'link', after, bytes },
      refused,
    })
  }
}

const OTHER = idOf<VaultId>(seed('another vault'))
const LABEL = seed('label')

export function refusedLinks(chain: Chain): Refused[] {
  const forger = new Forger(chain)
  forms(forger)
  rights(forger)
  joining(forger, chain)
  tables(forger)
  return forger.all
}

function forms(forger: Forger): void {
  const { action } = forger.get('relay').link
  const relay = (name: string, refused: string, how: How): void =>
    forger.add(name, refused, 'genesis', ANN, action, how)
  relay('of another vault', 'tampering/foreign-vault', { over: { vaultId: OTHER } })
  relay('on another prev', 'tampering/bad-chain', { over: { prev: idOf<LinkHash>(seed('prev')) } })
  relay('past a gap', 'tampering/bad-chain', { over: { n: 2 } })
  relay('of another suite', 'format/suite', { over: { suite: 2 } })
  relay('of another version', 'format/suite', { over: { version: 2 } })
  relay('by nobody of the vault', 'tampering/unknown-author', {
    over: { author: EVE.id },
    signer: EVE,
  })
  relay('signed by another', 'tampering/bad-signature', { signer: EVE })
  relay('with a flipped bit in its signature', 'tampering/bad-signature', {
    signed: ({ body, signature }) => ({ body, signature: flip(signature, 3) }),
  })
  relay('whose signature was made for a changeset', 'tampering/bad-signature', {
    signed: ({ body }) => ({ body, signature: sign('changeset', body, ANN.sign.privateKey) }),
  })
  forger.add(
    'a second genesis',
    'tampering/bad-chain',
    'genesis',
    ANN,
    forger.get('genesis').link.action,
  )
}

function rights(forger: Forger): void {
  const { action } = forger.get('relay').link
  const brought = BOB_PHONE.statement
  const add = (role: 'owner' | 'reader' | 'sealer', statement = brought): Action => {
    return { kind: 'add-device', body: { statement, role, wraps: seed('wraps'), label: LABEL } }
  }
  forger.add('a relay named by a writer', 'tampering/not-authorised', 'admit', BOB, action)
  forger.add('a device above its author', 'tampering/not-authorised', 'admit', BOB, add('owner'))
  forger.add("another user's device", 'tampering/not-authorised', 'admit', ANN, add('reader'))
  const tv = person('ann/tv2').statement
  forger.add(
    'a sealer brought by a viewer',
    'tampering/not-authorised',
    'add-viewer',
    TV,
    add('sealer', tv),
  )
  const stolen = { ...brought, keys: { ...brought.keys, box: EVE.keys.box } }
  forger.add(
    'a box key that the device did not state',
    'tampering/bad-proof',
    'admit',
    BOB,
    add('reader', stolen),
  )
  forger.add(
    'a device that is in',
    'tampering/device-known',
    'add',
    ANN,
    forger.get('add').link.action,
  )
}

function joining(forger: Forger, chain: Chain): void {
  const invited = forger.get('invite')
  const { action } = forger.get('admit').link
  const admit = (name: string, refused: string, request: JoinRequest, after = 'invite'): void => {
    if (action.kind !== 'admit') throw new TypeError('no admit')
    forger.add(name, refused, after, ANN, { kind: 'admit', body: { ...action.body, request } })
  }
  const good = request(chain.vaultId, invited.hash, FIRST, BOB)
  const wrongCode = { ...FIRST, pair: invite('other').pair }
  const eve = request(chain.vaultId, invited.hash, FIRST, EVE)
  admit('an invite used again', 'tampering/invite-used', good, 'admit')
  admit(
    'an invite that never was',
    'tampering/invite-unknown',
    request(chain.vaultId, invited.hash, invite('other'), BOB),
  )
  admit(
    'a joiner without the code',
    'tampering/bad-proof',
    request(chain.vaultId, invited.hash, wrongCode, BOB),
  )
  admit(
    'a request for another vault',
    'tampering/bad-proof',
    request(OTHER, invited.hash, FIRST, BOB),
  )
  admit(
    'a request for another invite',
    'tampering/bad-proof',
    request(chain.vaultId, forger.get('relay').hash, FIRST, BOB),
  )
  admit("a request with another's signature", 'tampering/bad-proof', {
    ...good,
    deviceSignature: eve.deviceSignature,
  })
  admit(
    "a joiner that takes a member's user id",
    'tampering/user-known',
    request(chain.vaultId, invited.hash, FIRST, PHONE),
  )
}

function tables(forger: Forger): void {
  const { link, wraps = LABEL } = forger.get('add')
  const add = (name: string, action: Action, how: How): void =>
    forger.add(name, 'tampering/bad-wraps', 'admit', ANN, action, how)
  add('without its table of wraps', link.action, {})
  add('with another table of wraps', link.action, { wraps: flip(wraps, 60) })
  const other = encodeWraps([{ device: BOB.id, box: new Uint8Array(148) }])
  const { action } = link
  if (action.kind !== 'add-device') throw new TypeError('no add')
  const body = { ...action.body, wraps: other.hash }
  add('with wraps for another device', { ...action, body }, { wraps: other.bytes })
  const none = encodeWraps([])
  add(
    'without a wrap for its reader',
    { ...action, body: { ...action.body, wraps: none.hash } },
    { wraps: none.bytes },
  )
}

/** Tables that a link could have named, in which the device's wrap isn't what it must be. */
export function refusedWraps(chain: Chain, frozen: FrozenWraps): Refused[] {
  const vault = vaultContext(chain.vaultId)
  const table = (
    name: string,
    at: { key?: Bytes; vault?: Bytes; epoch?: number; to?: Person },
  ): Refused => {
    const { key = EPOCH_KEY, epoch = 1, to = PHONE } = at
    const bytes = frozen.keep(
      `refused: ${name}`,
      () => encodeWraps(wrapFor(key, at.vault ?? vault, epoch, [to.keys])).bytes,
    )
    return {
      name: `wrap: ${name}`,
      input: { as: 'wrap', link: 'add', device: PHONE.name, bytes: hex(bytes) },
      refused: 'tampering/bad-wrap',
    }
  }
  const good = unhex(frozen.tables['add'] ?? '')
  const moved = encodeWraps([
    { device: PHONE.id, box: unhex(frozen.tables['admit'] ?? '').slice(-148) },
  ]).bytes
  const input = (bytes: Bytes): Refused['input'] => ({
    as: 'wrap',
    link: 'add',
    device: PHONE.name,
    bytes: hex(bytes),
  })
  return [
    table('of another epoch', { epoch: 2 }),
    table('of another vault', { vault: seed('another vault') }),
    table('of a genesis', { vault: genesisContext(seed('nonce').slice(0, 16)) }),
    table('of another key', { key: seed('another epoch key') }),
    table('for another device', { to: BOB }),
    {
      name: 'wrap: corrupted',
      input: input(flip(good, good.length - 1)),
      refused: 'tampering/bad-wrap',
    },
    { name: "wrap: another's box", input: input(moved), refused: 'tampering/bad-wrap' },
  ]
}
