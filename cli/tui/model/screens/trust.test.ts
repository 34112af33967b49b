import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Method, Params, Result } from '../../../../shared/protocol/local.js'
import type { Dialog } from '../dialog.js'
import type { Effect } from '../effect.js'
import type { ScreenEvent } from '../event.js'
import type { State } from '../state.js'
import { aState, aStatus, aWorld, keyOf, NOON } from '../testing/world.js'
import { topOf } from '../state.js'
import { update as updateAll } from '../update.js'
import { dialogBox } from '../views/overlays.js'
import { trustView } from '../views/trust.js'
import { bodyHeight, type Alarm, type World } from '../world.js'
import { openTrust, trustScreen } from './trust.js'
import type { TrustState, VaultInfo } from './trust-rows.js'

const VAULT = 'a'.repeat(64)
const WEB = { vaultId: VAULT, kind: 'project', org: 'acme', project: 'web' } as const
const USER = { vaultId: 'b'.repeat(64), kind: 'user' } as const

function aVault(overrides: Partial<VaultInfo> = {}): VaultInfo {
  return {
    vault: WEB,
    state: 'ready',
    role: 'owner',
    secrets: 12,
    queued: 0,
    conflicts: 0,
    pos: 40,
    epoch: 2,
    syncedAt: NOON - 12_000,
    confirmedAt: NOON - 180_000,
    age: 180_000,
    checkpoint: null,
    warnings: [],
    ...overrides,
  }
}

function anAlarm(overrides: Partial<Alarm> = {}): Alarm {
  const first = { at: NOON - 60_000, message: 'the relay showed two histories' }
  return { vault: WEB, reason: 'two-logs', first, readAt: null, ...overrides }
}

const RELAY = {
  url: 'wss://relay.example.org',
  key: 'c'.repeat(64),
  state: 'connected',
  since: NOON - 180_000,
  problem: null,
} as const

const status = aStatus({ relay: RELAY, vaults: [aVault(), aVault({ vault: USER })] })
const WORLD = aWorld({ status })

type Turned = { readonly screen: TrustState; readonly effects: readonly Effect[] }

function press(screen: TrustState, name: string, world: World): Turned {
  const binding = trustScreen.bindings.find(
    ({ keys, when }) => keys.includes(name) && when?.(screen, world) !== false,
  )
  return binding === undefined
    ? trustScreen.update(screen, { kind: 'key', key: keyOf(name) }, world)
    : binding.run(screen, world)
}

const opened = (world = WORLD): TrustState => openTrust(world).screen

function hear(screen: TrustState, event: ScreenEvent, world = WORLD): Turned {
  return trustScreen.update(screen, event, world)
}

function answer<M extends Method>(screen: TrustState, method: M, result: Result<M>): Turned {
  return hear(screen, { kind: 'answered', method, tag: '', result } as ScreenEvent)
}

function called<M extends Method>({ effects }: Turned, method: M): Params<M> {
  const found = effects.find((effect) => effect.kind === 'call' && effect.method === method)
  assert.ok(found?.kind === 'call', `${method} is called`)
  return found.params as Params<M>
}

function asked({ effects }: Turned): Dialog {
  const found = effects.find(({ kind }) => kind === 'dialog')
  assert.ok(found?.kind === 'dialog', 'something is asked')
  return found.dialog
}

function seen(screen: TrustState, world: World): string {
  const size = { width: world.columns, height: bodyHeight(world) }
  const lines = trustView(screen, world, size)
  assert.ok(lines.length <= size.height, `${lines.length} lines of ${size.height}`)
  return lines.map(({ spans }) => spans.map(({ text }) => text).join('')).join('\n')
}

function read(dialog: Dialog, width = 76, height = 18): string {
  const { title, lines } = dialogBox(dialog, { width, height })
  return [title, ...lines.map(({ spans }) => spans.map(({ text }) => text).join(''))].join('\n')
}

const SIZES = [
  [40, 10],
  [80, 24],
  [200, 60],
] as const

test('relay, queue and every vault are told of in every size', () => {
  for (const [columns, rows] of SIZES) {
    const text = seen(opened(), aWorld({ status, columns, rows }))
    assert.match(text, /● connected/)
    assert.match(text, /acme\/web/)
    assert.match(text, /3m ago/)
    for (const one of text.split('\n')) assert.ok(one.length <= columns, one)
  }
  const wide = seen(opened(), WORLD)
  assert.match(wide, /vault +state +secrets +queued +log +key +synced +confirmed/)
  assert.match(wide, /acme\/web +owner +12 +0 +40 +2 +12s +3m ago/)
})

