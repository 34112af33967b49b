import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { actions } from './actions.js'
import type { ScreenEvent } from './event.js'
import { topOf } from './state.js'
import { MINE, TWO } from './testing/conflicts.js'
import { aChange, inWeb, Run, VAULT } from './testing/run.js'
import { NOON } from './testing/world.js'
import { footerLine } from './views/frame.js'

// What comes late, too often, or under somebody's fingers: answers, locks, floods, questions.

const got = (name: string, tag: string): ScreenEvent => ({
  kind: 'answered',
  method: 'secretGet',
  tag,
  result: {
    reference: name,
    value: 'bGF0ZQ==',
    version: { id: 'ab'.repeat(32), number: 1 },
    at: NOON,
    author: MINE.author,
    warnings: [],
  },
})

/** On a secret whose value the daemon was asked for, to be seen. */
function asking(): Run {
  const run = inWeb()
  const { author } = MINE
  const version = { id: 'ab'.repeat(32), number: 1 }
  const secret = { name: 'A', version, at: NOON, author, conflict: false, queued: false }
  const result = { vault: VAULT, loading: false, secrets: [secret], warnings: [] }
  run.to(topOf(run.state).id, { kind: 'answered', method: 'secretList', tag: '', result })
  assert.equal(run.press('r').calls, ['secretGet'])
  return run
}

test('a value that comes when nobody looks any more is not shown', () => {
  const shown = (run: Run): boolean => JSON.stringify(run.state).includes('bGF0ZQ==')
  const looking = asking()
  assert.ok(shown(looking.to(topOf(looking.state).id, got('A', 'show A'))))
  for (const away of ['ctrl-z', 'enter', 'e', 'a', 'd']) {
    const run = asking()
    const { id } = topOf(run.state)
    run.press(away)
    assert.not(shown(run.to(id, got('A', 'show A'))), away)
  }
})

test('a lock counts at once, however late the daemon says how things are', () => {
  const run = inWeb({ staged: [aChange('HIDDEN'), aChange('B')] }).press('r')
  run.hear({ kind: 'state', state: 'locked' })
  assert.equal(run.screens, ['unlock'])
  assert.not(JSON.stringify(run.state).includes('HIDDEN'))
  const word = 'locked: not saved, and forgotten: 2 staged changes'
  assert.is(run.state.note?.text, word)
  run.hear({ kind: 'tick', now: NOON + 3_600_000 }).status('locked')
  assert.is(run.state.note?.text, word, 'nobody was there to read it')
  run.hear({ kind: 'note', tone: 'good', text: 'HIDDEN copied' })
  assert.not(JSON.stringify(run.state).includes('HIDDEN'))
})

test('locking with something staged asks before it is thrown away', () => {
  const run = inWeb({ staged: [aChange('A')] })
  assert.equal(run.press('L').calls, [])
  assert.is(run.dialog, 'Lock without saving?')
  assert.equal(run.press('esc').calls, [])
  assert.equal(run.press('L', 'y').calls, ['lock'])
  assert.equal(inWeb().press('L').calls, ['lock'])
})

test('no main screen, opened by the palette, throws away what is being typed', () => {
  for (const label of ['projects, and', 'people and dev']) {
    const run = inWeb().press('a').type('K').press('enter')
    const { id } = topOf(run.state)
    const failure = { code: 'not-found', reason: 'no-secret', message: 'no', next: '' } as const
    run.to(id, { kind: 'failed', method: 'secretGet', tag: 'begin', failure }).type('typed')
    run.press('ctrl-p').type(label).press('enter')
    assert.is(run.screens.at(-1), 'edit')
    assert.match(run.state.note?.text ?? '', /not staged yet/)
    run.press('ctrl-p')
    const offered = actions({ ...run.state, overlay: undefined }).map(({ label: one }) => one)
    assert.not(offered.includes('back to where you came from'))
  }
})

