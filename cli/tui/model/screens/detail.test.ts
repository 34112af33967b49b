import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ScreenEvent } from '../event.js'
import {
  base64,
  got,
  hear,
  isBlank,
  opened,
  PLACE,
  press,
  pressed,
  seen,
  staged,
  THREE,
  told,
  version,
  WORLD,
} from '../testing/detail.js'
import { aWorld, NOON } from '../testing/world.js'
import type { World } from '../world.js'
import { detailScreen } from './detail.js'
import { openDetail, type DetailState } from './detail-state.js'

test('it asks for versions and readers, and shows who wrote what and when', () => {
  const calls = JSON.stringify(openDetail(PLACE, 'KEY', WORLD).effects)
  for (const method of ['secretHistory', 'projectMemberList', 'runnerList']) {
    assert.match(calls, `"${method}"`)
  }
  assert.match(JSON.stringify(openDetail({ kind: 'user' }, 'KEY', WORLD).effects), /"deviceList"/)
  const text = seen(opened())
  assert.match(text, /value {4}••••/)
  assert.match(text, /version 3 · 30 bytes · 7m ago · Bob on desk · \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
  assert.match(text, /❯ \* {2}v3 .*7m .*30 B/)
  assert.match(text, /v2 .*rotated/)
})

test('a value is seen when asked for, and leaves the state by itself', () => {
  const asked = press(opened(), 'r')
  assert.match(JSON.stringify(asked.effects), /"secretGet".*"version":"id3".*"show id3"/)
  const shown = hear(asked.screen, got(3, base64('hunter2')))
  assert.match(seen(shown.screen), /value {4}hunter2/)
  const [timer] = shown.effects
  assert.equal(timer, { kind: 'timer', ms: 10_000, tag: String(NOON + 10_000) })
  const gone = [
    hear(shown.screen, { kind: 'timer', tag: String(NOON + 10_000) }),
    hear(shown.screen, { kind: 'hidden' }),
    press(shown.screen, 'r'),
    press(shown.screen, 'j'),
    press(shown.screen, 'e'),
    press(shown.screen, 'd'),
  ]
  for (const { screen } of gone) assert.ok(isBlank(screen, 'hunter2'))
  assert.not(isBlank(hear(shown.screen, { kind: 'timer', tag: '1' }).screen, 'hunter2'))
})

test('a value that comes after one moved on, or masked it, is not kept', () => {
  const asked = press(opened(), 'r').screen
  for (const screen of [pressed(asked, 'j'), pressed(asked, 'r')]) {
    assert.ok(isBlank(hear(screen, got(3, base64('hunter2'))).screen, 'hunter2'))
  }
  assert.ok(isBlank(hear(opened(), got(3, base64('hunter2'))).screen, 'hunter2'))
})

test('many lines have the screen to themselves, and scroll', () => {
  const text = Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n')
  const screen = hear(press(opened(), 'r').screen, got(3, base64(text))).screen
  assert.match(seen(screen), /lines 1–19 of 40.*\nline 0\nline 1\n/)
  assert.match(seen(pressed(screen, 'j', 'j')), /lines 3–21 of 40/)
  assert.match(seen(pressed(screen, 'G')), /line 39$/)
  assert.match(seen(pressed(screen, 'esc')), /versions/)
  assert.ok(isBlank(pressed(screen, 'esc'), 'line 7'))
  seen(screen, WORLD, 5, 2)
})

test('what a terminal would obey is shown, bytes are counted, and long lines are broken, not cut', () => {
  const show = (value: string): DetailState =>
    hear(press(opened(), 'r').screen, got(3, value)).screen
  assert.match(seen(show(base64('a\u{1b}[2Jb'))), /a\\u\{1b\}\[2Jb/)
  assert.match(seen(show('//79')), /3 bytes, no text/)
  const long = seen(show(base64('0123456789'.repeat(20))))
  assert.is(long.split('\n').slice(1).join(''), '0123456789'.repeat(20))
})

test('copying gives the value to the clipboard and to nothing else', () => {
  const asked = press(pressed(opened(), 'j'), 'y')
  const copied = hear(asked.screen, got(2, base64('old'), 'copy'))
  assert.equal(copied.effects, [{ kind: 'copy', value: base64('old'), what: 'KEY (version 2)' }])
  assert.ok(isBlank(copied.screen, 'old'))
  const current = hear(opened(), got(3, base64('new'), 'copy'))
  assert.equal(current.effects, [{ kind: 'copy', value: base64('new'), what: 'KEY' }])
})

test('versions are compared line by line, masked until asked for', () => {
  const diff = pressed(opened(), 'j', 'D')
  assert.match(seen(diff), /^- version 2.*\n\+ version 3 \(current\).*\n {2}••••/)
  const asked = press(diff, 'r')
  assert.is(asked.effects.length, 2)
  const half = hear(asked.screen, got(2, base64('a\nold\nc'))).screen
  assert.not.match(seen(half), /old/)
  const shown = hear(half, got(3, base64('a\nnew\nc'))).screen
  assert.match(seen(shown), / {2}a\n- old\n\+ new\n {2}c/)
  assert.ok(isBlank(hear(shown, { kind: 'hidden' }).screen, 'old'))
  assert.ok(isBlank(pressed(shown, 'esc'), 'new'))
  assert.match(seen(pressed(shown, 'esc')), /versions/)
})

test('the current version is compared with the one before, bytes by their number', () => {
  const diff = press(pressed(opened(), 'enter'), 'r').screen
  assert.match(seen(diff), /^- version 2/)
  const shown = hear(hear(diff, got(2, '//79')).screen, got(3, base64('text'))).screen
  assert.match(seen(shown), /- 3 bytes, no text\n\+ text of 4 characters/)
  const same = hear(hear(diff, got(2, base64('x'))).screen, got(3, base64('x'))).screen
  assert.match(seen(same), /the same/)
})

test('a version comes back after a question', () => {
  assert.not.match(JSON.stringify(press(opened(), 'b').effects), /dialog/)
  const asked = press(pressed(opened(), 'j'), 'b')
  assert.match(JSON.stringify(asked.effects), /Bring version 2 back/)
  const [call] = hear(asked.screen, { kind: 'dialog', tag: 'rollback id2', values: {} }).effects
  assert.match(JSON.stringify(call), /"secretRollback".*"name":"KEY","version":"id2"/)
})

test('what is sealed is neither read nor brought back, and its readers are runners', () => {
  const ci = { deviceId: 'ee'.repeat(32), name: 'ci', fingerprint: 'aaaa-bbbb-cccc-dddd' }
  const gone = { deviceId: 'ab'.repeat(32), name: '', fingerprint: null }
  const sealed = [
    version(2, { current: true, sealed: true, sealedTo: [ci, gone] }),
    version(1, { sealed: true, sealedTo: [] }),
  ]
  const screen = opened(sealed)
  assert.match(seen(screen), /S sealed: only its runners/)
  for (const key of ['r', 'y']) {
    assert.match(JSON.stringify(press(screen, key).effects), /"note".*sealed/)
  }
  assert.equal(press(pressed(screen, 'j'), 'b').effects, [])
  assert.match(JSON.stringify(press(pressed(screen, 'D'), 'r').effects), /"note".*sealed/)
  assert.match(seen(screen), /readers {2}runner ci, runner abababab *\n/)
  const all = JSON.stringify(press(screen, 'm').effects)
  assert.match(all, /only these runners.*"runner ci {2}aaaa-bbbb-cccc-dddd","runner abababab"/)
  const nobody = opened([version(1, { current: true, sealed: true, sealedTo: [] })])
  assert.match(seen(nobody), /readers {2}nobody/)
  assert.match(JSON.stringify(press(nobody, 'm').effects), /nobody opens it/)
  const unknown = opened([version(1, { current: true, sealed: true })])
  assert.match(seen(unknown), /readers {2}not known/)
  assert.match(JSON.stringify(press(unknown, 'm').effects), /to whom is not known here/)
  const quiet = (key: string, of: DetailState): boolean | undefined => {
    const found = detailScreen.bindings.find(({ keys }) => keys.includes(key))?.quiet
    return typeof found === 'function' ? found(of, WORLD) : found
  }
  assert.equal([quiet('r', screen), quiet('y', screen)], [true, true])
  assert.equal([quiet('r', opened()), quiet('y', opened())], [false, false])
})

test('of what is readable the runners that were given it are readers, too', () => {
  const runner = { deviceId: 'ee'.repeat(32), fingerprint: null, addedAt: 0, expiresAt: null }
  const vault = { vaultId: 'ab'.repeat(16), kind: 'project' } as const
  const runners = [
    { ...runner, name: 'ci', expired: false, names: ['KEY'], missing: [] },
    { ...runner, name: 'late', expired: true, names: ['KEY'], missing: [] },
    { ...runner, name: 'empty', expired: false, names: ['KEY'], missing: ['KEY'] },
    { ...runner, name: 'other', expired: false, names: ['X'], missing: [] },
  ]
  const result = { vault, runners, warnings: [] }
  const tag = 'readers'
  const known = hear(opened(), { kind: 'answered', method: 'runnerList', tag, result }).screen
  const members = { org: 'acme', project: 'web', members: [], warnings: [] }
  const both = { kind: 'answered', method: 'projectMemberList', tag, result: members } as const
  assert.match(seen(hear(known, both).screen), /readers {2}runner ci *\n/)
  assert.match(JSON.stringify(press(known, 'm').effects), /\["runner ci"\]/)
})

test('readers are those whose level gives them values', () => {
  const member = { userId: 'a1'.repeat(8), since: 0, self: false, lookalike: false }
  const members = (['owner', 'read', 'seal', 'read+secrets'] as const).map((level, i) => ({
    member: { ...member, level, name: `P${i}`, email: `p${i}@x.org`, self: i === 0 },
    own: false,
  }))
  const result = { org: 'acme', project: 'web', members, warnings: [] }
  const event = { kind: 'answered', method: 'projectMemberList', tag: 'readers', result } as const
  const screen = hear(opened(), event).screen
  assert.match(seen(screen), /readers {2}you, P3 *\n/)
  const all = JSON.stringify(press(screen, 'm').effects)
  assert.match(all, /P3 <p3@x.org> {2}read\+secrets/)
  assert.not.match(all, /P1|P2/)
  assert.match(all, /Runners: not known/)
})

test('what is staged stands above the history, and can be seen and compared', () => {
  const world = aWorld({ staged: [staged('draft')] })
  const screen = opened(THREE, world)
  assert.match(
    seen(screen, world),
    /written {2}not yet: w saves it[^]*❯ ~ {2}a new value, not saved/,
  )
  const shown = press(screen, 'r', world).screen
  assert.match(seen(shown, world), /value {4}draft/)
  const diff = press(press(screen, 'D', world).screen, 'r', world).screen
  assert.match(seen(hear(diff, got(3, base64('old')), world).screen, world), /- old\n\+ draft/)
  const gone = hear(shown, { kind: 'refreshed' }, WORLD).screen
  assert.match(seen(gone), /❯ \* {2}v3/)
  assert.ok(isBlank(gone, 'draft'))
  const deleted = aWorld({ staged: [staged(undefined)] })
  assert.match(seen(opened(THREE, deleted), deleted), /- {2}to be deleted/)
})

test('the choice stays with its version when something is staged or taken back', () => {
  const older = pressed(opened(), 'j')
  const world = aWorld({ staged: [staged('draft')] })
  const more = hear(older, { kind: 'refreshed' }, world).screen
  assert.match(seen(more, world), /❯ {4}v2/)
  assert.match(seen(hear(more, { kind: 'refreshed' }).screen), /❯ {4}v2/)
})

test('a delete is staged over the current version', () => {
  const [stage] = press(opened(), 'd').effects
  assert.equal(stage, { kind: 'stage', change: staged(undefined) })
  const gone = opened([version(4, { kind: 'delete' }), version(3)])
  assert.match(seen(gone), /- deleted/)
  assert.equal(press(gone, 'd').effects, [])
})

test('a change elsewhere is read anew, and the choice stays where it was meant', () => {
  const vault = { vaultId: 'ab'.repeat(16), ...PLACE }
  const changed = (names: readonly string[] | null): ScreenEvent => ({
    kind: 'changed',
    vault,
    names,
  })
  assert.equal(hear(opened(), changed(['OTHER'])).effects, [])
  assert.is(hear(opened(), changed(['KEY'])).effects.length, 1)
  assert.is(hear(opened(), changed(null)).effects.length, 1)
  const four = [version(4, { current: true }), version(3), version(2), version(1)]
  const shown = hear(press(opened(), 'r').screen, got(3, base64('hunter2'))).screen
  assert.match(seen(told(shown, four)), /❯ \* {2}v4/)
  assert.ok(isBlank(told(shown, four), 'hunter2'))
  assert.match(seen(told(pressed(opened(), 'j'), four)), /❯ {4}v2/)
})

test('signs have words: conflict, queue, clock', () => {
  const apart = [
    version(3, { current: true, sibling: true, queued: true, futureClock: true }),
    version(2, { sibling: true }),
  ]
  const screen = opened(apart)
  const text = seen(screen)
  assert.match(text, /C in conflict/)
  assert.match(text, /↑ queued/)
  assert.match(text, /! its clock/)
  assert.match(text, /\*↑ v3/)
  assert.match(text, /C {2}v2/)
  assert.match(JSON.stringify(press(screen, 'c').effects), /"conflicts".*coffer:\/\/acme\/web\/KEY/)
})

test('every window has the value and some of the history', () => {
  const many = Array.from({ length: 30 }, (_, i) => version(30 - i, { current: i === 0 }))
  const world: World = aWorld({ columns: 40, rows: 10 })
  const text = seen(opened(many, world), world, 40, 6)
  assert.match(text, /^value/)
  assert.match(text, /❯ \* {2}v30/)
  const last = pressed(opened(many, world), 'G')
  assert.match(seen(last, world, 40, 6), /❯ {4}v1 /)
  seen(opened(many, world), world, 200, 56)
})

test.run()
