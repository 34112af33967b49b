import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Method, Params, Result } from '../../../../shared/protocol/local.js'
import type { Effect } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import type { Key } from '../key.js'
import { aState, aStatus, aWorld, keyOf, keysOf } from '../testing/world.js'
import { update as updateAll } from '../update.js'
import { setupView } from '../views/setup.js'
import type { World } from '../world.js'
import { openSetup, setupScreen } from './setup.js'
import type { SetupState } from './setup-steps.js'

const VAULT = 'a'.repeat(64)
const WORLD = aWorld({ status: undefined, cwd: '/home/ada/work' })

/** One run of the screen: what it became, and everything that it has asked for. */
class Run {
  screen: SetupState
  asked: readonly Effect[] = []

  readonly world: World

  constructor(world: World = WORLD) {
    this.world = world
    this.screen = openSetup(world).screen
  }

  press(...keys: readonly Key[]): this {
    for (const key of keys) {
      const typing = setupScreen.typing(this.screen, this.world) && key.text !== ''
      const binding = setupScreen.bindings.find(
        ({ keys: names, when }) =>
          !typing && names.includes(key.name) && when?.(this.screen, this.world) !== false,
      )
      const { screen, effects } =
        binding === undefined
          ? setupScreen.update(this.screen, { kind: 'key', key }, this.world)
          : binding.run(this.screen, this.world)
      this.screen = screen
      this.asked = effects
    }
    return this
  }

  type(text: string): this {
    return this.press(...keysOf(text))
  }

  keys(...names: readonly string[]): this {
    return this.press(...names.map(keyOf))
  }

  hear(event: ScreenEvent): this {
    const { screen, effects } = setupScreen.update(this.screen, event, this.world)
    this.screen = screen
    this.asked = effects
    return this
  }

  answer<M extends Method>(method: M, result: Result<M>): this {
    const [call] = this.calls(method)
    return this.hear({ kind: 'answered', method, tag: call?.tag ?? '', result } as ScreenEvent)
  }

  fail(method: Method, code: 'usage' | 'exists' | 'timed-out' | 'home', reason = ''): this {
    const [call] = this.calls(method)
    const failure = { code, reason, message: `${method} failed`, next: '' }
    return this.hear({ kind: 'failed', method, tag: call?.tag ?? '', failure })
  }

  calls<M extends Method>(method: M): readonly { params: Params<M>; tag: string }[] {
    return this.asked.flatMap((effect) =>
      effect.kind === 'call' && effect.method === method
        ? [{ params: effect.params as Params<M>, tag: effect.tag }]
        : [],
    )
  }

  seen(width = 40, height = 6): string {
    const lines = setupView(this.screen, this.world, { width, height })
    assert.ok(lines.length <= height)
    return lines.map(({ spans }) => spans.map(({ text }) => text).join('')).join('\n')
  }
}

const newVault = (): Run => new Run().keys('enter').type('Ada').keys('enter', 'enter', 'enter')
const atPassphrase = (): Run => newVault().keys('enter')
const made = { home: '/h', deviceId: 'd'.repeat(64), userId: 'e'.repeat(32), warnings: [] }
const atPlace = (): Run =>
  atPassphrase().type('pass').keys('enter').type('pass').keys('enter').answer('init', made)

