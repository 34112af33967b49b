import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { topOf } from '../state.js'
import { aDevice, aJoiner, aMember, Driven, FINGERPRINT } from '../testing/people.js'
import { NOON } from '../testing/world.js'
import { overlayBox } from '../views/overlays.js'
import { peopleView } from '../views/people.js'
import type { World } from '../world.js'

const ME = aMember({
  userId: 'a1'.repeat(16),
  email: 'ada@example.org',
  level: 'owner',
  self: true,
})

/** A list with one device, two people, and whoever else waits. */
function people(world: Partial<World> = {}): Driven {
  return new Driven('people', world)
    .answer('deviceList', { devices: [aDevice()] })
    .answer('orgMemberList', { org: 'acme', members: [ME, aMember()], warnings: [] }, 'acme')
}

function seen(driven: Driven, width = 80, height = 20): readonly string[] {
  const { screen } = topOf(driven.state)
  if (screen.name !== 'people') return []
  return peopleView(screen, driven.state.world, { width, height }).map(({ spans }) =>
    spans.map(({ text }) => text).join(''),
  )
}

/** All that stands on the screen, with what stands over it. */
function shown(driven: Driven): string {
  const { overlay } = driven.state
  const size = { width: 76, height: 16 }
  const box = overlay && overlayBox(driven.state, overlay, size)
  const over = box?.lines.map(({ spans }) => spans.map(({ text }) => text).join('')) ?? []
  return [...seen(driven), ...over, driven.state.note?.text ?? ''].join('\n')
}

function waiting(...joiners: Parameters<typeof aJoiner>[0][]): Driven {
  return people()
    .answer('deviceRequests', { requests: [], warnings: [] })
    .answer('orgInviteRequests', { requests: joiners.map(aJoiner), warnings: [] })
}

test('an invite becomes a code that is shown, copied and shown again', () => {
  const driven = people().press('i').type('eve@example.org').press('tab', 'tab')
  driven.press('right').press('enter', 'enter')
  assert.equal(driven.lastCall('orgInvite'), {
    context: { cwd: '/home/ada', env: {}, org: 'acme' },
    email: 'eve@example.org',
    level: 'read',
    expires: 7 * 24 * 3_600_000,
  })
  const made = {
    code: 'coffer1-abc',
    org: 'acme',
    email: 'eve@example.org',
    level: 'read',
    expiresAt: NOON,
  } as const
  driven.answer('orgInvite', made, 'acme')
  assert.match(driven.said, /coffer join CODE/)
  assert.match(driven.said, /fingerprint/)
  assert.match(driven.said, /coffer1-abc/)
  driven.press('y')
  assert.equal(driven.copies, ['Y29mZmVyMS1hYmM='])
  assert.match(driven.said, /coffer1-abc/)
  driven.press('enter')
  assert.is(driven.dialog, undefined)
  assert.match(driven.press('v').said, /coffer1-abc/)
})

test('an invite that is refused says why, and gives the form back as it was', () => {
  const driven = people().press('i').type('bob@example.org').press('ctrl-s')
  driven.fail('orgInvite', { message: 'bob is in already', next: 'change the level' }, 'acme')
  assert.match(driven.said, /bob is in already\nNext: change the level/)
  driven.press('enter')
  assert.match(shown(driven), /e-mail +bob@example\.org/)
  assert.match(shown(driven), /read\+secrets/)
})

test('a wrong time asks again before anything is sent', () => {
  const driven = people().press('i').type('eve@example.org').press('tab', 'tab', 'tab')
  driven.press('ctrl-u').type('soon').press('enter')
  assert.is(driven.countOf('orgInvite'), 0)
  assert.match(shown(driven), /! expires: write/)
  assert.match(shown(driven), /eve@example\.org/)
})

test('who waits stands on top, and no fingerprint is ever shown', () => {
  const driven = waiting({})
  assert.match(seen(driven)[0] ?? '', /waiting to be let in/)
  assert.match(seen(driven)[1] ?? '', /\? bob@example\.org/)
  assert.match(driven.state.note?.text ?? '', /bob@example\.org waits/)
  for (const keys of [['f'], ['esc', 'g', 'j', 'enter'], ['esc', '?'], ['esc', ':']]) {
    driven.press(...keys)
    assert.not.match(shown(driven), /abcd/)
  }
})

