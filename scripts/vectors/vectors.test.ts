import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, type Bytes } from '../../shared/bytes.js'
import { decode } from '../../shared/codec.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { decodeWraps } from '../../shared/log/link.js'
import {
  epochStart,
  genesisContext,
  openLabel,
  openPart,
  unwrap,
  vaultContext,
} from '../../daemon/core/crypto/epoch.js'
import { metaCodec } from '../../daemon/core/vault/records.js'
import { EPOCH_KEY, makeChain } from './chain.js'
import { files, readFrozen, refusedCases } from './files.js'
import { makeHistory } from './history.js'
import { judge } from './judge.js'
import { localJson, PASSPHRASE } from './local.js'
import { FOLDER, FrozenWraps, unhex } from './people.js'
import { refusedKeystores } from './refused-content.js'

// The frozen vectors: the code makes the same bytes again, opens what is sealed, and refuses what it must.

const frozen = FrozenWraps.read()
const chain = makeChain(frozen)
const history = makeHistory(chain)
const made = await files(readFrozen())

test('everything that is made without chance is made again, byte for byte', () => {
  for (const [name, content] of Object.entries(made)) {
    const file = readFileSync(path.join(FOLDER, name), 'utf8')
    assert.is(`${JSON.stringify(content, undefined, 1)}\n`, file, name)
  }
})

test('every wrap opens for its device to the key of the epoch', () => {
  for (const { link, wraps, to } of chain.links) {
    for (const { box, id } of to) {
      const { action } = link
      const vault =
        action.kind === 'genesis' ? genesisContext(action.body.nonce) : vaultContext(chain.vaultId)
      const at = { vault, epoch: 1, device: id, start: epochStart(EPOCH_KEY, new Uint8Array(0)) }
      assert.equal(unwrap(decodeWraps(wraps ?? new Uint8Array(0)), box, at), EPOCH_KEY)
    }
  }
})

test('every label opens', () => {
  for (const { link, label } of chain.links) {
    const { body } = link.action
    if (label === undefined || !('label' in body)) continue
    assert.is(
      fromUtf8(openLabel(EPOCH_KEY, label.subject, body.label) ?? new Uint8Array(1)),
      label.text,
    )
  }
})

test('every item opens to what was written', () => {
  for (const { header, items, plain } of history.made) {
    const open = (index: number, part: 'meta' | 'value', box: Bytes, commitment: Bytes): Bytes =>
      openPart(EPOCH_KEY, header, index, part, { box, commitment })
    header.items.forEach((one, i) => {
      const [item, was] = [items[i]!, plain[i]!]
      const meta = open(i, 'meta', item.meta, one.metaCommitment)
      assert.equal(decode(metaCodec, meta, 'meta', 4096), was.meta)
      if (was.value === undefined) assert.is(item.value, undefined)
      else assert.equal(open(i, 'value', item.value!, one.valueCommitment!), was.value)
    })
  }
})

test('the worked examples of the specification are these vectors', () => {
  const spec = readFileSync(path.join(FOLDER, '../../SPEC.md'), 'utf8')
  const blocks = spec.split('```vector\n').slice(1)
  const examples = blocks.flatMap((block) =>
    (block.split('```')[0] ?? '').split('\n').flatMap((line) => line.split(/ {2,}/).slice(1)),
  )
  const all = JSON.stringify(made)
  assert.ok(examples.length > 20)
  for (const example of examples) assert.ok(all.includes(`"${example}"`), example)
})

test('a part of a pool is read as bytes of its own', () => {
  const pooled = Buffer.from(chain.links[0]!.entry)
  const entry = decodeEntry(pooled)
  pooled.fill(0)
  assert.equal(entry, decodeEntry(chain.links[0]!.entry))
})

const local = await localJson()
const keystores = refusedKeystores(unhex(local.passphrase.keystore), PASSPHRASE)
const cases = [...refusedCases(chain, history, frozen), ...keystores]
for (const { name, input, refused } of cases) {
  test(`refused: ${name}`, async () => {
    assert.is(await judge({ chain, history }, input), refused)
  })
}

test.run()
