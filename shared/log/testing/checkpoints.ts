import { utf8 } from '../../bytes.js'
import { hash } from '../../crypto/hash.js'
import { idOf, type EntryId, type LogHash } from '../../ids.js'
import { VERSION, type Action } from '../link.js'
import { epochAt, headOf, type Membership } from '../membership.js'
import { signedSnapshot, type Snapshot } from '../snapshot.js'
import { actor } from './actors.js'
import { changesetOf } from './removals.js'

// For tests only: checkpoint links drawn as text.

/** `head:D:SEQ` among the words: the snapshot covers that device's changesets up to this one. */
function headsIn(words: readonly string[]): Snapshot['heads'] {
  const heads = words.flatMap((word) => {
    const [verb, device = '', seq = ''] = word.split(':')
    if (verb !== 'head') return []
    const place = { seq: Number(seq), hash: changesetOf(device, Number(seq)) }
    return [{ device: actor(device).id, ...place, memberN: 0 }]
  })
  return heads.toSorted((a, b) => (a.device < b.device ? -1 : 1))
}

/** A snapshot of the chain `m`, of a log that nobody has. */
export function snapshotOf(m: Membership, maker: string, words: readonly string[]): Snapshot {
  const pos = Number(words.find((word) => word.startsWith('pos:'))?.slice(4) ?? 100)
  return {
    version: VERSION,
    vaultId: m.vaultId,
    device: actor(maker).id,
    memberHead: headOf(m),
    epoch: epochAt(m),
    pos,
    entryId: idOf<EntryId>(hash('test-entry', utf8(`${pos}`))),
    logHash: idOf<LogHash>(hash('test-log', utf8(`${pos}`))),
    nonce: new Uint8Array(16),
    count: 0,
    leaves: 1,
    root: new Uint8Array(32),
    heads: headsIn(words),
  }
}

/** The action of a checkpoint link, signed by whoever made its snapshot. */
export function checkpointOn(
  m: Membership,
  maker: string,
  words: readonly string[],
  change: (snapshot: Snapshot) => Snapshot = (one) => one,
): Action {
  const { privateKey } = actor(maker).pair
  const snapshot = signedSnapshot.make(change(snapshotOf(m, maker, words)), privateKey)
  return { kind: 'checkpoint', body: { snapshot } }
}
