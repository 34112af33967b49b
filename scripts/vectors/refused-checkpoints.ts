import type { Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { idOf, type LinkHash, type VaultId } from '../../shared/ids.js'
import { encodeEntry } from '../../shared/log/entry.js'
import { SUITE, VERSION, signedLink, type Action, type Cut } from '../../shared/log/link.js'
import { headOf } from '../../shared/log/membership.js'
import { signedSnapshot, type Snapshot } from '../../shared/log/snapshot.js'
import { signedCodec, type Signed } from '../../shared/log/signed.js'
import { planRemoval } from '../../daemon/core/vault/removing.js'
import type { MadeSnapshot } from '../../daemon/core/vault/snapshot.js'
import type { TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { hex, type Json } from './people.js'
import type { SnapshotStory } from './snapshot-story.js'

// Links about checkpoints that don't count: each with the number of entries of the log after which it comes, and its rule.

type First = {
  readonly made: MadeSnapshot
  /** The log just before its link, and how long it is with that. */
  readonly before: readonly Bytes[]
  readonly pos: number
}
type Case = readonly [name: string, entry: Bytes, reason: string]

export function refusedCheckpoints(story: SnapshotStory, first: First): Json {
  const before = beforeIt(story, first).map(caseJson(first.before.length))
  const after = afterIt(story, first).map(caseJson(first.pos))
  return [...before, ...after]
}

const caseJson =
  (after: number) =>
  ([name, entry, reason]: Case): Json => ({ name, after, entry: hex(entry), reason })

const checkpoint = (snapshot: Signed): Action => ({ kind: 'checkpoint', body: { snapshot } })

function beforeIt(story: SnapshotStory, { made, before }: First): Case[] {
  const at = (name: string) => story.at(name, before)
  const [ann, bob, eve] = [at('ann/laptop'), at('bob/desk'), at('eve/desk')]
  const { memberHead, heads } = snapshotOf(made)
  const zero = new Uint8Array(32)
  const byBob = (change: Partial<Snapshot>, maker = ann): Bytes =>
    linkOn(bob, checkpoint(bent(maker, made, change)))
  const other = { n: memberHead.n, hash: idOf<LinkHash>(zero) }
  return [
    [
      'a snapshot that its own maker names',
      linkOn(ann, checkpoint(bent(ann, made, {}))),
      'own-witness',
    ],
    ['one of another vault', byBob({ vaultId: idOf<VaultId>(zero) }), 'foreign-vault'],
    ['one of another version', byBob({ version: 2 }), 'bad-checkpoint'],
    ['one on another chain', byBob({ memberHead: other }), 'bad-checkpoint'],
    ['one under an older key', byBob({ epoch: 1 }), 'wrong-epoch'],
    ['one of nothing', byBob({ pos: 0 }), 'bad-checkpoint'],
    ['heads out of order', byBob({ heads: heads.toReversed() }), 'bad-checkpoint'],
    ['one that somebody else signed', byBob({}, bob), 'bad-signature'],
    ['one that a viewer made', byBob({ device: eve.identity.device }, eve), 'not-authorised'],
    ['one that a viewer names', linkOn(eve, checkpoint(bent(ann, made, {}))), 'not-authorised'],
  ]
}

const snapshotOf = ({ signed }: MadeSnapshot): Snapshot =>
  signedSnapshot.read(decode(signedCodec, signed, 'a snapshot', 1 << 20))

function afterIt(story: SnapshotStory, { made, before, pos }: First): Case[] {
  const log = story.team.log.slice(0, pos)
  const at = (name: string) => story.at(name, log)
  const [ann, bob] = [at('ann/laptop'), at('bob/desk')]
  const { heads } = snapshotOf(made)
  const m = ann.replica.chain.known()
  const n = m.hashes.length - 1
  const memberHead = { n, hash: m.hashes[n] ?? idOf<LinkHash>(new Uint8Array(32)) }
  const next = (change: Partial<Snapshot>): Bytes =>
    linkOn(bob, checkpoint(bent(ann, made, { memberHead, pos: before.length, ...change })))
  const cat = story.team.of('cat/desk').identity.device
  const raised = { device: cat, seq: 9, hash: heads[0]?.hash } as Cut
  return [
    ['a second one that reaches no further', next({ pos: snapshotOf(made).pos }), 'bad-checkpoint'],
    [
      'a second one that leaves a device out',
      next({ heads: heads.filter(({ device }) => device !== heads[0]?.device) }),
      'bad-checkpoint',
    ],
    ['a cut below a checkpoint', cutBelow(story, log), 'below-checkpoint'],
    [
      'a cut raised that a checkpoint made final',
      linkOn(ann, { kind: 'raise-cut', body: { cuts: [raised] } }),
      'below-checkpoint',
    ],
  ]
}

/** The removal of Bob as if nothing of his was known. */
function cutBelow(story: SnapshotStory, log: readonly Bytes[]): Bytes {
  const ann = story.at('ann/laptop', log)
  const gone = new Set(['bob/desk', 'bob/phone'].map((name) => story.team.of(name).identity.device))
  const { chain, graph } = ann.replica
  const planned = planRemoval({ chain, graph, random: ann.env.random }, gone)
  const action = planned?.action
  if (action?.kind !== 'remove') throw new TypeError('no removal')
  return linkOn(ann, { kind: 'remove', body: { ...action.body, cuts: [] } }, planned?.wraps)
}

/** A link on the chain as a device has it, whatever its rules say of it. */
function linkOn({ replica, identity }: TestDevice, action: Action, wraps?: Bytes): Bytes {
  const m = replica.chain.known()
  const { n, hash } = headOf(m)
  const link = {
    version: VERSION,
    suite: SUITE,
    n: n + 1,
    author: identity.device,
    time: 1_000_000,
    action,
    vaultId: m.vaultId,
    prev: hash,
  }
  const signed = signedLink.make(link, identity.sign.privateKey)
  const body = wraps === undefined ? { signed } : { signed, wraps }
  return encodeEntry({ kind: 'link', body })
}

/** The snapshot, changed, and signed by whomever. */
function bent(by: TestDevice, { signed }: MadeSnapshot, change: Partial<Snapshot>): Signed {
  const snapshot = signedSnapshot.read(decode(signedCodec, signed, 'a snapshot', 1 << 20))
  return signedSnapshot.make({ ...snapshot, ...change }, by.identity.sign.privateKey)
}