test('the fingerprint that was read out lets in', () => {
  const driven = waiting({}).press('f').type('ABCD EFGH ijkl mnop').press('enter')
  assert.is(driven.lastCall('orgInviteConfirm')?.fingerprint, 'ABCD EFGH ijkl mnop')
  assert.is(driven.press('f').dialog, undefined)
  const member = { userId: 'b0'.repeat(16), email: 'bob@example.org', name: 'Bob' }
  const result = { org: 'acme', ...member, level: 'write', left: [], warnings: [] } as const
  const readings = driven.countOf('orgMemberList')
  driven.answer('orgInviteConfirm', result)
  assert.match(driven.state.note?.text ?? '', /let into acme: Bob bob@example\.org \(write\)/)
  assert.is(driven.countOf('orgMemberList'), readings + 1)
})

test('a wrong or short fingerprint lets nobody in, and is typed anew', () => {
  const driven = waiting({}).press('f').type('abcd-efgh').press('enter')
  assert.is(driven.countOf('orgInviteConfirm'), 0)
  assert.match(shown(driven), /! all of it/)
  driven.type('aaaa-bbbb-cccc-dddd').press('enter')
  assert.is(driven.countOf('orgInviteConfirm'), 1)
  driven.fail('orgInviteConfirm', { message: 'nobody who waits has this fingerprint' })
  assert.match(driven.said, /nobody who waits/)
  const { dialog } = driven.press('enter')
  assert.is(dialog?.kind === 'form' && dialog.fields[0]?.field.text, '')
})

test("another's fingerprint isn't taken for that of who was chosen", () => {
  const driven = waiting({}, { fingerprint: 'eeee-eeee-eeee-eeee', email: 'eve@example.org' })
  driven.press('g', 'j', 'f').type('eeee-eeee-eeee-eeee').press('enter')
  assert.is(driven.countOf('orgInviteConfirm'), 0)
  assert.match(shown(driven), /it is that of eve@example\.org/)
})

test('a device waits and is let in as one', () => {
  const driven = people()
  const request = { fingerprint: FINGERPRINT, at: NOON, expiresAt: NOON + 1000, expired: false }
  driven.answer('deviceRequests', { requests: [request], warnings: [] })
  driven.press('f').type(FINGERPRINT).press('enter')
  assert.is(driven.lastCall('deviceConfirm')?.fingerprint, FINGERPRINT)
  const warnings = [{ code: 'todo', message: 'not done in one' }]
  driven.answer('deviceConfirm', { deviceId: 'e1'.repeat(32), name: 'phone', vaults: 2, warnings })
  assert.match(driven.said, /let in: phone, into 2 vaults\n! not done in one/)
})

const REMOVED = {
  org: 'acme',
  userId: 'b0'.repeat(16),
  email: 'bob@example.org',
  exposed: [{ project: 'web', names: ['API_KEY', 'db/URL'] }],
  left: ['api'],
  warnings: [{ code: 'todo', message: 'goes on' }],
}

function removing(): Driven {
  return people().press('G', 'x')
}

test('a removal is asked about, done once, and ends with what to change', () => {
  const driven = removing()
  assert.match(driven.said, /out of acme and all its projects/)
  assert.is(driven.countOf('orgMemberRemove'), 0)
  driven.press('y', 'x', 'x')
  assert.is(driven.countOf('orgMemberRemove'), 1)
  assert.is(driven.lastCall('orgMemberRemove')?.who, 'b0'.repeat(16))
  driven.answer('orgMemberRemove', REMOVED, 'acme')
  assert.match(driven.said, /coffer:\/\/acme\/web\/API_KEY\ncoffer:\/\/acme\/web\/db\/URL/)
  assert.match(driven.said, /Not done yet in: api/)
  assert.match(driven.said, /! goes on/)
  assert.match(driven.press('enter', 'R').said, /API_KEY/)
})

test('what to change is told also to who has gone to another screen', () => {
  const driven = removing().press('y')
  const { owner } = driven
  driven.press('1').answer('orgMemberRemove', REMOVED, 'acme', owner)
  assert.is(topOf(driven.state).screen.name, 'places')
  assert.match(driven.said, /coffer:\/\/acme\/web\/API_KEY/)
})

