import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex, utf8, type Bytes } from '../../../shared/bytes.js'
import { LIMITS } from '../../../shared/limits.js'
import { compare, walk, type Entry, type Op, type Range, type Store } from '../store.js'
import { refusedWith } from '../../../shared/testing/refusal.js'

/** What a store under test is made with. */
export type StoreUnderTest = {
  /** A fresh, empty store. */
  open(): Promise<Store>
  /** The same store again after `close`, or undefined where nothing stays. */
  reopen: (() => Promise<Store>) | undefined
}

const put = (key: string, value: string): Op => ({
  type: 'put',
  key: utf8(key),
  value: utf8(value),
})
const del = (key: string): Op => ({ type: 'del', key: utf8(key) })
const text = (entries: readonly Entry[]): string[] =>
  entries.map(
    ({ key, value }) => `${new TextDecoder().decode(key)}=${new TextDecoder().decode(value)}`,
  )

async function all(store: Store, range: Range = {}): Promise<Entry[]> {
  const out: Entry[] = []
  for await (const entry of walk(store, range)) out.push(entry)
  return out
}

/** Runs the contract of store.ts on one implementation; the caller's file is a uvu test file. */
export function conformance(name: string, make: () => StoreUnderTest): void {
  const test = suite(`store: ${name}`)
  const on = (what: string, body: (store: Store, made: StoreUnderTest) => Promise<void>): void => {
    test(what, async () => {
      const made = make()
      const store = await made.open()
      try {
        await body(store, made)
      } finally {
        await store.close()
      }
    })
  }
  basics(on)
  ranges(on)
  refusals(on)
  histories(on)
  test.run()
}

type On = (what: string, body: (store: Store, made: StoreUnderTest) => Promise<void>) => void

function basics(on: On): void {
  on('has nothing at first', async (store) => {
    assert.is(store.getSync(utf8('a')), undefined)
    assert.is(store.has(utf8('a')), false)
    assert.equal(await store.page({}), [])
  })

  on('gives back what a batch put, as the caller`s own bytes', async (store) => {
    await store.batch([put('a', '1'), put('b', '')])
    store.getSync(utf8('a'))?.fill(0)
    for (const { key, value } of await store.page({}))
      [key, value].forEach((bytes) => bytes.fill(0))
    assert.equal(text(await store.page({})), ['a=1', 'b='])
    assert.is(store.getSync(utf8('b'))?.length, 0)
    assert.ok(store.has(utf8('b')))
  })

  on('lets the last step on a key win within a batch', async (store) => {
    await store.batch([
      put('a', '1'),
      del('a'),
      put('b', '1'),
      put('b', '2'),
      put('c', '1'),
      del('c'),
    ])
    await store.batch([del('never there')])
    await store.batch([])
    assert.equal(text(await store.page({})), ['b=2'])
  })

  on('applies batches given together in their order', async (store) => {
    await Promise.all(Array.from({ length: 50 }, (_, i) => store.batch([put('a', String(i))])))
    assert.equal(text(await store.page({})), ['a=49'])
  })

  on('finishes pending batches on close, and keeps them', async (store, { reopen }) => {
    const pending = store.batch([put('a', '1')])
    await store.close()
    await pending
    await store.close()
    if (reopen === undefined) return
    const again = await reopen()
    assert.equal(text(await again.page({})), ['a=1'])
    await again.close()
  })
}

