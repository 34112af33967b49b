import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { actions } from './actions.js'
import { applicable } from './commands.js'
import { confirmation } from './dialog.js'
import { topOf } from './state.js'
import { turned } from './step.js'
import { b64, MINE, TWO } from './testing/conflicts.js'
import { aChange, inWeb, Run, VAULT } from './testing/run.js'
import { NOON } from './testing/world.js'

// The whole interface as its reducer sees it: what is open, what stands over it, what is staged, what a lock leaves.

test('screens open over each other, and back leads to where one came from', () => {
  const run = inWeb({ staged: [aChange('A')] })
  assert.is(run.screens.at(-1), 'secrets')
  run.press('enter')
  assert.equal(run.screens.slice(-2), ['secrets', 'detail'])
  run.press('esc')
  assert.is(run.screens.at(-1), 'secrets')
  assert.ok(run.calls.includes('secretList'), 'what was meanwhile under another is read anew')
  assert.equal(run.press('4').screens, ['trust'], 'a main screen closes what was open')
})

test('an answer for a screen that is closed is dropped', () => {
  const run = inWeb()
  const { id } = topOf(run.state)
  run.press('2')
  const before = run.state
  const result = { vault: VAULT, loading: false, secrets: [], warnings: [] }
  run.to(id, { kind: 'answered', method: 'secretList', tag: '', result })
  assert.is(run.state, before)
  assert.equal(run.requests, [])
  run.to(id, { kind: 'timer', tag: 'x' }).to(id, { kind: 'dialog', tag: 'x', values: {} })
  assert.is(run.state, before)
})

test('what stands over a screen takes the keys, until it is left', () => {
  for (const key of ['?', ':', 'ctrl-p']) {
    const run = new Run().press(key)
    assert.is(run.state.overlay?.kind, key === '?' ? 'help' : 'palette')
    assert.equal(run.press('4').screens, new Run().screens)
    assert.is(run.press('esc').state.overlay, undefined)
  }
})

test('a question in the place of another: who asked that one hears that it is left', () => {
  const run = new Run().press('2')
  const { id } = topOf(run.state)
  run.to(id, { kind: 'answered', method: 'conflictsList', tag: '', result: { conflicts: [TWO] } })
  run.press('enter', 'm')
  const values = { aa: 'x', bb: 'y', ba: 'z' }
  for (const [name, text] of Object.entries(values)) {
    const version = { id: name.repeat(32), number: 1 }
    const rest = { version, at: NOON, author: MINE.author, warnings: [] }
    const result = { reference: TWO.reference, value: b64(text), ...rest }
    const tag = `merge ${version.id}`
    run.to(id, { kind: 'answered', method: 'secretGet', tag, result })
  }
  run.to(id, { kind: 'edited', tag: 'merge', text: 'merged by hand' })
  assert.ok(JSON.stringify(run.state).includes('merged by hand'))
  const owner = topOf(run.state).id + 1
  const { state } = run
  const other = { id: owner, screen: { name: 'starting' } } as const
  run.state = { ...state, stack: [...state.stack, other] }
  const asking = { kind: 'dialog', dialog: confirmation('t', 'Another?', [], 'yes') } as const
  run.state = turned(run.state, other, { screen: other.screen, effects: [asking] }).state
  assert.is(run.dialog, 'Another?')
  assert.not(JSON.stringify(run.state).includes('merged by hand'))
})

test('the palette is the key table, and the places', () => {
  const { state } = new Run()
  const offered = actions(state).map(({ label }) => label)
  for (const { help } of applicable(topOf(state), state)) assert.ok(offered.includes(help), help)
  assert.ok(offered.includes('go to acme/web'))
  const run = new Run().press(':').type('people and dev').press('enter')
  assert.equal([run.screens, run.state.overlay], [['people'], undefined])
})

test('leaving with nothing staged leaves; with something it asks, and esc stays', () => {
  const exits = (run: Run): boolean => run.requests.some(({ effect }) => effect.kind === 'exit')
  assert.ok(exits(new Run().press('q')))
  const run = new Run({ staged: [aChange('A')] })
  for (const key of ['q', 'ctrl-c']) {
    assert.not(exits(run.press(key)))
    assert.is(run.dialog, 'Leave without saving?')
    assert.not(exits(run.press('esc')))
    assert.is(run.dialog, undefined)
  }
  assert.ok(exits(run.press('q', 'y')))
})

test('a lock leaves nothing: no value, no name, nothing open', () => {
  const run = inWeb({ staged: [aChange('HIDDEN', { value: 'dmFsdWU=' })] })
  run.press('r')
  assert.ok(JSON.stringify(run.state).includes('dmFsdWU='))
  run.press('?').status('locked')
  assert.equal(run.screens, ['unlock'])
  assert.is(run.state.overlay, undefined)
  for (const gone of ['dmFsdWU=', 'HIDDEN', 'acme']) {
    assert.not(JSON.stringify(run.state).includes(gone), gone)
  }
})

test('staged changes are saved as one transaction of values and one of deletes', () => {
  const run = new Run({ staged: [aChange('A'), aChange('B', { value: undefined })] }).press('w')
  assert.equal(run.calls, ['secretSetMany', 'secretRemove'])
  run.saved('secretSetMany')
  assert.equal(
    run.state.world.staged.map(({ name }) => name),
    ['B'],
  )
  run.saved('secretRemove')
  assert.equal(run.state.world.staged, [])
})