test('other late answers disturb nobody', () => {
  const driven = people()
  const { owner } = driven
  driven.press('1').answer('deviceList', { devices: [] }, '', owner)
  assert.is(driven.dialog, undefined)
  assert.is(topOf(driven.state).screen.name, 'places')
})

test('the last device is warned of before', () => {
  const driven = people()
  assert.match(driven.press('g', 'j', 'x').said, /! It is this very device/)
  assert.match(driven.said, /! Your last device/)
})

test('nobody removes themselves or changes their own level, and nothing is asked that can only fail', () => {
  const says = (driven: Driven, key: string): string => {
    assert.is(driven.press('g', 'j', 'j', 'j', key).dialog, undefined)
    return driven.state.note?.text ?? ''
  }
  assert.match(says(people(), 'c'), /for others to change/)
  assert.match(says(people(), 'x'), /the only owner of acme: make somebody else an owner first/)
  const among = (level: 'owner' | 'write'): Driven => {
    const members = [{ ...ME, level }, aMember({ level: 'owner' })]
    return people().answer('orgMemberList', { org: 'acme', members, warnings: [] }, 'acme')
  }
  assert.match(says(among('owner'), 'x'), /nobody removes themselves: another owner of acme/)
  assert.match(says(among('write'), 'x'), /nobody removes themselves: an owner or admin of acme/)
})

test('a level is changed in the org, or in one project', () => {
  const places = [
    {
      place: { kind: 'project', org: 'acme', project: 'web' },
      vaultId: 'v1',
      role: 'owner',
    } as const,
  ]
  const driven = people({ places }).press('G', 'c')
  assert.match(shown(driven), /write \(now\)/)
  driven.press('enter')
  assert.is(driven.lastCall('orgMemberUpdate')?.level, 'write')
  driven.fail('orgMemberUpdate', {}).press('enter', 'c', 'j', 'j', 'enter')
  assert.is(driven.lastCall('orgMemberUpdate')?.level, 'read')
  driven.answer('orgMemberUpdate', { ...REMOVED, level: 'read', left: [], warnings: [] }, 'acme')
  assert.match(driven.said, /API_KEY/)
  driven.press('enter', 'c', 'G', 'enter', 'enter', 'G', 'enter')
  const sent = driven.lastCall('projectMemberSet')
  assert.equal(sent, {
    context: { cwd: '/home/ada', env: {}, org: 'acme', project: 'web' },
    who: 'b0'.repeat(16),
    level: 'none',
  })
})

test('who waits is read again by and by, and not twice at a time', () => {
  const driven = people()
  assert.is(driven.countOf('orgInviteRequests'), 1)
  driven.tick(4000).hear({ kind: 'refreshed' })
  assert.is(driven.countOf('orgInviteRequests'), 1)
  driven.answer('deviceRequests', { requests: [], warnings: [] })
  driven.fail('orgInviteRequests', { message: 'no relay' })
  assert.equal(driven.timers, [String(NOON)])
  driven.tick(5000).hear({ kind: 'timer', tag: String(NOON) })
  assert.is(driven.countOf('orgInviteRequests'), 2)
  driven.tick(5000).hear({ kind: 'timer', tag: String(NOON) })
  assert.is(driven.countOf('orgInviteRequests'), 2)
  assert.is(driven.dialog, undefined)
})

test('hostile names are shown, not obeyed, and every line fits', () => {
  const driven = people()
  const hostile = aMember({
    email: 'a\u001b[31m\u202eb',
    name: '\u001b]0;x\u0007',
    lookalike: true,
  })
  driven.answer('orgMemberList', { org: 'acme', members: [hostile], warnings: [] }, 'acme')
  for (const width of [40, 80, 200]) {
    for (const one of seen(driven, width)) {
      for (const bad of ['\u001b', '\u0007', '\u202e']) assert.not(one.includes(bad))
      assert.ok(one.length <= width, one)
    }
  }
  assert.is(seen(driven, 40, 3).length, 3)
  assert.match(seen(driven).join('\n'), /! a/)
})

test.run()
