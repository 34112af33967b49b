import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { aSibling, b64, MINE, REFERENCE, Run, THEIRS, TWO } from '../testing/conflicts.js'
import { aWorld, NOON } from '../testing/world.js'
import { widthOf } from '../views/line.js'
import { bodyHeight, type World } from '../world.js'

const opened = (conflict = TWO, world?: World): Run => new Run(world).list(conflict).press('enter')
const TEXTS = { ba: b64('a\nb\nc'), aa: b64('a\nx\nc'), bb: b64('a\ny\nc') }

test('it lists all conflicts of all vaults, and asks once more for all that changed meanwhile', () => {
  const run = new Run()
  const call = run.asked('call')
  assert.equal([call.method, 'all' in call.params && call.params.all], ['conflictsList', true])
  assert.equal(run.hear({ kind: 'refreshed' }).kinds, [])
  const vault = { vaultId: 'v', kind: 'user' } as const
  assert.equal(run.hear({ kind: 'changed', vault, names: null }).kinds, [])
  assert.equal(run.list(TWO).kinds, ['call'])
  assert.equal(run.list(TWO).kinds, [])
  assert.match(run.seen[0]!, /❯ acme\/web\/CONFIG +2 values +this device +1m/)
  assert.equal(run.hear({ kind: 'refreshed' }).kinds, ['call'])
})

test('it opens the one that was asked for, if it is in conflict', () => {
  const other = { ...TWO, reference: '/user/A' }
  assert.is(new Run(aWorld(), REFERENCE).list(other, TWO).screen.one?.conflict, TWO)
  const run = new Run(aWorld(), REFERENCE).list(other)
  assert.is(run.screen.one, undefined)
  assert.is(run.list(other, TWO).screen.one, undefined, 'later it is not opened by itself')
})

test('one conflict: base, mine, theirs; who, how much, which is served; nothing of the values', () => {
  const [base, mine, theirs, heading, value] = opened().seen
  assert.match(base!, /^ {4}base +Bob on desk ba +3 bytes +1m$/)
  assert.match(mine!, /^❯ 1 mine +served this device +3 bytes +1m$/)
  assert.match(theirs!, /^ {2}2 theirs +Bob on desk bb +3 bytes +1m$/)
  assert.is(heading, '── mine · served · 3 bytes · 2025-11-27 11:59 UTC')
  assert.is(value, '••••••••••••')
})

test('where none is of this device no value is called mine', () => {
  const rows = opened({ ...TWO, siblings: [aSibling('cc'), THEIRS, aSibling('dd')] }).seen
  const labels = ['base', '1 one', '2 other', '3 other 2']
  labels.forEach((label, i) => assert.ok(rows[i]!.slice(2).trimStart().startsWith(`${label}  `)))
})

test('values are seen for some seconds, and then nowhere any more', () => {
  for (const end of [{ kind: 'timer', tag: String(NOON + 10_000) }, { kind: 'hidden' }] as const) {
    const run = opened().press('r')
    assert.equal(run.kinds, ['timer', 'call', 'call', 'call'])
    run.read('reveal', TEXTS)
    assert.equal(run.seen.slice(4), ['a', 'x', 'c'])
    run.hear({ kind: 'timer', tag: '1' })
    assert.ok(JSON.stringify(run.screen).includes(TEXTS.aa))
    run.hear(end)
    for (const value of Object.values(TEXTS)) {
      assert.not(JSON.stringify(run.screen).includes(value), end.kind)
    }
    run.read('reveal', TEXTS)
    assert.not(JSON.stringify(run.screen).includes(TEXTS.aa), 'what comes late is dropped')
  }
})

test('what is no text is told by its length, a delete as deleted, a failure by its message', () => {
  const run = opened({ ...TWO, siblings: [MINE, THEIRS, aSibling('cc', { kind: 'delete' })] })
  run.press('r').read('reveal', { aa: '/w==' })
  assert.is(run.seen.at(-1), '1 bytes, no text')
  const failure = { code: 'refused', reason: 'sealed', message: 'it is sealed', next: '' } as const
  const tag = `reveal ${'bb'.repeat(32)}`
  run.hear({ kind: 'failed', method: 'secretGet', tag, failure })
  assert.is(run.press('j').seen.at(-1), 'it is sealed')
  assert.is(run.press('j').seen.at(-1), 'deleted')
})