test('what is staged while a saving is under way stays staged, and waits for its end', () => {
  const run = new Run({ staged: [aChange('A'), aChange('C')] }).press('w')
  const meanwhile = [aChange('A', { value: 'bmV3' }), aChange('C'), aChange('B')]
  run.state = { ...run.state, world: { ...run.state.world, staged: meanwhile } }
  assert.equal(run.press('w').calls, [])
  assert.is(run.state.note?.text, 'still saving')
  run.saved('secretSetMany')
  assert.equal(
    run.state.world.staged.map(({ name, value }) => [name, value]),
    [
      ['A', 'bmV3'],
      ['B', 'c2VjcmV0'],
    ],
  )
  assert.equal(run.press('w').calls, ['secretSetMany'])
})

test('what is to be sealed is saved one by one, and what is refused of it stays staged', () => {
  const seal = { to: ['ci'] }
  const staged = [aChange('A'), aChange('S', { seal }), aChange('T', { seal })]
  const run = new Run({ staged }).press('w')
  assert.equal(run.calls, ['secretSetMany', 'secretSet', 'secretSet'])
  const [readable = '', sealed = ''] = run.requests.map((one) => JSON.stringify(one))
  assert.not.match(readable, /"[ST]"/)
  assert.match(sealed, /"name":"S".*"seal":\{"to":\["ci"\]\}/)
  const failure = { code: 'refused', reason: 'no-runner', message: 'no', next: 'do so' } as const
  const tag = 'coffer://acme/web/S'
  run.to(0, { kind: 'failed', method: 'secretSet', tag, failure })
  assert.is(run.state.note?.text, `not saved: ${tag}: no: do so`)
  run.saved('secretSetMany').sealed('T')
  assert.equal(
    run.state.world.staged.map(({ name }) => name),
    ['S'],
  )
})

test('whom something was sealed to is said with fingerprints, of all that were saved together', () => {
  const seal = { to: [] }
  const run = new Run({ staged: [aChange('S', { seal }), aChange('T', { seal })] }).press('w')
  run.sealed('S').sealed('T')
  assert.is(run.dialog, 'sealed: compare the fingerprints')
  const { overlay } = run.state
  assert.equal(
    overlay?.kind === 'dialog' && overlay.dialog.kind === 'text' && overlay.dialog.lines,
    [
      'coffer://acme/web/S is sealed to:',
      'runner ci  aaaa-bbbb-cccc-dddd',
      'coffer://acme/web/T is sealed to:',
      'runner ci  aaaa-bbbb-cccc-dddd',
    ],
  )
})

test('a saving that fails leaves all staged, and may be tried again', () => {
  const run = new Run({ staged: [aChange('A')] }).press('w')
  const failure = { code: 'unreachable', reason: '', message: 'gone', next: '' } as const
  run.to(0, { kind: 'failed', method: 'secretSetMany', tag: 'acme/web', failure })
  assert.is(run.state.world.staged.length, 1)
  assert.equal(run.press('w').calls, ['secretSetMany'])
})

test("one's own saving, heard of before its answer, leaves nothing behind", () => {
  const run = new Run({ staged: [aChange('A')] }).press('w')
  run.hear({ kind: 'changed', vault: VAULT, names: ['A'] }).saved('secretSetMany')
  assert.equal(run.state.world.staged, [])
})

test('over what somebody else wrote since it saves only when told to', () => {
  const run = new Run({ staged: [aChange('A'), aChange('B')] })
  run.hear({ kind: 'changed', vault: VAULT, names: ['B', 'C'] })
  assert.equal(run.press('ctrl-s').calls, [])
  assert.is(run.dialog, 'Save over newer values?')
  assert.equal(run.press('esc', 'w', 'y').calls, ['secretSetMany'])
})

test('undo takes the newest change back, and then the deletes of the last saving', () => {
  const run = new Run({ staged: [aChange('A', { value: undefined }), aChange('B')] })
  run.press('u')
  assert.equal(
    run.state.world.staged.map(({ name }) => name),
    ['A'],
  )
  run.press('w').saved('secretRemove')
  assert.is(run.state.note?.text, 'deleted: u brings it back')
  run.press('u')
  const [request] = run.requests
  assert.ok(request?.effect.kind === 'call' && request.effect.method === 'secretRollback')
  const { name, version } = request.effect.params as { name: string; version: string }
  assert.equal([name, version, run.state.world.deleted], ['A', 'A-1', []])
  assert.equal(run.press('u').calls, [], 'once')
})

test('notes go with the next key, and by themselves', () => {
  const run = new Run().hear({ kind: 'note', tone: 'good', text: 'done' })
  assert.is(run.hear({ kind: 'tick', now: NOON + 7_999 }).state.note?.text, 'done')
  assert.is(run.hear({ kind: 'tick', now: NOON + 8_000 }).state.note, undefined)
  run.hear({ kind: 'note', tone: 'good', text: 'done' })
  assert.is(run.press('j').state.note, undefined)
})

test('suspending hides what is revealed before the terminal is somebody else’s', () => {
  const run = inWeb({ staged: [aChange('A')] }).press('r')
  const revealed = (): boolean => {
    const { screen } = topOf(run.state)
    return screen.name === 'secrets' && screen.reveal !== undefined
  }
  assert.ok(revealed())
  run.press('ctrl-z')
  assert.not(revealed())
  assert.ok(run.requests.some(({ effect }) => effect.kind === 'suspend'))
})

test.run()
