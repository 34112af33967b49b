import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import type { Effect } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import { aWorld, keyOf, keysOf } from '../testing/world.js'
import type { Turn } from '../turn.js'
import { textIn } from '../text-area.js'
import { editView } from '../views/edit.js'
import { widthOf } from '../views/line.js'
import type { World } from '../world.js'
import { editScreen } from './edit.js'
import { openEdit, type EditState } from './edit-state.js'

const PLACE = { kind: 'project', org: 'acme', project: 'web' } as const
const WORLD = aWorld()
const base64 = (text: string): string => toBase64(utf8(text))
const AUTHOR = { deviceId: 'd1'.repeat(16), self: true }

function got(value: string, id = 'aa', tag = 'begin'): ScreenEvent {
  return {
    kind: 'answered',
    method: 'secretGet',
    tag,
    result: {
      reference: 'coffer://acme/web/KEY',
      value,
      version: { id, number: 1 },
      at: 0,
      author: AUTHOR,
      warnings: [],
    },
  }
}

function failed(
  code: 'not-found' | 'format' | 'refused',
  reason: string,
  tag = 'begin',
): ScreenEvent {
  const failure = { code, reason, message: `it is ${reason}`, next: '' }
  return { kind: 'failed', method: 'secretGet', tag, failure }
}

function hear(screen: EditState, event: ScreenEvent, world = WORLD): Turn<EditState> {
  return editScreen.update(screen, event, world)
}

function type(screen: EditState, ...names: readonly string[]): EditState {
  return names.reduce((next, name) => hear(next, { kind: 'key', key: keyOf(name) }).screen, screen)
}

function press(screen: EditState, name: string, world = WORLD): Turn<EditState> {
  const binding = editScreen.bindings.find(
    ({ keys, when }) => keys.includes(name) && (when === undefined || when(screen, world)),
  )
  assert.ok(binding, name)
  return binding.run(screen, world)
}

function answer(screen: EditState, tag: string, values = {}): Turn<EditState> {
  return hear(screen, { kind: 'dialog', tag, values })
}

const kinds = ({ effects }: Turn<EditState>): readonly string[] => effects.map(({ kind }) => kind)

function stagedBy({ effects }: Turn<EditState>): Extract<Effect, { kind: 'stage' }>['change'] {
  const found = effects.find((one) => one.kind === 'stage')
  assert.ok(found)
  return found.change
}

function askedBy({ effects }: Turn<EditState>): Extract<Effect, { kind: 'dialog' }>['dialog'] {
  const found = effects.find((one) => one.kind === 'dialog')
  assert.ok(found)
  return found.dialog
}

function opened(text: string, world: World = WORLD): EditState {
  return hear(openEdit(PLACE, 'KEY', world).screen, got(base64(text)), world).screen
}

function fresh(text: string): EditState {
  const named = keysOf('KEY').reduce(
    (next, key) => hear(next, { kind: 'key', key }).screen,
    openEdit(PLACE, undefined, WORLD).screen,
  )
  const reading = press(named, 'enter').screen
  const screen = hear(reading, failed('not-found', 'no-secret')).screen
  return hear(screen, { kind: 'paste', text }).screen
}

function seen(screen: EditState, width = 40, height = 6): string {
  const lines = editView(screen, WORLD, { width, height })
  assert.ok(lines.length <= height, `${lines.length} lines`)
  const texts = lines.map(({ spans }) => spans.map(({ text }) => text).join(''))
  for (const text of texts) assert.ok(widthOf(text) <= width, text)
  return texts.join('\n')
}

test('a value is read, typed over, and staged over what was read', () => {
  const begin = openEdit(PLACE, 'KEY', WORLD)
  assert.match(JSON.stringify(begin.effects), /"secretGet".*"name":"KEY"/)
  assert.not(editScreen.typing(begin.screen, WORLD))
  const screen = type(opened('one\ntwo'), 'down', 'end', '!')
  assert.ok(editScreen.typing(screen, WORLD))
  assert.match(editScreen.unsaved?.(screen) ?? '', /KEY/)
  const saved = press(screen, 'ctrl-s')
  assert.equal(kinds(saved), ['stage', 'back', 'note'])
  assert.equal(stagedBy(saved), {
    place: PLACE,
    name: 'KEY',
    value: base64('one\ntwo!'),
    over: 'aa',
    overtaken: false,
  })
  assert.not.match(JSON.stringify(saved.effects.at(-1)), /two/)
})