test('a diff against the base has signs, and is there only while the values are', () => {
  const run = opened().press('D')
  assert.is(run.seen[4], '••••••••••••')
  run.press('r').read('reveal', TEXTS).press('D')
  assert.equal(run.seen.slice(4), ['  a', '- b', '+ x', '  c'])
  run.hear({ kind: 'hidden' })
  assert.equal(run.seen.slice(4), ['••••••••••••'])
})

test('choosing names author and time, and asks before it ends the conflict', () => {
  for (const keys of [['2'], ['j', 'enter']]) {
    const run = opened().press(...keys)
    const { dialog } = run.asked('dialog')
    assert.ok(dialog.kind === 'confirm')
    assert.match(dialog.lines[0]!, /theirs: written by Bob on desk bb, 2025-11-27 11:59/)
    const { method, params } = run.answer().asked('call')
    const choice = { kind: 'version', version: 'bb'.repeat(32) }
    assert.equal(
      [method, params],
      ['conflictsResolve', { context: { cwd: '/home/ada', env: {} }, name: REFERENCE, choice }],
    )
    const result = { reference: REFERENCE, version: MINE.version, created: false, warnings: [] }
    run.hear({ kind: 'answered', method: 'conflictsResolve', tag: '', result })
    assert.is(run.screen.one, undefined)
    assert.is(run.asked('note').tone, 'good')
  }
})

test('the base is not chosen, and nothing is when somebody wrote again meanwhile', () => {
  assert.equal(opened().press('k', 'enter').kinds, [])
  const run = opened().press('1')
  const { tag } = run.asked('dialog').dialog
  run.list({ ...TWO, siblings: [MINE, THEIRS, aSibling('cc')] })
  assert.equal(run.hear({ kind: 'dialog', tag, values: {} }).kinds, ['note'])
})

test('a conflict that somebody ended closes; one that grew keeps the chosen side', () => {
  const run = opened().press('j')
  run.list({ ...TWO, siblings: [aSibling('cc'), MINE, THEIRS] })
  assert.match(run.seen[3]!, /^❯ 3 theirs 2/)
  run.list()
  assert.is(run.screen.one, undefined)
  assert.is(run.asked('note').text, 'acme/web/CONFIG is in conflict no more')
})

test('a merge is edited with markers, refused while they are in it, and asked about', () => {
  const run = opened().press('m')
  assert.equal(run.kinds, ['call', 'call', 'call'])
  run.read('merge', TEXTS)
  const edit = run.asked('edit')
  assert.is(edit.text, 'a\n<<<<<<< mine\nx\n||||||| base\nb\n=======\ny\n>>>>>>> theirs\nc')
  run.hear({ kind: 'edited', tag: 'merge', text: edit.text.replace('>>>>>>> theirs\n', '') })
  assert.is(run.asked('dialog').dialog.title, 'Markers are left')
  assert.is(run.answer().asked('edit').text, edit.text.replace('>>>>>>> theirs\n', ''))
  run.hear({ kind: 'edited', tag: 'merge', text: 'a\nxy\nc\n' })
  assert.is(run.asked('dialog').dialog.title, 'Save the merged acme/web/CONFIG?')
  const { params } = run.answer().asked('call')
  // No value ended with a line feed: the editor's own is taken off.
  assert.equal('choice' in params && params.choice, { kind: 'value', value: b64('a\nxy\nc') })
  assert.is(run.screen.one?.merging, undefined)
})

