import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import type { Effect } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import type { Place } from '../place.js'
import { version } from '../testing/detail.js'
import { aWorld, keyOf } from '../testing/world.js'
import type { Turn } from '../turn.js'
import { editView } from '../views/edit.js'
import { editScreen } from './edit.js'
import { openEdit, type EditState } from './edit-state.js'

const WEB: Place = { kind: 'project', org: 'acme', project: 'web' }
const WORLD = aWorld()
const base64 = (text: string): string => toBase64(utf8(text))
const CI = { deviceId: 'ee'.repeat(32), name: 'ci', fingerprint: null }

function hear(screen: EditState, event: ScreenEvent, world = WORLD): Turn<EditState> {
  return editScreen.update(screen, event, world)
}

function press(screen: EditState, name: string): Turn<EditState> {
  const found = editScreen.bindings.find(
    ({ keys, when }) => keys.includes(name) && when?.(screen, WORLD) !== false,
  )
  return found === undefined
    ? hear(screen, { kind: 'key', key: keyOf(name) })
    : found.run(screen, WORLD)
}

function failed(reason: 'sealed' | 'no-secret'): ScreenEvent {
  const code = reason === 'sealed' ? 'refused' : 'not-found'
  const failure = { code, reason, message: 'no', next: '' } as const
  return { kind: 'failed', method: 'secretGet', tag: 'begin', failure }
}

/** Somebody edits what is sealed to ci. */
function onSealed(world = WORLD): EditState {
  const asked = hear(openEdit(WEB, 'KEY', world).screen, failed('sealed'), world)
  assert.match(JSON.stringify(asked.effects), /"secretHistory".*"name":"KEY"/)
  const versions = [
    version(2, { current: true, sealed: true, sealedTo: [CI] }),
    version(1, { sealed: true, sealedTo: [{ ...CI, name: 'old' }] }),
  ]
  const result = { reference: 'coffer://acme/web/KEY', versions, warnings: [] }
  const answer = { kind: 'answered', method: 'secretHistory', tag: 'sealed', result } as const
  return hear(asked.screen, answer, world).screen
}

/** Somebody types a new one. */
function fresh(place: Place = WEB): EditState {
  return hear(openEdit(place, 'NEW', WORLD).screen, failed('no-secret')).screen
}

const paste = (screen: EditState, text: string): EditState =>
  hear(screen, { kind: 'paste', text }).screen

function only<K extends Effect['kind']>(
  { effects }: Turn<EditState>,
  kind: K,
): Extract<Effect, { kind: K }> {
  const isIt = (one: Effect): one is Extract<Effect, { kind: K }> => one.kind === kind
  const [found, ...more] = effects.filter(isIt)
  if (found === undefined || more.length > 0) throw new Error(`not one ${kind}`)
  return found
}

function seen(screen: EditState): string {
  const lines = editView(screen, WORLD, { width: 80, height: 6 })
  return lines.map(({ spans }) => spans.map(({ text }) => text).join('')).join('\n')
}

test('what is sealed is written anew: nothing of it is shown, and it stays sealed', () => {
  const screen = onSealed()
  assert.match(seen(screen), /edit · sealed · line 1 of 1 · 0 bytes/)
  assert.is(press(screen, 'ctrl-t').screen.sealing, 'kept', 'no key makes it readable')
  const asked = press(paste(screen, 'newer'), 'ctrl-s')
  const { dialog } = only(asked, 'dialog')
  assert.match(JSON.stringify(dialog), /Seal KEY for whom\?.*Until now only these.*runner ci\./)
  assert.not.match(JSON.stringify(dialog), /newer|runner old/)
  const done = hear(asked.screen, { kind: 'dialog', tag: dialog.tag, values: { to: '' } })
  assert.equal(only(done, 'stage').change, {
    place: WEB,
    name: 'KEY',
    value: base64('newer'),
    over: 'id2',
    overtaken: false,
    seal: { to: [] },
  })
  assert.equal(
    done.effects.map(({ kind }) => kind),
    ['stage', 'back', 'note'],
  )
})