function ranges(on: On): void {
  on('orders keys by their bytes, unsigned, prefixes first', async (store) => {
    const keys = [[0xff], [0x7f], [0x80], [0], [0x7f, 0], [0x7f, 0xff]].map((k) =>
      Uint8Array.from(k),
    )
    await store.batch(keys.map((key) => ({ type: 'put', key, value: key })))
    const found = (await store.page({})).map(({ key }) => toHex(key))
    assert.equal(found, ['00', '7f', '7f00', '7fff', '80', 'ff'])
  })

  on('bounds, turns and limits a range', async (store) => {
    await store.batch(['a', 'b', 'c', 'd', 'e'].map((key) => put(key, '')))
    const keys = async (range: Range): Promise<string> =>
      (await all(store, range)).map(({ key }) => new TextDecoder().decode(key)).join('')
    assert.is(await keys({ gte: utf8('b'), lt: utf8('d') }), 'bc')
    assert.is(await keys({ gte: utf8('b'), lt: utf8('d'), reverse: true }), 'cb')
    assert.is(await keys({ reverse: true, limit: 2 }), 'ed')
    assert.is(await keys({ gte: utf8('bb'), limit: 1 }), 'c')
    assert.is(await keys({ limit: 0 }), '')
    assert.is(await keys({ gte: utf8('d'), lt: utf8('b') }), '')
  })

  on('walks on over pages, both ways', async (store) => {
    const count = 2 * LIMITS.storePageEntries + 3
    const key = (i: number): string => String(i).padStart(6, '0')
    await store.batch(Array.from({ length: count }, (_, i) => put(key(i), '')))
    assert.is((await store.page({})).length, LIMITS.storePageEntries)
    const forth = text(await all(store))
    assert.is(forth.length, count)
    assert.equal(text(await all(store, { reverse: true })), forth.toReversed())
    assert.is((await all(store, { limit: count - 1 })).length, count - 1)
  })

  on('ends a page by its bytes, with large values', async (store) => {
    const value = new Uint8Array(LIMITS.storeValue)
    for (const key of ['a', 'b', 'c', 'd']) {
      await store.batch([{ type: 'put', key: utf8(key), value }])
    }
    const page = await store.page({})
    assert.ok(page.length >= 1 && page.length < 4, `a page of ${page.length}`)
    assert.is((await all(store)).length, 4)
  })
}

function refusals(on: On): void {
  const refused = async (code: string, reason: string, body: () => unknown): Promise<void> => {
    assert.equal(await refusedWith(body), [code, reason])
  }

  on('refuses what is over the caps and keeps what was there', async (store) => {
    await store.batch([put('a', '1')])
    const key = new Uint8Array(LIMITS.storeKey + 1)
    const value = new Uint8Array(LIMITS.storeValue + 1)
    await refused('limit', 'store', () => store.batch([del('a'), { type: 'del', key }]))
    await refused('limit', 'store', () => store.batch([{ type: 'put', key: utf8('b'), value }]))
    await refused('limit', 'store', () => store.batch([put('', '1')]))
    await refused('limit', 'store', () => store.getSync(key))
    assert.equal(text(await store.page({})), ['a=1'])
  })

  on('refuses everything after close', async (store) => {
    await store.close()
    await refused('storage', 'closed', () => store.getSync(utf8('a')))
    await refused('storage', 'closed', () => store.has(utf8('a')))
    await refused('storage', 'closed', () => store.page({}))
    await refused('storage', 'closed', () => store.batch([put('a', '1')]))
  })
}

function histories(on: On): void {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 })
  const op: fc.Arbitrary<Op> = fc.oneof(
    fc.record({ type: fc.constant('put' as const), key: bytes, value: fc.uint8Array() }),
    fc.record({ type: fc.constant('del' as const), key: bytes }),
  )
  on('holds what a plain map would, over any history', async (store, { reopen }) => {
    const model = new Map<string, { key: Bytes; value: Bytes }>()
    let open = store
    const property = fc.asyncProperty(
      fc.array(op, { maxLength: 20 }),
      fc.boolean(),
      async (ops, turn) => {
        await open.batch(ops)
        for (const step of ops) {
          if (step.type === 'del') model.delete(toHex(step.key))
          else model.set(toHex(step.key), step)
        }
        if (turn && reopen !== undefined) {
          await open.close()
          open = await reopen()
        }
        const expected = [...model.values()].toSorted((a, b) => compare(a.key, b.key))
        const show = ({ key, value }: Entry): string => `${toHex(key)}=${toHex(value)}`
        assert.equal((await open.page({})).map(show), expected.map(show))
        for (const { key, value } of expected) assert.equal(open.getSync(key), value)
      },
    )
    try {
      // State stays over the runs, so a failing run can't be shrunk alone.
      await fc.assert(property, { seed: 20_260_801, numRuns: 40, endOnFailure: true })
    } finally {
      await open.close()
    }
  })
}
