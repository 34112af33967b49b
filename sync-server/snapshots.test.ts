import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { concat, u32be, u64be, type Bytes } from '../shared/bytes.js'
import { encode } from '../shared/codec.js'
import { bytesOf, idOf, type EntryId, type LogHash } from '../shared/ids.js'
import { changeIdOf, signedHeader } from '../shared/log/changeset.js'
import { decodeEntry, entryIdOf, logNext, logStart } from '../shared/log/entry.js'
import { VERSION } from '../shared/log/link.js'
import { signedCodec, type Signed } from '../shared/log/signed.js'
import { changesIn, compareBytes, rowOf, SnapshotTree } from '../shared/log/snapshot-tree.js'
import { signedSnapshot, type Snapshot } from '../shared/log/snapshot.js'
import { LOG_START } from '../shared/protocol/relay.js'
import type { TestClient } from './testing/client.js'
import { deviceOf, TestVault, type TestDevice } from './testing/people.js'
import { withRelay, type TestRelay } from './testing/relay.js'

const ann = deviceOf('ann')
const bob = deviceOf('bob')

/** A vault at the relay, and its log. */
class Scene {
  readonly log: Bytes[] = []
  readonly vault: TestVault
  readonly client: TestClient

  constructor(vault: TestVault, client: TestClient) {
    this.vault = vault
    this.client = client
    this.log.push(vault.genesis)
  }

  static async start(relay: TestRelay): Promise<Scene> {
    const vault = new TestVault(ann, 'v', relay.key)
    const client = await relay.connect(ann)
    await client.get('create', { links: [vault.genesis] }, 'created')
    const scene = new Scene(vault, client)
    await scene.append(...vault.add(ann, bob, 'reader'))
    return scene
  }

  async append(...entries: Bytes[]): Promise<void> {
    const { vaultId } = this.vault
    await this.client.get('append', { vaultId, base: LOG_START, entries }, 'appended')
    this.log.push(...entries)
  }

