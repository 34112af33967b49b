import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import type { Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { signedCodec } from '../../shared/log/signed.js'
import { signedSnapshot } from '../../shared/log/snapshot.js'
import type { LeafProof } from '../../shared/log/snapshot-tree.js'
import type { TestDevice } from '../../daemon/core/vault/testing/devices.js'
import { serve, type Served } from '../../daemon/core/vault/testing/snapshots.js'
import { slotFor, type MadeSnapshot } from '../../daemon/core/vault/snapshot.js'
import type { Space } from '../../daemon/core/vault/records.js'
import { FOLDER, hex, type Json } from './people.js'
import { refusedCheckpoints } from './refused-checkpoints.js'
import { SnapshotStory } from './snapshot-story.js'

// Snapshots, their rows, leaves and proofs, and the links that confirm them. Wraps hold true randomness: what was made once is
// kept, and read by coffer and by check.py alike.

export const FILE = 'snapshots.json'

/** The frozen file; made when there is none. */
export function snapshotsJson(): Json {
  try {
    const frozen: unknown = JSON.parse(readFileSync(path.join(FOLDER, FILE), 'utf8'))
    if (isJson(frozen)) return frozen
  } catch {
    // There is none yet.
  }
  return make()
}

function isJson(value: unknown): value is Json {
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isJson)
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}

/** Names that are looked up: with one change, with several, deleted, not a secret, and one that never was. */
const LOOKED_UP: readonly (readonly [Space, string])[] = [
  ['secret', 'name-7'],
  ['secret', 'crowd'],
  ['secret', 'gone'],
  ['vault', 'title'],
  ['secret', 'of-cat-late'],
  ['secret', 'never'],
]

function make(): Json {
  const story = new SnapshotStory()
  const { team, maker, witness } = story
  const made = story.snapshot()
  const first = { made, ...story.confirm(made) }
  const served = serve(team.log, made)
  const key = (epoch: number): Bytes => keyOf(team.of(maker), epoch)
  return {
    epochKeys: [hex(key(1)), hex(key(2))],
    maker: idOf(team.of(maker)),
    witness: idOf(team.of(witness)),
    log: team.log.map(hex),
    snapshot: snapshotJson(made),
    checkpoint: first.pos,
    rows: served.rows.map(hex),
    placed: hex(made.rows),
    leaves: served.tree.leaves.map(({ from, until, rows }) => ({
      from: hex(from),
      until: until === undefined ? null : hex(until),
      rows: rows.length / 40,
    })),
    proofs: LOOKED_UP.map(([space, name]) => proofJson(key(2), served, space, name)),
    refused: refusedCheckpoints(story, first),
  }
}

const idOf = ({ identity }: TestDevice): string => identity.device

function keyOf({ replica }: TestDevice, epoch: number): Bytes {
  const key = replica.chain.keys.get(epoch)
  if (key === undefined) throw new TypeError('no such key')
  return key
}

function snapshotJson({ signed: body }: MadeSnapshot): Json {
  const signed = decode(signedCodec, body, 'a snapshot', 1 << 20)
  const { nonce, root, heads, ...rest } = signedSnapshot.read(signed)
  return {
    signed: hex(body),
    hash: signedSnapshot.id(signed),
    ...rest,
    nonce: hex(nonce),
    root: hex(root),
    heads: heads.map((head) => ({ ...head })),
  }
}

/** What a relay answers to `lookup`, and what that proves. */
function proofJson(key: Bytes, { snapshot, tree, rows }: Served, space: Space, name: string): Json {
  const slot = slotFor(key, snapshot, space, name)
  const own = rows.filter((row) => hex(row.subarray(0, 8)) === hex(slot))
  const changes = own.map((row) => hex(row.subarray(8)))
  return { space, name, slot: hex(slot), leaf: leafJson(tree.find(slot)), changes }
}

function leafJson({ index, from, until, rows, path: way }: LeafProof): Json {
  return {
    index,
    from: hex(from),
    until: until === undefined ? null : hex(until),
    rows: hex(rows),
    path: way.map(hex),
  }
}