test('a new one is sealed by choice, for the runners that are typed', () => {
  const chosen = press(paste(fresh(), 'token'), 'ctrl-t').screen
  assert.match(seen(chosen), /new · sealed/)
  assert.match(editScreen.unsaved?.(chosen) ?? '', /NEW/)
  const asked = press(chosen, 'ctrl-s')
  const { tag } = only(asked, 'dialog').dialog
  const values = { to: ' ci, aaaa-bbbb-cccc-dddd ' }
  const { change } = only(hear(asked.screen, { kind: 'dialog', tag, values }), 'stage')
  assert.equal(change.seal, { to: ['ci', 'aaaa-bbbb-cccc-dddd'] })
  const readable = press(press(chosen, 'ctrl-t').screen, 'ctrl-s')
  assert.is(only(readable, 'stage').change.seal, undefined)
})

test('a readable one whose bytes stay is sealed all the same', () => {
  const value = base64('token')
  const author = { deviceId: 'd1'.repeat(32), self: true }
  const rest = { version: { id: 'aa', number: 1 }, at: 0, author, warnings: [] }
  const result = { reference: 'coffer://acme/web/KEY', value, ...rest }
  const begun = openEdit(WEB, 'KEY', WORLD).screen
  const read = hear(begun, { kind: 'answered', method: 'secretGet', tag: 'begin', result }).screen
  const asked = press(press(read, 'ctrl-t').screen, 'ctrl-s')
  const { tag } = only(asked, 'dialog').dialog
  const { change } = only(hear(asked.screen, { kind: 'dialog', tag, values: {} }), 'stage')
  assert.equal([change.value, change.over, change.seal], [value, 'aa', { to: [] }])
})

test("a newline that isn't meant is left out of what is sealed, too", () => {
  const asked = press(paste(onSealed(), 'newer\n'), 'ctrl-s')
  const newline = only(asked, 'dialog').dialog
  const values = { id: 'without' }
  const next = hear(asked.screen, { kind: 'dialog', tag: newline.tag, values })
  const { tag } = only(next, 'dialog').dialog
  const { change } = only(hear(next.screen, { kind: 'dialog', tag, values: {} }), 'stage')
  assert.equal([change.value, change.seal], [base64('newer'), { to: [] }])
})

test("a person's own vault has no runners to seal for", () => {
  const screen = fresh({ kind: 'user' })
  assert.is(press(screen, 'ctrl-t').screen.sealing, 'no')
})

test('what is staged sealed is edited as that', () => {
  const seal = { to: ['ci'] }
  const change = { place: WEB, name: 'KEY', value: base64('mine'), over: 'id2', overtaken: false }
  const screen = onSealed(aWorld({ staged: [{ ...change, seal }] }))
  assert.match(seen(screen), /sealed · line 1 of 1 · 4 bytes\nmine/)
  const world = aWorld({ staged: [{ ...change, name: 'NEW', over: undefined, seal }] })
  const again = hear(openEdit(WEB, 'NEW', world).screen, failed('no-secret'), world).screen
  assert.is(again.sealing, 'chosen')
  assert.is(editScreen.unsaved?.(again), undefined, 'nothing is changed yet')
  const readable = press(press(again, 'ctrl-t').screen, 'ctrl-s')
  assert.is(only(readable, 'stage').change.seal, undefined)
  // The same bytes may be for others.
  assert.match(JSON.stringify(only(press(again, 'ctrl-s'), 'dialog').dialog), /Seal NEW for whom/)
})

test('who seals it meanwhile is noticed', () => {
  const changed = { kind: 'changed', names: ['KEY'] } as const
  const vault = { vaultId: 'w', kind: 'project', org: 'acme', project: 'web' } as const
  const asked = hear(onSealed(), { ...changed, vault })
  assert.match(JSON.stringify(asked.effects), /"secretHistory".*"again"/)
  const told = (id: number): EditState => {
    const versions = [version(id, { current: true, sealed: true, sealedTo: [CI] })]
    const result = { reference: 'coffer://acme/web/KEY', versions, warnings: [] }
    const answer = { kind: 'answered', method: 'secretHistory', tag: 'again', result } as const
    return hear(asked.screen, answer).screen
  }
  assert.equal([told(2).overtaken, told(3).overtaken], [false, true])
})