test('of a saving the half that was refused is told, also when the other half comes after it', () => {
  const run = new Run({ staged: [aChange('A'), aChange('B', { value: undefined })] }).press('w')
  const failure = { code: 'refused', reason: '', message: 'read only', next: '' } as const
  run.to(0, { kind: 'failed', method: 'secretSetMany', tag: 'acme/web', failure })
  run.saved('secretRemove')
  assert.is(run.state.note?.text, 'not saved: acme/web: read only')
  assert.equal(
    run.state.world.staged.map(({ name }) => name),
    ['A'],
  )
})

test("one's own saving under way is nobody else's writing", () => {
  const run = new Run({ staged: [aChange('A')] }).press('w')
  run.hear({ kind: 'changed', vault: VAULT, names: ['A'] }).press('w')
  assert.is(run.dialog, undefined)
  assert.is(run.state.note?.text, 'still saving')
})

test('ten thousand changes are one call under way and one after it', () => {
  const run = inWeb()
  const { id } = topOf(run.state)
  const calls: string[] = []
  for (let i = 0; i < 10_000; i++) {
    calls.push(...run.hear({ kind: 'changed', vault: VAULT, names: ['A'] }).calls)
  }
  assert.equal(calls, ['secretList'])
  const result = { vault: VAULT, loading: false, secrets: [], warnings: [] }
  const answer = { kind: 'answered', method: 'secretList', tag: '', result } as const
  assert.equal(run.to(id, answer).calls, ['secretList'])
  assert.equal(run.to(id, answer).calls, [])
  const sync = { relay: null, otherRelays: [], queued: 1, conflicts: 0 }
  for (let i = 0; i < 1000; i++) calls.push(...run.hear({ kind: 'sync-status', sync }).calls)
  assert.equal(calls.slice(1), ['status'], 'the others are under way since it was opened')
  run.hear({ kind: 'daemon', state: 'gone' }).hear({ kind: 'daemon', state: 'connected' })
  assert.ok(run.calls.includes('secretList'), 'a new daemon was asked nothing yet')
})

test('what waits for a screen that is closed is asked no more', () => {
  const run = inWeb()
  const { id } = topOf(run.state)
  run.hear({ kind: 'changed', vault: VAULT, names: null })
  run.hear({ kind: 'changed', vault: VAULT, names: null }).press('2')
  const result = { vault: VAULT, loading: false, secrets: [], warnings: [] }
  assert.equal(run.to(id, { kind: 'answered', method: 'secretList', tag: '', result }).calls, [])
})

test('a question that comes by itself takes no key that was typed ahead', () => {
  const run = new Run().press('4')
  const { id } = topOf(run.state)
  const warnings = [{ code: 'fork', message: 'Bob came' }] as const
  run.to(id, {
    kind: 'answered',
    method: 'announcements',
    tag: '',
    result: { warnings: [...warnings] },
  })
  const keys = (): string =>
    footerLine(run.state)
      .spans.map(({ text }) => text)
      .join('')
  assert.ok(run.requests.some(({ effect }) => effect.kind === 'timer'))
  assert.is(keys(), '…', 'no key applies yet')
  assert.is(run.press('enter', 'esc', 'y').dialog, 'Who came and went')
  run.hear({ kind: 'tick', now: NOON - 3_600_000 })
  assert.match(keys(), /enter close/, 'a clock was set back')
  run.hear({ kind: 'tick', now: NOON + 399 })
  assert.is(keys(), '…')
  run.hear({ kind: 'tick', now: NOON + 500 })
  assert.match(keys(), /enter close/)
  assert.is(run.press('enter').dialog, undefined)
})

test('enter once more is no yes to what enter asked; y is', () => {
  const ask = (run: Run): Run => {
    const { id } = topOf(run.state)
    run.to(id, { kind: 'answered', method: 'conflictsList', tag: '', result: { conflicts: [TWO] } })
    return run.press('enter', 'enter')
  }
  const run = ask(new Run().press('2'))
  assert.match(run.dialog ?? '', /^Take/)
  assert.equal(run.press('enter', 'enter').calls, [])
  assert.equal(run.press('y').calls, ['conflictsResolve'])
})

test.run()
