import { concat, u32be, utf8, type Bytes } from '../../shared/bytes.js'
import { encode } from '../../shared/codec.js'
import { cryptoReady, hash } from '../../shared/crypto/hash.js'
import { sign, signKeyPair, type SignKeyPair } from '../../shared/crypto/sign.js'
import {
  idOf,
  type ChangesetHash,
  type DeviceId,
  type InviteKey,
  type LinkHash,
  type RelayKey,
  type UserId,
  type VaultId,
} from '../../shared/ids.js'
import { signedHeader, type Header, type ItemHeader } from '../../shared/log/changeset.js'
import { deviceIdOf, makeStatement, type DeviceKeys } from '../../shared/log/device.js'
import { encodeEntry, partHash, type Item } from '../../shared/log/entry.js'
import { signedHead } from '../../shared/log/head.js'
import {
  encodeWraps,
  joinRequestBodyCodec,
  joinRequestCodec,
  signedLink,
  SUITE,
  VERSION,
  type Action,
} from '../../shared/log/link.js'
import type { Role } from '../../shared/log/roles.js'
import { signedCodec, type Signed } from '../../shared/log/signed.js'

// Devices and vaults for tests: real keys and signatures, ciphertexts that nobody could open.

await cryptoReady

export type TestDevice = {
  readonly id: DeviceId
  readonly keys: DeviceKeys
  readonly pair: SignKeyPair
  readonly userId: UserId
}

/** A device that is the same for the same label. */
export function deviceOf(label: string, user = label): TestDevice {
  const pair = signKeyPair(hash('test-device', utf8(label)))
  const keys = { sign: pair.publicKey, box: hash('test-box', utf8(label)) }
  const userId = idOf<UserId>(hash('test-user', utf8(user)).subarray(0, 16))
  return { id: deviceIdOf(keys), keys, pair, userId }
}

const NOBODY_OPENS = new Uint8Array(148)
const LABEL = new Uint8Array(40)

function wrapsFor(device: DeviceId): { bytes: Bytes; hash: Bytes } {
  return encodeWraps([{ device, box: NOBODY_OPENS }])
}

/** An author's place in a test vault. */
type Tail = { seq: number; hash?: ChangesetHash }

/** A vault that is written by hand, entry by entry. */
export class TestVault {
  readonly genesis: Bytes
  readonly vaultId: VaultId
  readonly links: Bytes[] = []
  readonly #hashes: LinkHash[] = []
  readonly #tails = new Map<DeviceId, Tail>()

  constructor(owner: TestDevice, label: string, relay: RelayKey | undefined) {
    const wraps = wrapsFor(owner.id)
    const seed = hash('test-vault-seed', utf8(label))
    const epoch = { commitment: seed, box: seed, wraps: wraps.hash }
    const statement = makeStatement(owner.keys, owner.userId, owner.pair.privateKey)
    const nonce = seed.subarray(0, 16)
    const body = { kind: 'org' as const, nonce, statement, epoch, label: LABEL }
    const signed = signedLink.make(
      {
        version: VERSION,
        suite: SUITE,
        n: 0,
        author: owner.id,
        time: 0,
        action: { kind: 'genesis', body: relay === undefined ? body : { ...body, relay } },
      },
      owner.pair.privateKey,
    )
    this.genesis = this.#push(signed, wraps.bytes)
    this.vaultId = idOf<VaultId>(hash('link', signed.body))
  }

  get head(): { n: number; hash: LinkHash } {
    const hash = this.#hashes.at(-1)
    if (hash === undefined) throw new Error('no genesis')
    return { n: this.#hashes.length - 1, hash }
  }

  #push(signed: Signed, wraps?: Bytes): Bytes {
    const entry = encodeEntry({
      kind: 'link',
      body: wraps === undefined ? { signed } : { signed, wraps },
    })
    this.#hashes.push(signedLink.id(signed))
    this.links.push(entry)
    return entry
  }

  /** A signed link on the present head that isn't pushed: what a racer would send. */
  signLink(author: TestDevice, action: Action, at = this.head): Signed {
    return signedLink.make(
      {
        version: VERSION,
        suite: SUITE,
        n: at.n + 1,
        author: author.id,
        time: 0,
        action,
        vaultId: this.vaultId,
        prev: at.hash,
      },
      author.pair.privateKey,
    )
  }

  /** Adds a link to this vault; its entry. */
  link(author: TestDevice, action: Action, wraps?: Bytes): Bytes {
    return this.#push(this.signLink(author, action), wraps)
  }

