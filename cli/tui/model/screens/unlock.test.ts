import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ScreenEvent } from '../event.js'
import { aState, aStatus, aWorld, keyOf, keysOf } from '../testing/world.js'
import type { Turn } from '../turn.js'
import { update as updateAll } from '../update.js'
import { unlockView } from '../views/unlock.js'
import type { World } from '../world.js'
import { openUnlock, unlockScreen, type UnlockState } from './unlock.js'

const LOCKED = aWorld({ status: aStatus({ state: 'locked' }) })
const SIZE = { width: 40, height: 6 }

function typedIn(text: string, world = LOCKED): UnlockState {
  return keysOf(text).reduce(
    (screen, key) => unlockScreen.update(screen, { kind: 'key', key }, world).screen,
    openUnlock(world).screen,
  )
}

function enter(screen: UnlockState, world = LOCKED): Turn<UnlockState> {
  const binding = unlockScreen.bindings.find(({ keys }) => keys.includes('enter'))
  if (binding?.when?.(screen, world) === false || binding === undefined)
    return { screen, effects: [] }
  return binding.run(screen, world)
}

function failed(reason: string, message = ''): ScreenEvent {
  const failure = { code: 'cannot-decrypt', reason, message, next: '' } as const
  return { kind: 'failed', method: 'unlock', tag: '', failure }
}

function seen(screen: UnlockState, world: World = LOCKED): string {
  return unlockView(screen, world, SIZE)
    .map(({ spans }) => spans.map(({ text }) => text).join(''))
    .join('\n')
}

test('what is typed is shown as dots, sent once, and gone from the state with that', () => {
  const screen = typedIn('grün q')
  assert.match(seen(screen), /passphrase {2}•{6}/)
  assert.not.match(seen(screen), /gr/)
  const sent = enter(screen)
  assert.equal(sent.effects, [
    {
      kind: 'call',
      method: 'unlock',
      params: { open: { kind: 'passphrase', passphrase: 'Z3LDvG4gcQ==' } },
      tag: '',
    },
  ])
  assert.is(sent.screen.field.text, '')
  assert.match(seen(sent.screen), /deriving/)
  assert.equal(enter(sent.screen).effects, [])
  const { screen: more } = unlockScreen.update(
    sent.screen,
    { kind: 'key', key: keyOf('x') },
    LOCKED,
  )
  assert.is(more.field.text, '')
})

test('a wrong passphrase says so, and may be typed again', () => {
  const { screen } = unlockScreen.update(
    enter(typedIn('no')).screen,
    failed('wrong-passphrase'),
    LOCKED,
  )
  assert.match(seen(screen), /not the passphrase/)
  const again = unlockScreen.update(screen, { kind: 'paste', text: 'right one\n' }, LOCKED).screen
  assert.is(again.field.text, 'right one')
  assert.not.match(seen(again), /not the passphrase/)
})

test('nothing is sent for an empty or overlong passphrase', () => {
  assert.equal(enter(typedIn('')).effects, [])
  const long = unlockScreen.update(typedIn(''), { kind: 'paste', text: 'ü'.repeat(513) }, LOCKED)
  assert.equal(enter(long.screen).effects, [])
  assert.match(seen(enter(long.screen).screen), /at most 1024 bytes/)
})

test('a home with a key file asks for nothing, and q leaves', () => {
  const world = aWorld({ status: aStatus({ state: 'locked', opener: 'key-file' }) })
  const screen = typedIn('ab', world)
  assert.is(screen.field.text, '')
  assert.not(unlockScreen.typing(screen, world))
  assert.equal(enter(screen, world).effects, [
    { kind: 'call', method: 'unlock', params: {}, tag: '' },
  ])
  const event = failed('no-key-file', 'there is no key file at /k')
  assert.match(seen(unlockScreen.update(screen, event, world).screen, world), /no key file at \/k/)
})

test('who looks away leaves no half passphrase', () => {
  const { screen } = unlockScreen.update(typedIn('half'), { kind: 'hidden' }, LOCKED)
  assert.is(screen.field.text, '')
})

test('ctrl-c leaves while a passphrase is typed; q and ? are typed', () => {
  const status = aStatus({ state: 'locked' })
  const event = { kind: 'answered', method: 'status', tag: '', result: status } as const
  const locked = updateAll(aState({ status: undefined }), { kind: 'to', owner: 0, event }).state
  const typing = updateAll(locked, { kind: 'key', key: keyOf('q') })
  assert.equal(typing.requests, [])
  const screen = typing.state.stack[0].screen
  assert.is(screen.name === 'unlock' && screen.field.text, 'q')
  const left = updateAll(typing.state, { kind: 'key', key: keyOf('ctrl-c') })
  assert.equal(
    left.requests.map(({ effect }) => effect.kind),
    ['exit'],
  )
})

test('a long passphrase stays within the window', () => {
  const { screen } = unlockScreen.update(
    typedIn(''),
    { kind: 'paste', text: 'x'.repeat(90) },
    LOCKED,
  )
  for (const { spans } of unlockView(screen, LOCKED, SIZE)) {
    assert.ok(spans.map(({ text }) => text).join('').length <= SIZE.width)
  }
})

test.run()
