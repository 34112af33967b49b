// Many devices of one vault, and changesets that the relay takes as it takes a daemon's.
import { randomBytes } from 'node:crypto'
import { Connection, type ConnectionEvents } from '../../daemon/sync/connection.js'
import { type Timers } from '../../daemon/sync/timers.js'
import { type Bytes } from '../../shared/bytes.js'
import { idOf, type ChangesetHash, type RelayKey, type VaultId } from '../../shared/ids.js'
import { signedHeader, type Header } from '../../shared/log/changeset.js'
import { encodeEntry, partHash } from '../../shared/log/entry.js'
import { SUITE, VERSION } from '../../shared/log/link.js'
import { type MemberHead } from '../../shared/log/membership.js'
import { actor, emptyWraps, type Actor } from '../../shared/log/testing/actors.js'
import { History } from '../../shared/log/testing/history.js'
import { type Relay } from '../e2e/harness/relay.js'

const timers: Timers = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, f) => {
    const timer = setTimeout(f, ms)
    return () => clearTimeout(timer)
  },
}

const random = (length: number): Bytes => new Uint8Array(randomBytes(length))

/** Nonce, tag and the smallest padding: the parts of a small secret. */
const PART = 24 + 16 + 256

/** A device's keys, from its name. */
export function device(index: number): Actor {
  return actor(`crowd/${index}`)
}

/** One authenticated connection of a device. */
export function dial(
  relay: Relay,
  who: Actor,
  events: Partial<ConnectionEvents> = {},
): Promise<Connection> {
  const { id, keys, pair } = who
  const identity = { deviceId: id, keys, signPrivate: pair.privateKey }
  const address = { url: relay.url, key: idOf<RelayKey>(Buffer.from(relay.key, 'hex')) }
  return new Promise((resolve, reject) => {
    const connection: Connection = new Connection(
      address,
      { identity, random, timers },
      {
        onPush: () => undefined,
        onDraining: () => undefined,
        ...events,
        onReady: () => resolve(connection),
        onEnd: reject,
      },
    )
  })
}

/** A project, told from others by its name, whose owner is device 0 and whose writers are the devices up to `size`. */
export class Crowd {
  readonly vaultId: VaultId
  /** Link entries from the genesis on, as a relay wants them. */
  readonly links: readonly Bytes[]
  readonly #head: MemberHead
  readonly #writers = new Map<number, { seq: number; hash: ChangesetHash }>()

  constructor(size: number, relay: Relay, name: string) {
    const adds = Array.from({ length: size - 1 }, (_, i) => i + 1)
    const names = ['G', 'R', ...adds.map((i) => `A${i}`)]
    const script = [
      `G = genesis crowd/0 ${name}`,
      'R = relay crowd/0 r',
      ...adds.map((i) => `A${i} = add crowd/0 crowd/${i} writer`),
      names.join(' -> '),
    ]
    const key = idOf<RelayKey>(Buffer.from(relay.key, 'hex'))
    const history = new History(script.join('\n'), {
      R: { link: (link) => ({ ...link, action: { kind: 'relay', body: { relay: key } } }) },
    })
    this.vaultId = history.vaultId
    this.links = names.map((link, i) => {
      const signed = history.signed(link)
      if (link === 'R') return encodeEntry({ kind: 'link', body: { signed } })
      const { bytes } = emptyWraps(device(i === 0 ? 0 : i - 1).id)
      return encodeEntry({ kind: 'link', body: { signed, wraps: bytes } })
    })
    this.#head = { n: names.length - 1, hash: history.hash(names.at(-1) ?? '') }
  }

  /** The next entry of a device: a changeset of one small secret. */
  entry(by: number): Bytes {
    const before = this.#writers.get(by)
    const who = device(by)
    const [meta, value] = [random(PART), random(PART)]
    const header: Header = {
      version: VERSION,
      suite: SUITE,
      vaultId: this.vaultId,
      device: who.id,
      seq: (before?.seq ?? 0) + 1,
      memberHead: this.#head,
      epoch: 1,
      deps: [],
      items: [
        {
          meta: partHash(meta),
          metaCommitment: random(32),
          value: partHash(value),
          valueCommitment: random(32),
        },
      ],
      ...(before === undefined ? {} : { prev: before.hash }),
    }
    const signed = signedHeader.make(header, who.pair.privateKey)
    this.#writers.set(by, { seq: header.seq, hash: signedHeader.id(signed) })
    return encodeEntry({ kind: 'changeset', body: { signed, items: [{ meta, value }] } })
  }
}
