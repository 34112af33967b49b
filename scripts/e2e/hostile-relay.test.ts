// A relay that lies about the log, over real sockets, to the real daemon. Each attack fails with its own alarm or code,
// which `status --json` shows; the daemons live on, and once the lie ends everything is there.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeEntry, encodeEntry } from '../../shared/log/entry.js'
import {
  altered,
  changesetOf,
  ended,
  flipped,
  shown,
  type Changeset,
} from './support/hostile/lies.js'
import { Stage, type Project } from './support/hostile/stage.js'

const stage = await Stage.start()
const { a, b, relay } = stage
/** Projects in which a relay showed the second device another log, and what was written there meanwhile. */
const lied: { project: Project; name: string; value: string }[] = []
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

/** The first device writes; the second, shown something else instead, says so and has nothing. */
async function misled(project: Project, name: string, code: string): Promise<void> {
  const value = `true ${name}`
  await a.set(project, name, value)
  await b.alarmed(project, code)
  assert.is(await b.fails(b.get(project, name)), 'not-found/no-secret')
  lied.push({ project, name, value })
}

const lastOf = ({ vaultId }: Project, back = 1): Uint8Array =>
  relay.log(vaultId).at(-back) ?? new Uint8Array()

test('attack 7: ciphertexts swapped between secrets open nowhere else', async () => {
  const project = await stage.project()
  await a.set(project, 'x', 'of x')
  await b.gets(project, 'x', 'of x')
  const { items = [] } = changesetOf(lastOf(project)) ?? {}
  relay.lie = shown(b, project, (body) => altered(body, (one) => ({ ...one, items })))
  await misled(project, 'y', 'bad-item')
  assert.is(await b.get(project, 'x'), 'of x')
})

test('attack 8: a record of another vault counts in none', async () => {
  const [one, other] = [await stage.project(), await stage.project()]
  await a.set(one, 'x', 'of one')
  await b.gets(one, 'x', 'of one')
  const foreign = lastOf(one)
  relay.lie = shown(b, other, () => foreign)
  await misled(other, 'x', 'foreign-vault')
})

test('attacks 9, 13: an old change, replayed in the place of a new one, rolls nothing back', async () => {
  const project = await stage.project()
  for (const value of ['old', 'new']) {
    await a.set(project, 'x', value)
    await b.gets(project, 'x', value)
  }
  const old = lastOf(project, 2)
  relay.lie = shown(b, project, () => old)
  await a.set(project, 'y', 'withheld')
  await b.reads(project, relay.log(project.vaultId).length)
  assert.is(await b.get(project, 'x'), 'new')
  lied.push({ project, name: 'y', value: 'withheld' })
})

test('attack 16: another version or suite is refused, not obeyed', async () => {
  const project = await stage.project()
  // Bytes 2 and 4 of a header are its version and its suite.
  for (const [name, at] of [
    ['version', 2],
    ['suite', 4],
  ] as const) {
    const other = ({ signed, items }: Changeset): Changeset => ({
      items,
      signed: { ...signed, body: flipped(signed.body, at) },
    })
    relay.lie = shown(b, project, (body) => altered(body, other))
    await misled(project, name, 'suite')
  }
})

type Item = Changeset['items'][number]

test('attacks 17, 20: no bit of a value, a name, a time or a deletion can be turned', async () => {
  const items = (change: (item: Item) => Item) => (one: Changeset) => ({
    ...one,
    items: one.items.map(change),
  })
  const lies: readonly (readonly [name: string, code: string, (one: Changeset) => Changeset])[] = [
    ['name', 'bad-item', items((item) => ({ ...item, meta: flipped(item.meta) }))],
    ['deletion', 'bad-item', items(({ meta }) => ({ meta }))],
    ['value', 'bad-item', items(({ meta, value = meta }) => ({ meta, value: flipped(value, 30) }))],
    [
      'signature',
      'bad-signature',
      ({ signed, ...one }) => ({
        ...one,
        signed: { ...signed, signature: flipped(signed.signature, 3) },
      }),
    ],
  ]
  for (const [name, code, change] of lies) {
    const project = await stage.project()
    relay.lie = shown(b, project, (body) => altered(body, change))
    await misled(project, name, code)
    relay.lie = {}
  }
})

test('attack 28: what was signed as one thing passes for no other', async () => {
  const project = await stage.project()
  const { signed } = decodeEntry(relay.log(project.vaultId)[0] ?? new Uint8Array())
    .body as Changeset
  const entry = encodeEntry({ kind: 'changeset', body: { signed, items: [] } })
  relay.lie = shown(b, project, () => entry)
  await misled(project, 'x', 'malformed')
})

test('attack 12: two logs are told apart as soon as the devices hear of each other, and mended', async () => {
  await a.restart()
  const found = new Set<string>()
  for (const { project, name, value } of lied) {
    await b.gets(project, name, value)
    const alarms = await b.alarms(project)
    // Where it opened the vault again meanwhile, the relay didn't know the place that it had shown itself.
    const code = ['two-logs', 'log-regression'].find((one) => alarms.includes(one))
    assert.ok(code, alarms.join())
    found.add(code ?? '')
  }
  assert.ok(found.has('two-logs') && lied.length >= 8)
})

test('attack 11: a withheld tail is told by whoever has read it', async () => {
  const project = await stage.project()
  await a.set(project, 'x', 'old')
  await b.gets(project, 'x', 'old')
  relay.lie = ended(b, project)
  await stage.again()
  await a.set(project, 'x', 'new')
  await a.sync()
  await a.restart()
  await b.alarmed(project, 'log-withheld')
  assert.is(await b.get(project, 'x'), 'old', 'reads go on')
  await stage.recovers(project)
  assert.is(await b.get(project, 'x'), 'new')
})

test.run()