  invite(author: TestDevice, label: string, role: Role, expires = 4e12): Bytes {
    const { publicKey } = inviteKey(label)
    const body = { inviteKey: idOf<InviteKey>(publicKey), role, expires, label: LABEL }
    return this.link(author, { kind: 'invite', body })
  }

  withdraw(author: TestDevice, label: string): Bytes {
    const body = { inviteKey: idOf<InviteKey>(inviteKey(label).publicKey) }
    return this.link(author, { kind: 'withdraw-invite', body })
  }

  /** A joiner's request under the invite of this label, whose link must be the newest or `at`. */
  joinRequest(joiner: TestDevice, label: string, at = this.head.hash): Bytes {
    return encode(joinRequestCodec, this.#request(joiner, label, at))
  }

  #request(joiner: TestDevice, label: string, inviteLink: LinkHash) {
    const { publicKey, privateKey } = inviteKey(label)
    const body = encode(joinRequestBodyCodec, {
      vaultId: this.vaultId,
      inviteKey: idOf<InviteKey>(publicKey),
      inviteLink,
      statement: makeStatement(joiner.keys, joiner.userId, joiner.pair.privateKey),
    })
    return {
      body,
      inviteSignature: sign('join-invite', body, privateKey),
      deviceSignature: sign('join-device', body, joiner.pair.privateKey),
    }
  }

  admit(author: TestDevice, joiner: TestDevice, label: string, at = this.head.hash): Bytes {
    const request = this.#request(joiner, label, at)
    const wraps = wrapsFor(joiner.id)
    const body = { request, wraps: wraps.hash, label: LABEL }
    return this.link(author, { kind: 'admit', body }, wraps.bytes)
  }

  /** Invites and admits a device at once. */
  add(author: TestDevice, joiner: TestDevice, role: Role): Bytes[] {
    const label = `${joiner.id}-${this.links.length}`
    const invite = this.invite(author, label, role)
    const viewer = role === 'viewer' || role === 'sealer' || role === 'runner'
    if (viewer) {
      const wraps = encodeWraps([])
      const request = this.#request(joiner, label, this.head.hash)
      const body = { request, wraps: wraps.hash, label: LABEL }
      return [invite, this.link(author, { kind: 'admit', body }, wraps.bytes)]
    }
    return [invite, this.admit(author, joiner, label)]
  }

  /** The next changeset of a device, whole in one entry. */
  changeset(author: TestDevice, text: string, over: Partial<Header> = {}): Bytes {
    return this.split(author, [text], 1, over)[0] ?? new Uint8Array(0)
  }

  /** The next changeset of a device: its first entry with `first` items, then one entry for each other item. */
  split(author: TestDevice, texts: string[], first: number, over: Partial<Header> = {}): Bytes[] {
    const tail = this.#tails.get(author.id) ?? { seq: 0 }
    const items = texts.map(itemOf)
    const header: Header = {
      version: VERSION,
      suite: SUITE,
      vaultId: this.vaultId,
      device: author.id,
      seq: tail.seq + 1,
      memberHead: this.head,
      epoch: 1,
      deps: [],
      items: items.map(headerOf),
      ...(tail.hash === undefined ? {} : { prev: tail.hash }),
      ...over,
    }
    const signed = signedHeader.make(header, author.pair.privateKey)
    const changeset = signedHeader.id(signed)
    this.#tails.set(author.id, { seq: header.seq, hash: changeset })
    const rest = items
      .slice(first)
      .map((item, i) =>
        encodeEntry({ kind: 'items', body: { changeset, first: first + i, items: [item] } }),
      )
    const body = { signed, items: items.slice(0, first) }
    return [encodeEntry({ kind: 'changeset', body }), ...rest]
  }

  /** The device's signed head at a position. */
  signedHead(device: TestDevice, pos: number): Bytes {
    const head = {
      vaultId: this.vaultId,
      device: device.id,
      memberHead: this.head,
      generation: 1,
      pos,
      logHash: idOf<never>(hash('test-log', u32be(pos))),
      time: 0,
    }
    return encode(signedCodec, signedHead.make(head, device.pair.privateKey))
  }
}

function inviteKey(label: string): SignKeyPair {
  return signKeyPair(hash('test-invite', utf8(label)))
}

function itemOf(text: string): Item {
  const nonce = hash('test-nonce', utf8(text)).subarray(0, 24)
  return { meta: concat(nonce, new Uint8Array(272)), value: concat(nonce, utf8(text.padEnd(272))) }
}

function headerOf(item: Item): ItemHeader {
  const commitment = new Uint8Array(32)
  return {
    meta: partHash(item.meta),
    metaCommitment: commitment,
    value: partHash(item.value ?? new Uint8Array(0)),
    valueCommitment: commitment,
  }
}