test('nothing typed is nothing staged, and nothing to ask about', () => {
  const screen = opened('one')
  assert.is(editScreen.unsaved?.(screen), undefined)
  assert.equal(kinds(press(screen, 'ctrl-s')), ['note', 'back'])
  assert.equal(kinds(press(screen, 'esc')), ['back'])
})

test('what is typed goes only after a question', () => {
  const left = press(type(opened('one'), 'x'), 'esc')
  assert.equal(kinds(left), ['dialog'])
  assert.equal(kinds(answer(left.screen, 'leave')), ['back'])
})

test('a new one has a name first, which the daemon looks up', () => {
  const screen = openEdit(PLACE, undefined, WORLD).screen
  assert.match(seen(screen), /name/)
  for (const [name, problem] of [
    ['', /needs a name/],
    ['A=B', /no '='/],
    ['/user/A', /of this place/],
    ['coffer://a/b/C', /of this place/],
    ['a/', /ends with no slash/],
  ] as const) {
    const next = press(hear(screen, { kind: 'paste', text: name }).screen, 'enter')
    assert.equal(next.effects, [])
    assert.match(seen(next.screen), problem)
    assert.is(type(next.screen, 'x').problem, undefined)
  }
  const named = fresh('v')
  assert.is(named.secret, 'KEY')
  assert.is(stagedBy(press(named, 'ctrl-s')).over, undefined)
})

test('a name that is there becomes an edit; one that won’t do is asked for again', () => {
  const named = press(type(openEdit(PLACE, undefined, WORLD).screen, 'K'), 'enter').screen
  const there = hear(named, got(base64('old')))
  assert.match(JSON.stringify(there.effects), /is there already/)
  assert.is(textIn(there.screen.area), 'old')
  assert.is(there.screen.over, 'aa')
  const refused = hear(named, failed('format', 'mixed-script')).screen
  assert.is(refused.phase, 'naming')
  assert.is(refused.naming.text, 'K')
  assert.match(seen(refused), /it is mixed-script/)
})

test('what is staged already is what is edited', () => {
  const change = {
    place: PLACE,
    name: 'KEY',
    value: base64('staged'),
    over: 'aa',
    overtaken: false,
  }
  assert.is(textIn(opened('saved', aWorld({ staged: [change] })).area), 'staged')
  const other = { ...change, place: { kind: 'user' } as const }
  assert.is(textIn(opened('saved', aWorld({ staged: [other] })).area), 'saved')
})

test('bytes that are no text, and what may not be read, are not edited here', () => {
  const binary = hear(openEdit(PLACE, 'KEY', WORLD).screen, got('/w==')).screen
  assert.match(seen(binary), /secret set --file/)
  assert.not(editScreen.typing(binary, WORLD))
  assert.is(type(binary, 'x').area, binary.area)
  const sealed = hear(openEdit(PLACE, 'KEY', WORLD).screen, failed('refused', 'role')).screen
  assert.match(seen(sealed), /it is role/)
})

test('an empty value, and a newline behind one line, are asked about', () => {
  const empty = press(fresh(''), 'ctrl-s')
  assert.is(askedBy(empty).tag, 'empty')
  assert.is(stagedBy(answer(empty.screen, 'empty')).value, '')
  const habit = press(fresh('pw\n'), 'ctrl-s')
  assert.is(askedBy(habit).tag, 'newline')
  assert.is(stagedBy(answer(habit.screen, 'newline', { id: 'without' })).value, base64('pw'))
  assert.is(stagedBy(answer(habit.screen, 'newline', { id: 'with' })).value, base64('pw\n'))
  assert.equal(kinds(press(fresh('a\nb\n'), 'ctrl-s')), ['stage', 'back', 'note'])
  assert.equal(kinds(press(type(opened('a\n'), 'x'), 'ctrl-s')), ['stage', 'back', 'note'])
})

test('a value longer than the limit stays here', () => {
  const long = press(fresh('a'.repeat(512 * 1024 + 1)), 'ctrl-s')
  assert.equal(kinds(long), ['note'])
  assert.match(JSON.stringify(long.effects), /524289 bytes are too many/)
  assert.equal(kinds(press(fresh('ä'.repeat(256 * 1024)), 'ctrl-s')), ['stage', 'back', 'note'])
})