test('what merges clean may be taken as it is, or looked at', () => {
  const texts = { ...TEXTS, aa: b64('x\nb\nc'), bb: b64('a\nb\nz') }
  const run = opened().press('r').read('reveal', texts).press('m')
  assert.is(run.asked('dialog').dialog.kind, 'choice')
  const dialog = run.answer({ id: 'take' }).asked('dialog').dialog
  assert.is(dialog.title, 'Save the merged acme/web/CONFIG?')
  assert.is(dialog.kind === 'confirm' && dialog.lines[0], '3 lines, 5 bytes, over 2 values.')
  const { params } = run.answer().asked('call')
  assert.equal('choice' in params && params.choice, { kind: 'value', value: b64('x\nb\nz') })
  const other = opened().press('m').read('merge', texts)
  assert.is(other.answer({ id: 'edit' }).asked('edit').text, 'x\nb\nz')
})

test('a merge that is left or hidden is forgotten, and one that was overtaken asks again', () => {
  for (const end of [{ kind: 'dialog-left', tag: 'merge-save' }, { kind: 'hidden' }] as const) {
    const run = opened().press('m').read('merge', TEXTS)
    run.hear({ kind: 'edited', tag: 'merge', text: 'kept secret' })
    assert.ok(JSON.stringify(run.screen).includes('kept secret'))
    run.hear(end)
    assert.not(JSON.stringify(run.screen).includes('kept secret'))
    assert.equal(run.hear({ kind: 'dialog', tag: 'merge-save', values: {} }).kinds, ['note'])
  }
  const run = opened().press('m').read('merge', TEXTS)
  run.hear({ kind: 'edited', tag: 'merge', text: 'm' })
  const { tag } = run.asked('dialog').dialog
  run.list({ ...TWO, siblings: [MINE, THEIRS, aSibling('cc')] })
  const { dialog } = run.hear({ kind: 'dialog', tag, values: {} }).asked('dialog')
  assert.ok(dialog.kind === 'confirm' && dialog.lines[0]!.startsWith('Somebody wrote it again'))
  assert.is(run.answer().asked('call').method, 'conflictsResolve')
})

test('a question that was left ends no merge that is under way', () => {
  const run = opened().press('m', '1')
  const { tag } = run.asked('dialog').dialog
  run.hear({ kind: 'dialog-left', tag }).read('merge', TEXTS)
  assert.is(run.asked('edit').tag, 'merge')
})

test('bytes that are no text are chosen, not merged; without the base a merge goes on', () => {
  const run = opened()
    .press('m')
    .read('merge', { ...TEXTS, bb: '/w==' })
  assert.equal([run.kinds, run.screen.one?.merging], [['note'], undefined])
  const other = opened().press('m').read('merge', { aa: TEXTS.aa, bb: TEXTS.bb })
  const failure = { code: 'storage', reason: 'gone', message: 'it is gone', next: '' } as const
  const tag = `merge ${'ba'.repeat(32)}`
  other.hear({ kind: 'failed', method: 'secretGet', tag, failure })
  assert.not(other.asked('edit').text.includes('base'))
  const lone = opened({ ...TWO, siblings: [MINE, aSibling('cc', { kind: 'delete' })] })
  assert.equal(lone.press('m').kinds, [], 'there is nothing to merge with a delete')
})

test('it fits every window, whatever is in it', () => {
  const wide = '漢字\u{1b}[31m'.repeat(30)
  const many = Array.from({ length: 12 }, (_, i) => aSibling(String(i + 10)))
  const text = b64(Array.from({ length: 300 }, () => wide).join('\n'))
  for (const [columns, rows] of [
    [40, 10],
    [80, 24],
    [200, 60],
  ] as const) {
    const run = opened({ ...TWO, siblings: [MINE, ...many] }, aWorld({ columns, rows }))
    run.press('r').read('reveal', { ba: text, aa: b64('x') })
    for (const keys of [['k'], ['page-down'], ['end'], ['j', 'D'], ['G'], ['home']]) {
      run.press(...keys)
      assert.ok(run.seen.length <= bodyHeight(run.world), `${columns}: ${keys.join()}`)
      for (const seen of run.seen) assert.ok(widthOf(seen) <= columns, `${widthOf(seen)}: ${seen}`)
    }
  }
})

test.run()