  /** A snapshot of the whole log in which the changesets at `positions` count; slots are the positions. */
  snapshot(
    maker: TestDevice,
    positions: readonly number[],
    change: Partial<Snapshot> = {},
  ): { signed: Signed; rows: Bytes; tree: SnapshotTree } {
    const placed = positions.map((pos) =>
      concat(slotAt(pos), u64be(pos).subarray(2), u32be(0).subarray(2)),
    )
    const rows = positions.map((pos) => rowOf(slotAt(pos), this.#change(pos)))
    const tree = new SnapshotTree(rows.toSorted(compareBytes))
    const pos = this.log.length
    const ids = this.log.map(entryIdOf)
    const logHash = ids.reduce<LogHash>(
      (before, id) => logNext(before, id),
      logStart(this.vault.vaultId),
    )
    const snapshot: Snapshot = {
      version: VERSION,
      vaultId: this.vault.vaultId,
      device: maker.id,
      memberHead: this.vault.head,
      epoch: 1,
      pos,
      entryId: ids.at(-1) ?? idOf<EntryId>(new Uint8Array(32)),
      logHash,
      nonce: new Uint8Array(16),
      count: rows.length,
      leaves: tree.leaves.length,
      root: tree.root,
      heads: [],
      ...change,
    }
    return {
      signed: signedSnapshot.make(snapshot, maker.pair.privateKey),
      rows: concat(...placed),
      tree,
    }
  }

  #change(pos: number): Bytes {
    const body = this.log[pos - 1]
    const entry = body && decodeEntry(body)
    if (entry?.kind !== 'changeset') return new Uint8Array(32)
    return bytesOf(changeIdOf(signedHeader.id(entry.body.signed), 0))
  }

  body({ signed, rows }: { signed: Signed; rows: Bytes }) {
    return { vaultId: this.vault.vaultId, snapshot: encode(signedCodec, signed), rows }
  }

  async checkpoint(author: TestDevice, { signed }: { signed: Signed }): Promise<void> {
    await this.append(this.vault.link(author, { kind: 'checkpoint', body: { snapshot: signed } }))
  }

  part(part: 'rows' | 'entries' | 'newest', upto: number, after = 0) {
    const { vaultId } = this.vault
    return this.client.get('snapshotPart', { vaultId, upto, part, after }, 'snapshotPart')
  }
}

const slotAt = (pos: number): Bytes => u64be(pos)

/** Asks until it is as `holds` says: the relay settles snapshots while nobody waits. */
async function settled<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test(
  'an offered snapshot is told to others, looked up by slot, and read piece by piece',
  withRelay(async (relay) => {
    const scene = await Scene.start(relay)
    const { vault, client } = scene
    const { vaultId } = vault
    const watcher = await relay.connect(bob)
    await watcher.get('open', { vaultId, after: LOG_START }, 'opened')
    await scene.append(...['1', '2', '3'].map((text) => vault.changeset(ann, text)))
    // Three links stand before them; the third of them was superseded.
    const one = scene.snapshot(ann, [4, 5])
    await client.get('putSnapshot', scene.body(one), 'done')
    const push = await watcher.take('snapshot')
    assert.equal(push.body.snapshot, encode(signedCodec, one.signed))
    const snapshot = signedSnapshot.read(one.signed)
    const found = await client.get('lookup', { vaultId, upto: 6, slot: slotAt(5) }, 'found')
    assert.equal(found.entries, [{ pos: 5, body: scene.log[4] }])
    assert.is(changesIn(snapshot, slotAt(5), found.leaf).length, 1)
    const none = await client.get('lookup', { vaultId, upto: 6, slot: slotAt(9) }, 'found')
    assert.equal(none.entries, [])
    assert.equal(changesIn(snapshot, slotAt(9), none.leaf), [])
    assert.is((await scene.part('rows', 6)).rows.length, 80)
    const entries = await scene.part('entries', 6)
    assert.equal(
      entries.entries.map(({ pos }) => pos),
      [4, 5],
    )
    assert.equal((await scene.part('entries', 6, 4)).entries.length, 1)
    assert.equal((await scene.part('newest', 0)).snapshots, [encode(signedCodec, one.signed)])
    assert.is(
      await client.refused('lookup', { vaultId, upto: 5, slot: slotAt(5) }),
      'relay-refused/no-snapshot',
    )
  }),
)

test(
  'attack 23: a snapshot that names what the log lacks, or was bent, is not kept',
  withRelay(async (relay) => {
    const scene = await Scene.start(relay)
    const { vault, client } = scene
    await scene.append(vault.changeset(ann, '1'), ...vault.split(ann, ['2', '3'], 1))
    const refused = (positions: readonly number[], change: Partial<Snapshot> = {}, by = ann) =>
      client.refused('putSnapshot', scene.body(scene.snapshot(by, positions, change)))
    const bad = 'tampering/bad-snapshot'
    assert.is(await refused([2]), bad, 'a link')
    assert.is(await refused([6]), bad, 'items of a changeset')
    assert.is(await refused([9]), bad, 'past its end')
    assert.is(await refused([4], { count: 2 }), bad)
    assert.is(await refused([4], { root: new Uint8Array(32) }), bad)
    assert.is(await refused([4], { entryId: idOf<EntryId>(new Uint8Array(32)) }), bad)
    const { entryId } = { entryId: entryIdOf(scene.log[4] ?? new Uint8Array(0)) }
    assert.is(await refused([5], { pos: 5, entryId }), bad, 'a changeset that is not whole there')
    assert.is(await refused([4], {}, bob), 'tampering/foreign-snapshot')
    assert.is(
      await refused([4], { memberHead: { n: 0, hash: vault.head.hash } }),
      'relay-refused/chain-moved',
    )
    const forged = scene.snapshot(ann, [4])
    const signature = new Uint8Array(64)
    assert.is(
      await client.refused(
        'putSnapshot',
        scene.body({ ...forged, signed: { ...forged.signed, signature } }),
      ),
      'tampering/bad-signature',
    )
    assert.equal((await scene.part('newest', 0)).snapshots, [])
    await client.get('putSnapshot', scene.body(scene.snapshot(ann, [4, 5])), 'done')
    const { entries } = await scene.part('entries', 6)
    assert.equal(
      entries.map(({ pos }) => pos),
      [4, 5, 6],
    )
  }),
)

/** Two checkpoints over a log in which all but two changesets were superseded. */
async function twoCheckpoints(scene: Scene): Promise<void> {
  const { vault, client } = scene
  await scene.append(...['1', '2', '3'].map((text) => vault.changeset(ann, text)))
  const first = scene.snapshot(ann, [5])
  await client.get('putSnapshot', scene.body(first), 'done')
  await scene.checkpoint(bob, first)
  await settled(
    () => scene.part('newest', 0),
    ({ snapshots }) => snapshots.length > 0,
  )
  await scene.append(vault.changeset(ann, '4'))
  const second = scene.snapshot(ann, [5, 8])
  await client.get('putSnapshot', scene.body(second), 'done')
  await scene.checkpoint(bob, second)
}

test(
  'with two checkpoints the log is pruned to the older one, over a restart too',
  withRelay(
    async (relay) => {
      const scene = await Scene.start(relay)
      const { vaultId } = scene.vault
      await twoCheckpoints(scene)
      const open = () =>
        scene.client.refused('open', { vaultId, after: LOG_START }).catch(() => 'opened')
      assert.is(await settled(open, (said) => said !== 'opened'), 'relay-refused/stale-base')
      await relay.stop()
      await relay.again('--verify')
      const again = new Scene(scene.vault, await relay.connect(ann))
      const { entries } = await again.part('entries', 8)
      assert.equal(
        entries.map(({ pos }) => pos),
        [5, 8],
      )
      const at = entryIdOf(scene.log[5] ?? new Uint8Array(0))
      const opened = await again.client.get(
        'open',
        { vaultId, after: { pos: 6, entryId: at } },
        'opened',
      )
      assert.is(opened.floor, 6)
      const { entries: links } = await again.client.get('chain', { vaultId, from: 0 }, 'chain')
      assert.is(links.length, 5, 'the chain is kept for ever')
    },
    '--prune',
    '--rate',
    '100000',
  ),
)

test(
  'without --prune nothing goes',
  withRelay(
    async (relay) => {
      const scene = await Scene.start(relay)
      await twoCheckpoints(scene)
      const settledAt = (): Promise<{ snapshots: readonly Bytes[] }> => scene.part('newest', 0)
      await settled(settledAt, ({ snapshots }) => snapshots.length === 1)
      const { vaultId } = scene.vault
      const opened = await scene.client.get('open', { vaultId, after: LOG_START }, 'opened')
      assert.is(opened.floor, 0)
    },
    '--rate',
    '100000',
  ),
)

test(
  'a relay that lost a pruned vault takes what members still have of it, and nothing that skips a number otherwise',
  withRelay(async (relay) => {
    const vault = new TestVault(ann, 'v', relay.key)
    const [one, two, three] = ['1', '2', '3'].map((text) => vault.changeset(ann, text))
    const entry = three && decodeEntry(three)
    if (one === undefined || two === undefined || entry?.kind !== 'changeset')
      return assert.unreachable()
    const client = await relay.connect(ann)
    await client.get('create', { links: [vault.genesis] }, 'created')
    const scene = new Scene(vault, client)
    const append = (body: Bytes | undefined) =>
      client.refused('append', {
        vaultId: vault.vaultId,
        base: LOG_START,
        entries: body === undefined ? [] : [body],
      })
    assert.is(await append(two), 'tampering/bad-seq')
    const hash = signedHeader.id(entry.body.signed)
    const heads = [{ device: ann.id, seq: 3, hash, memberN: 0 }]
    await scene.checkpoint(ann, scene.snapshot(ann, [], { heads }))
    // The first and the last were pruned.
    await scene.append(two)
    assert.is(await append(one), 'tampering/bad-seq', 'what comes after what follows it')
    const four = vault.changeset(ann, '4')
    const five = vault.changeset(ann, '5')
    assert.is(await append(five), 'tampering/bad-seq')
    await scene.append(four, five)
  }),
)

test.run()