test('a new vault: labels, a passphrase typed twice, and no empty label is sent', () => {
  const run = atPassphrase()
  assert.match(run.seen(), /step 4 of 6/)
  run.type('pass').keys('enter').type('pass').keys('enter')
  assert.equal(run.calls('init'), [
    { params: { open: { kind: 'passphrase', passphrase: 'cGFzcw==' }, name: 'Ada' }, tag: '' },
  ])
  assert.not.match(JSON.stringify(run.screen), /pass"|cGFzcw/)
  assert.match(run.seen(), /making the vault/)
  run.answer('init', made)
  assert.match(run.seen(), /step 5 of 6/)
  assert.equal(run.asked, [{ kind: 'refresh' }])
})

test('two passphrases that differ are typed again, and neither is kept', () => {
  const run = atPassphrase().type('pass').keys('enter').type('past').keys('enter')
  assert.equal(run.asked, [])
  assert.match(run.seen(), /the two differ/)
  assert.not.match(run.seen(), /•/)
})

test('a key file is named from the folder where the program was started', () => {
  const run = newVault().keys('down', 'enter').type('../ada.key').keys('enter')
  assert.equal(run.calls('init')[0]?.params.open, { kind: 'key-file', path: '/home/ada/ada.key' })
  run.fail('init', 'exists')
  assert.match(run.seen(80, 20), /init failed/)
  assert.match(run.seen(80, 20), /\.\.\/ada\.key/)
  const home = newVault().keys('down', 'enter').type('~/k').keys('enter')
  assert.equal(home.asked, [])
})

test('esc goes back with what was said, and not behind the making of the vault', () => {
  const run = atPassphrase().keys('esc', 'esc')
  assert.match(run.seen(80, 20), /step 2 of 6/)
  assert.match(run.seen(80, 20), /Ada/)
  const later = atPlace().keys('esc')
  assert.equal(
    later.asked.map((effect) => (effect.kind === 'open' ? effect.opening.screen : effect.kind)),
    ['refresh', 'places'],
  )
})

test('org, project and first secret: then the interface, with a word on what to type', () => {
  const run = atPlace().type('acme').keys('enter').type('web').keys('enter')
  assert.is(run.calls('orgCreate')[0]?.params.name, 'acme')
  run.answer('orgCreate', { vaultId: VAULT, name: 'acme', warnings: [] })
  assert.is(run.calls('projectCreate')[0]?.params.context.org, 'acme')
  run.answer('projectCreate', { vaultId: VAULT, name: 'web', warnings: [] })
  assert.is(run.calls('projectSelect')[0]?.params.name, 'web')
  run.answer('projectSelect', {})
  run.type('DB').keys('enter').type('v').keys('enter')
  const [{ params } = { params: undefined }] = run.calls('secretSet')
  assert.is(params?.name, 'DB')
  assert.is(params?.value, 'dg==')
  assert.is(params?.context.project, 'web')
  run.answer('secretSet', {
    reference: 'coffer://acme/web/DB',
    version: { id: VAULT, number: 1 },
    created: true,
    warnings: [],
  })
  assert.match(JSON.stringify(run.asked), /"screen":"secrets"/)
  assert.match(JSON.stringify(run.asked.at(-1)), /coffer get DB/)
})

test('after a step back an org and a project that are there are the ones that were meant', () => {
  const run = atPlace().type('acme').keys('enter').type('web').keys('enter')
  run.fail('orgCreate', 'exists')
  assert.is(run.calls('projectCreate')[0]?.params.context.org, 'acme')
  run.fail('projectCreate', 'exists')
  assert.is(run.calls('projectSelect').length, 1)
})

test('without a project the first secret is the own one; half a place is asked about', () => {
  const half = atPlace().type('acme').keys('enter', 'enter')
  assert.equal(half.asked, [])
  assert.match(half.seen(), /the project is missing/)
  const run = atPlace().keys('enter', 'enter').type('DB').keys('enter').type('v').keys('enter')
  assert.is(run.calls('secretSet')[0]?.params.name, '/user/DB')
})

test('a value of several lines is not pasted into one', () => {
  const run = atPlace().keys('enter', 'enter').type('DB').keys('enter')
  run.hear({ kind: 'paste', text: 'one\ntwo\n' })
  assert.match(run.seen(), /several lines/)
  assert.not.match(run.seen(), /•/)
  run.hear({ kind: 'paste', text: 'one\n' })
  assert.match(run.seen(), /•••(?!•)/)
  run.hear({ kind: 'hidden' })
  assert.not.match(JSON.stringify(run.screen), /one/)
  assert.match(run.seen(), /DB/)
})

const atCode = (): Run => new Run().keys('down', 'enter').type(' CODE ').keys('enter')
const FINGERPRINT = 'abcd-efgh-ijkl-mnop'
const begun = { fingerprint: FINGERPRINT, state: 'waiting', warnings: [] } as const

test('joining asks for a passphrase only for a code that holds, then shows the fingerprint', () => {
  const run = atCode().keys('enter')
  assert.is(run.calls('joinBegin')[0]?.params.code, 'CODE')
  assert.is(run.calls('joinBegin')[0]?.params.open, undefined)
  run.fail('joinBegin', 'usage', 'no-opener').keys('enter')
  run.type('pass').keys('enter').type('pass').keys('enter')
  assert.equal(run.calls('joinBegin')[0]?.params.open, {
    kind: 'passphrase',
    passphrase: 'cGFzcw==',
  })
  run.answer('joinBegin', begun)
  assert.is(run.calls('joinWait')[0]?.params.code, 'CODE')
  for (const [width, height] of [
    [40, 6],
    [80, 20],
    [200, 56],
  ] as const) {
    assert.match(run.seen(width, height), new RegExp(FINGERPRINT))
    assert.match(run.seen(width, height), /waiting/)
  }
})

test('who is not let in in time may wait on, and a step back forgets the waiting', () => {
  const run = atCode().keys('enter').answer('joinBegin', begun)
  run.fail('joinWait', 'timed-out')
  assert.match(run.seen(), /not confirmed yet/)
  run.keys('enter')
  assert.is(run.calls('joinWait').length, 1)
  run.keys('esc')
  assert.match(run.seen(80, 20), /CODE/)
  run.fail('joinWait', 'timed-out')
  assert.not.match(run.seen(80, 20), /not confirmed/)
  run.hear({
    kind: 'answered',
    method: 'joinWait',
    tag: '',
    result: { deviceId: VAULT, vaults: 2, secrets: 3, warnings: [] },
  })
  assert.match(JSON.stringify(run.asked), /"screen":"places"/)
})

test('a code that is for an org, or wrong, stays where it can be mended', () => {
  const run = atCode().keys('enter').fail('joinBegin', 'home', 'needs-home')
  assert.match(run.seen(80), /make a new vault first/)
  assert.match(run.seen(), /CODE/)
})

test('whoever has a recovery file learns the command, and gets back', () => {
  const run = new Run().keys('down', 'down', 'enter')
  assert.match(run.seen(), /coffer recovery use/)
  assert.match(run.keys('esc').seen(), /a new vault/)
})

test('while the daemon works no key is taken', () => {
  const run = atPassphrase().type('pass').keys('enter').type('pass').keys('enter')
  run.type('x').keys('enter')
  assert.equal(run.asked, [])
  assert.not.match(run.seen(), /•/)
})

test('a home that still waits to be let in goes on there, and is in by itself', () => {
  const own = {
    vault: { vaultId: VAULT, kind: 'user' },
    state: 'loading',
    role: null,
    secrets: 0,
    queued: 0,
    conflicts: 0,
    pos: null,
    epoch: 1,
    syncedAt: null,
    confirmedAt: null,
    age: null,
    checkpoint: null,
    warnings: [],
  } as const
  const waiting = aStatus({ joining: true, vaults: [own] })
  const event = (result: Result<'status'>) =>
    ({
      kind: 'to',
      owner: 0,
      event: { kind: 'answered', method: 'status', tag: '', result },
    }) as const
  const first = updateAll(aState({ status: undefined }), event(waiting))
  const { screen } = first.state.stack[0]
  assert.ok(screen.name === 'setup' && screen.step === 'code')
  assert.match(JSON.stringify(first.requests), /joinWait/)
  const esc = updateAll(first.state, { kind: 'key', key: keyOf('esc') }).state.stack[0].screen
  assert.ok(esc.name === 'setup' && esc.step === 'code')
  const joined = aStatus({ vaults: [{ ...own, state: 'ready', role: 'owner' }] })
  assert.is(updateAll(first.state, event(joined)).state.stack[0].screen.name, 'places')
})

test('once the vault is made its places are read, and the steps go on', () => {
  const none = updateAll(aState({ status: undefined }), { kind: 'no-home' }).state
  const event = { kind: 'answered', method: 'status', tag: '', result: aStatus() } as const
  const { state, requests } = updateAll(none, { kind: 'to', owner: 0, event })
  assert.is(state.stack[0].screen.name, 'setup')
  assert.equal(
    requests.map(({ effect }) => (effect.kind === 'call' ? effect.method : effect.kind)),
    ['orgList', 'alarmsList'],
  )
})

test.run()