const RUNNER = {
  ...CI,
  name: '',
  fingerprint: '3etd-bo4o-6quj-xbb6',
  addedAt: 0,
  expiresAt: null,
  expired: false,
  names: [],
  missing: [],
}

/** Somebody whose device may only seal has named a new one, and typed it. */
function blindly(): EditState {
  const world = aWorld({ places: [{ place: WEB, vaultId: 'w', role: 'sealer' }] })
  const naming = paste(openEdit(WEB, undefined, world).screen, 'NEW')
  const named = editScreen.bindings.find(({ keys }) => keys.includes('enter'))?.run(naming, world)
  assert.ok(named)
  assert.match(JSON.stringify(named.effects), /"runnerList"/)
  assert.not.match(JSON.stringify(named.effects), /"secret(Get|History)"/)
  return paste(named.screen, 'value')
}

function runnersAre(runners: readonly (typeof RUNNER)[]): ScreenEvent {
  const vault = { vaultId: 'w', kind: 'project', org: 'acme', project: 'web' } as const
  const result = { vault, runners, warnings: [] }
  return { kind: 'answered', method: 'runnerList', tag: 'runners', result }
}

/** And the runners are known. */
function blind(runners: readonly (typeof RUNNER)[]): EditState {
  return hear(blindly(), runnersAre(runners)).screen
}

test('whoever is faster than the list of the runners is asked when it is there, or when it fails', () => {
  const early = press(blindly(), 'ctrl-s')
  assert.equal(
    early.effects.map(({ kind }) => kind),
    ['note'],
  )
  const asked = hear(early.screen, runnersAre([RUNNER]))
  assert.match(JSON.stringify(only(asked, 'dialog').dialog), /"text":"3etd-bo4o-6quj-xbb6"/)
  assert.equal(hear(asked.screen, runnersAre([RUNNER])).effects, [], 'and once')
  const failure = { code: 'unreachable', reason: '', message: 'no', next: '' } as const
  const failing = { kind: 'failed', method: 'runnerList', tag: 'runners', failure } as const
  const unknown = hear(early.screen, failing)
  assert.match(JSON.stringify(only(unknown, 'dialog').dialog), /isn't known here/)
  assert.ok(only(press(unknown.screen, 'ctrl-s'), 'dialog'), 'then it is asked at once')
  assert.ok(only(press(early.screen, 'ctrl-s'), 'dialog'), 'and whoever insists')
})

test('a device that may only seal reads nothing, and says the readers by fingerprint', () => {
  const screen = blind([RUNNER])
  assert.is(screen.phase, 'typing')
  assert.not(editScreen.bindings.some((one) => one.label === 'seal' && one.when?.(screen, WORLD)))
  const { dialog } = only(press(screen, 'ctrl-s'), 'dialog')
  const form = JSON.stringify(dialog)
  assert.match(form, /runner eeeeeeee +3etd-bo4o-6quj-xbb6/)
  assert.match(form, /"text":"3etd-bo4o-6quj-xbb6"/)
  const values = { to: RUNNER.fingerprint }
  const { change } = only(hear(screen, { kind: 'dialog', tag: 'seal', values }), 'stage')
  assert.equal(change.seal, { to: [RUNNER.fingerprint] })
  assert.is(change.over, undefined)
})

test('of several runners, or none, nobody is chosen for the person', () => {
  const two = [RUNNER, { ...RUNNER, deviceId: 'dd'.repeat(32), fingerprint: 'aaaa-bbbb-cccc-dddd' }]
  for (const runners of [two, []]) {
    const { dialog } = only(press(blind(runners), 'ctrl-s'), 'dialog')
    assert.match(JSON.stringify(dialog), /"text":""/)
  }
})

test.run()