test('offline says since when, what waits and that everything works', () => {
  const sync = {
    relay: {
      ...RELAY,
      state: 'offline' as const,
      problem: { code: 'unreachable', message: 'no route' },
    },
    otherRelays: [],
    queued: 3,
    conflicts: 0,
  }
  const text = seen(opened(), { ...WORLD, sync })
  assert.match(text, /○ offline since 2025-11-27 11:57 UTC, 3m/)
  assert.match(text, /everything works here/)
  assert.match(text, /why: no route/)
  assert.match(text, /3 changes wait to be sent/)
  const small = seen(opened(), { ...WORLD, sync, columns: 40, rows: 10 })
  assert.match(small, /○ offline since 3m\n3 changes wait/)
  const alone = seen(opened(), aWorld({ columns: 40, rows: 10 }))
  assert.match(alone, /no relay/)
})

test('an org on another relay is not alone, and the one in trouble is told first', () => {
  const org = { ...RELAY, url: 'wss://org.example.org' }
  const joined = aStatus({ otherRelays: [org] })
  const text = seen(opened(), aWorld({ status: joined }))
  assert.match(text, /^.*● connected/)
  assert.match(text, /your own secrets are on no relay; o connects/)
  assert.not.match(text, /alone/)
  const off = { ...org, state: 'offline' as const }
  const both = seen(opened(), aWorld({ status: aStatus({ relay: RELAY, otherRelays: [off] }) }))
  assert.match(both, /○ offline[^]*wss:\/\/org[^]*wss:\/\/relay\S+ +connected/)
  assert.not.match(both, /are on no relay/)
})

test('what the daemon warns of stands beside the relay, in every size', () => {
  const warnings = [{ code: 'moved', message: 'acme/web is another vault' }]
  for (const [columns, rows] of SIZES) {
    const world = aWorld({ status: aStatus({ relay: RELAY, warnings }), columns, rows })
    assert.match(seen(opened(), world), /! acme\/web is another vault/)
  }
})

test('what is wrong with a vault is a word, not a colour', () => {
  const word = (one: Partial<VaultInfo>): string =>
    seen(opened(), aWorld({ status: aStatus({ vaults: [aVault(one)] }), columns: 40, rows: 10 }))
  assert.match(word({ state: 'removed', role: null }), /! removed/)
  assert.match(word({ state: 'damaged' }), /! damaged/)
  assert.match(word({ warnings: [{ code: 'fork', message: 'm' }] }), /! fork/)
  assert.match(word({ confirmedAt: null }), /unconfirmed/)
  assert.match(word({ warnings: [{ code: 'last-device', message: 'm' }] }), / {2}last-device/)
  assert.match(word({ queued: 2 }), /2 queued/)
})