test('the person’s editor gets the text, and what it leaves is typed', () => {
  const screen = type(opened('one'), 'x')
  const [effect] = press(screen, 'ctrl-o').effects
  assert.equal(effect, { kind: 'edit', tag: 'editor', name: 'KEY', text: 'xone' })
  assert.is(textIn(hear(screen, { kind: 'edited', tag: 'editor', text: 'two' }).screen.area), 'two')
  const same = hear(screen, { kind: 'edited', tag: 'editor', text: undefined })
  assert.is(textIn(same.screen.area), 'xone')
  const failure = { code: 'storage', reason: 'editor', message: 'no such', next: '' } as const
  const bad = hear(screen, { kind: 'edit-failed', tag: 'editor', failure })
  assert.is(textIn(bad.screen.area), 'xone')
  assert.equal(kinds(bad), ['note'])
})

test('a random value is the daemon’s, in place of all or at the cursor', () => {
  const screen = type(opened('ab'), 'right')
  assert.match(JSON.stringify(askedBy(press(screen, 'ctrl-g'))), /"length".*"charset".*"where"/)
  assert.not.match(JSON.stringify(askedBy(press(fresh(''), 'ctrl-g'))), /"where"/)
  const values = { length: '8', charset: 'hex', where: 'at the cursor' }
  const [effect] = answer(screen, 'generate', values).effects
  assert.equal(effect, {
    kind: 'call',
    method: 'valueGenerate',
    params: { length: 8, charset: 'hex' },
    tag: 'insert',
  })
  const made = (tag: string, meanwhile = ''): string => {
    const waiting = answer(screen, 'generate', { ...values, where: tag }).screen
    const result = { value: base64('XY') }
    const event = { kind: 'answered', method: 'valueGenerate', tag, result } as const
    return textIn(hear(type(waiting, ...Array.from(meanwhile)), event).screen.area)
  }
  assert.is(made('insert'), 'aXYb')
  assert.is(made('insert', 'c'), 'acXYb')
  assert.is(made('replace'), 'XY')
  assert.is(made('replace', 'c'), 'acb', 'what was typed meanwhile stays')
  for (const length of ['0', '', '4097', 'x']) {
    const again = answer(screen, 'generate', { length, charset: 'hex' })
    assert.match(JSON.stringify(askedBy(again)), /length is 1 to 4096/)
  }
})

test('what somebody else writes meanwhile is seen, and staged as overtaken', () => {
  const screen = type(opened('one'), 'x')
  const vault = { vaultId: 'ab'.repeat(16), ...PLACE }
  const changed = (names: readonly string[] | null): ScreenEvent => ({
    kind: 'changed',
    vault,
    names,
  })
  assert.equal(hear(screen, changed(['OTHER'])).effects, [])
  assert.equal(kinds(hear(screen, changed(['KEY']))), ['call'])
  assert.equal(kinds(hear(screen, changed(null))), ['call'])
  assert.not(hear(screen, got(base64('one'), 'aa', 'again')).screen.overtaken)
  const over = hear(screen, got(base64('two'), 'bb', 'again')).screen
  assert.is(textIn(over.area), 'xone')
  assert.match(seen(over), /! written elsewhere/)
  assert.ok(stagedBy(press(over, 'ctrl-s')).overtaken)
  assert.ok(hear(screen, failed('not-found', 'no-secret', 'again')).screen.overtaken)
})

test('the text can be hidden, and is when the terminal goes to somebody else', () => {
  const screen = opened('hunter2\nhunter3')
  assert.match(seen(screen), /hunter2\nhunter3/)
  for (const hidden of [press(screen, 'ctrl-r').screen, hear(screen, { kind: 'hidden' }).screen]) {
    assert.not.match(seen(hidden), /hunter/)
    assert.match(seen(hidden), /hidden/)
    assert.match(seen(press(hidden, 'ctrl-r').screen), /hunter2/)
  }
})

test('escapes are seen, and every line fits', () => {
  const screen = opened(`a\u{1b}]0;x\u{7}\n${'漢'.repeat(60)}\n${'b'.repeat(300)}`)
  assert.match(seen(screen), /a\\u\{1b\}\]0;x\\u\{7\}/)
  const down = type(screen, 'down', 'end', 'down')
  assert.not(seen(down).includes('\u{1b}'))
  assert.match(seen(down), /b/)
  seen(down, 10, 2)
})

test.run()