test('the unread alarms stand first, and reading one shows all of it', () => {
  const old = anAlarm({ reason: 'old', readAt: NOON })
  const newest = { at: NOON - 1000, message: 'and again\u001b[2J' }
  const world = { ...WORLD, columns: 40, rows: 10, alarms: [old, anAlarm({ newest })] }
  const text = seen(opened(world), world)
  assert.match(text, /❯ ! two-logs in acme\/web/)
  const dialog = asked(press(opened(world), 'enter', world))
  assert.match(read(dialog), /the relay showed two histories/)
  assert.match(read(dialog), /and again\\u\{1b\}\[2J/)
  const acknowledged = press(opened(world), 'A', world)
  assert.match(read(asked(acknowledged)), /two-logs in acme\/web/)
  const yes = hear(opened(world), { kind: 'dialog', tag: 'acknowledge', values: {} }, world)
  assert.equal(called(yes, 'alarmsAcknowledge').context.cwd, '/home/ada')
  assert.is(press(opened(), 'A', WORLD).effects.length, 0)
})

test('! opens the alarms from anywhere, the first unread one chosen', () => {
  const world = { columns: 40, rows: 10, status, alarms: [anAlarm()] }
  const event = { kind: 'answered', method: 'status', tag: '', result: status } as const
  const first = updateAll(aState({ ...world, status: undefined }), {
    kind: 'to',
    owner: 0,
    event,
  }).state
  const there: State = { ...first, world: { ...first.world, alarms: world.alarms } }
  const { state } = updateAll(there, { kind: 'key', key: keyOf('!') })
  const { screen } = topOf(state)
  assert.ok(screen.name === 'trust')
  assert.match(seen(screen, state.world), /❯ ! two-logs/)
})

test('a sync says how far it is, then what went and came; no second one meanwhile', () => {
  const first = press(opened(), 's', WORLD)
  assert.is(called(first, 'sync').timeout, 30_000)
  const more = hear(first.screen, {
    kind: 'progress',
    method: 'sync',
    tag: '',
    phase: 'sending',
    done: 3,
    total: 10,
  })
  assert.match(seen(more.screen, { ...WORLD, columns: 40, rows: 10 }), /sending 3 of 10…/)
  assert.is(press(more.screen, 's', WORLD).effects.length, 0)
  const done = answer(more.screen, 'sync', { vaults: 2, sent: 3, received: 1, warnings: [] })
  assert.match(JSON.stringify(done.effects), /synced 2 vaults: 3 sent, 1 received/)
  assert.is(done.screen.busy, undefined)
})

test('verifying ends in fingerprints to compare, or in an alarm', () => {
  const { screen } = press(opened(), 'v', WORLD)
  const one = { vault: WEB, fingerprint: 'abcd-efgh-ijkl-mnop', links: 1, changesets: 2, items: 3 }
  const vaults = [{ ...one, unopened: 1, pos: 40 }]
  assert.match(
    read(asked(answer(screen, 'verify', { vaults, warnings: [] }))),
    /abcd-efgh-ijkl-mnop {2}acme\/web\n {2}1 links, 2 changesets, 3 items \(1 not opened/,
  )
  const failure = { code: 'tampering', reason: 'bad-hash', message: 'a hash differs', next: '' }
  const bad = hear(screen, {
    kind: 'failed',
    method: 'verify',
    tag: '',
    failure: { ...failure, code: 'tampering' },
  })
  assert.match(read(asked(bad)), /^! ALARM: tampering\nbad-hash: a hash differs/)
})

test('a relay that refuses leaves the form as it was typed', () => {
  const values = { url: ' wss://r ', key: 'k', ca: 'ca.pem', registration: '' }
  const set = hear(opened(), { kind: 'dialog', tag: 'relay', values })
  assert.equal(called(set, 'relaySet'), {
    context: { cwd: '/home/ada', env: {} },
    url: 'wss://r',
    key: 'k',
    ca: '/home/ada/ca.pem',
  })
  const failure = { code: 'format', reason: 'relay-key', message: 'not a key', next: '' } as const
  const again = hear(set.screen, { kind: 'failed', method: 'relaySet', tag: '', failure })
  assert.match(read(asked(again)), /wss:\/\/r/)
  assert.match(read(asked(again)), /! not a key/)
  assert.match(read(asked(again), 40, 4), /! not a key/)
})

test('the record is that of the chosen vault, whatever is selected', () => {
  const [user, web] = [
    press(opened(), 't', WORLD),
    press(press(opened(), 'down', WORLD).screen, 't', WORLD),
  ]
  assert.is(called(user, 'audit').name, '/user')
  assert.is(called(web, 'audit').context.project, 'web')
  assert.is(called(web, 'audit').limit, 50)
  const author = { deviceId: VAULT, device: 'laptop', user: 'Ada', self: true }
  const entries = [
    { at: NOON, author, action: 'put', seq: 1, space: 'secret', name: 'OLD', void: false },
    { at: NOON, author, action: 'put', seq: 2, space: 'secret', name: 'NEW', void: true },
  ] as const
  const result = { vault: WEB, entries: [...entries], more: true, warnings: [] }
  const text = read(asked(answer(web.screen, 'audit', result)))
  assert.match(text, /Ada on laptop {2}put NEW \(cut off/)
  assert.ok(text.indexOf('NEW') < text.indexOf('OLD'))
})

test('doctor mends only what somebody has agreed to', () => {
  const { screen } = press(opened(), 'd', WORLD)
  const check = { name: 'store', level: 'failure', message: 'damaged', next: 'mend it' } as const
  const found = answer(screen, 'doctor', { checks: [check] })
  assert.match(read(asked(found)), /× FAILURE {2}store: damaged/)
  const confirm = hear(found.screen, { kind: 'dialog', tag: 'doctor-found', values: {} })
  assert.is(asked(confirm).kind, 'confirm')
  const repair = hear(confirm.screen, { kind: 'dialog', tag: 'repair', values: {} })
  assert.is(called(repair, 'doctor').repair, true)
  const well = answer(screen, 'doctor', { checks: [{ ...check, level: 'ok' }] })
  assert.equal(hear(well.screen, { kind: 'dialog', tag: asked(well).tag, values: {} }).effects, [])
})

test('who came and went is told once, and nothing when nobody did', () => {
  called(openTrust(WORLD), 'announcements')
  assert.equal(answer(opened(), 'announcements', { warnings: [] }).effects, [])
  const warnings = [{ code: 'member', message: 'Bob was let into acme' }]
  assert.match(
    read(asked(answer(opened(), 'announcements', { warnings }))),
    /Bob was let into acme/,
  )
})

test.run()
