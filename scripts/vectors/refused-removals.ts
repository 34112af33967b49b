import { encodeWraps, type Action, type ActionOf, type EpochStart } from '../../shared/log/link.js'
import type { Role } from '../../shared/log/roles.js'
import { deviceIdOf, makeStatement } from '../../shared/log/device.js'
import { ANN, request } from './chain.js'
import { person, seed, type Person } from './people.js'
import { Forger, type How } from './refused-links.js'
import type { Refused } from './refused.js'
import { CAT, DAN, DESK, FAY, PAPER, PHONE, TABLET, TV, type Team } from './team.js'

// Links that take rights away, give them, or change keys, and must be refused: by the rules of SPEC section 5 from 10 on.

const GUS = person('gus/desk')
const HAL = person('hal/desk')
const LABEL = seed('label')

export function refusedRemovals(team: Team): Refused[] {
  const forger = new Forger(team.chain, 'team')
  members(forger)
  removals(forger, team)
  roles(forger)
  keys(forger)
  cuts(forger, team)
  epochs(forger)
  raises(forger, team)
  return forger.all
}

const sorted = (people: readonly Person[]): Person[] =>
  people.toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** `person`, said to have the box key of another. */
function sharing(one: Person, other: Person): Person {
  const keys = { ...one.keys, box: other.keys.box }
  const statement = makeStatement(keys, one.userId, one.sign.privateKey)
  return { ...one, id: deviceIdOf(keys), keys, statement }
}

type Member = { readonly role?: Role; readonly labels?: number; readonly after?: string }

function members(forger: Forger): void {
  const member = (
    name: string,
    refused: string,
    by: Person,
    people: readonly Person[],
    { role = 'reader', labels = people.length, after = 'member-fay' }: Member = {},
  ): void => {
    const statements = people.map(({ statement }) => statement)
    const body = {
      statements,
      role,
      wraps: LABEL,
      labels: people.slice(0, labels).map(() => LABEL),
    }
    forger.add(name, `tampering/${refused}`, after, by, { kind: 'add-member', body })
  }
  const two = sorted([GUS, person('gus/phone')])
  member('members of two users', 'bad-proof', ANN, sorted([GUS, HAL]))
  member('a member without a label', 'bad-proof', ANN, two, { labels: 1 })
  member('members out of order', 'bad-proof', ANN, two.toReversed())
  member('the same device twice', 'bad-proof', ANN, [GUS, GUS])
  const stolen = { ...GUS, statement: { ...GUS.statement, userId: HAL.userId } }
  member('a member whose device did not sign its user', 'bad-proof', ANN, [stolen])
  const [first = GUS, second = GUS] = two
  const shared = sorted([first, sharing(second, first)])
  member('two devices that share a key', 'device-known', ANN, shared)
  member('a member brought by a writer', 'not-authorised', PHONE, [GUS])
  member('an admin made by an admin', 'not-authorised', FAY, [GUS], { role: 'admin' })
  member('a runner as a member', 'not-authorised', ANN, [GUS], { role: 'runner' })
  member('a user who is here', 'user-known', ANN, [person('cat/new')])
  member('a key that was here', 'device-known', ANN, [DAN], { after: 'remove-viewer' })
}

type Remove = Partial<ActionOf<'remove'>>

function removals(forger: Forger, team: Team): void {
  const good = forger.get('remove').link.action
  if (good.kind !== 'remove') throw new TypeError('no removal')
  const remove = (
    name: string,
    refused: string,
    by: Person,
    over: Remove,
    after = 'role-down',
  ): void => {
    const action: Action = { kind: 'remove', body: { ...good.body, cuts: [], kept: [], ...over } }
    forger.add(name, `tampering/${refused}`, after, by, action)
  }
  const kept = [TABLET.id]
  remove('of nobody of the vault', 'device-unknown', ANN, { devices: [GUS.id] })
  remove('of a device that is gone', 'device-unknown', ANN, { devices: [DESK.id], kept }, 'remove')
  const mixed = sorted([CAT, DAN]).map(({ id }) => id)
  remove('of two users', 'bad-removal', ANN, { devices: mixed })
  const both = sorted([DESK, TABLET]).map(({ id }) => id)
  remove('out of order', 'bad-removal', ANN, { devices: both.toReversed() })
  remove('of a device twice', 'bad-removal', ANN, { devices: [DESK.id, DESK.id], kept })
  remove('of another user by a writer', 'not-authorised', DESK, { devices: [CAT.id] })
  remove('of an owner by an admin', 'not-authorised', CAT, { devices: [ANN.id] })
  remove('of a writer by a viewer', 'not-authorised', DAN, { devices: [DESK.id], kept })
  remove("of one's own recovery device", 'not-authorised', PHONE, { devices: [PAPER.id] })
  remove('that leaves a descendant unsaid', 'bad-removal', ANN, { devices: [DESK.id] })
  const more = sorted([TABLET, PAPER]).map(({ id }) => id)
  remove('that keeps who does not descend', 'bad-removal', ANN, { devices: [DESK.id], kept: more })
  remove('of the last owner', 'last-owner', ANN, { devices: [ANN.id] })
  remove('by a removed device', 'unknown-author', DESK, { devices: [TABLET.id] }, 'remove')
  const invite = forger.get('invite-own').hash
  const joining = request(team.chain.vaultId, invite, TV, person('bob/tv'))
  const admit: Action = { kind: 'admit', body: { request: joining, wraps: LABEL, label: LABEL } }
  forger.add('an invite whose author was removed', 'tampering/invite-used', 'remove', PHONE, admit)
}

function roles(forger: Forger): void {
  const role = (
    name: string,
    refused: string,
    by: Person,
    body: Pick<ActionOf<'change-role'>, 'userId' | 'role'> & Partial<ActionOf<'change-role'>>,
    after = 'member-dan',
    how: How = {},
  ): void => {
    const action: Action = { kind: 'change-role', body: { cuts: [], ...body } }
    forger.add(name, `tampering/${refused}`, after, by, action, how)
  }
  const { userId } = DAN
  role('a runner by role', 'bad-role-change', ANN, { userId, role: 'runner' })
  role('a role that is held', 'bad-role-change', ANN, { userId, role: 'viewer' })
  role('a role of nobody', 'bad-role-change', ANN, { userId: GUS.userId, role: 'reader' })
  role('a role given by a writer', 'not-authorised', PHONE, { userId, role: 'reader' })
  role('an admin by an admin', 'not-authorised', CAT, { userId, role: 'admin' })
  role('an owner lowered by an admin', 'not-authorised', CAT, {
    userId: ANN.userId,
    role: 'reader',
  })
  role("one's own role raised", 'not-authorised', DAN, { userId, role: 'writer' })
  role('the last owner lowered', 'last-owner', ANN, { userId: ANN.userId, role: 'admin' })
  role('a reader without its key', 'bad-wraps', ANN, { userId, role: 'reader' })
  const table = encodeWraps([{ device: CAT.id, box: new Uint8Array(148) }])
  const wraps = table.hash
  role('a key for another', 'bad-wraps', ANN, { userId, role: 'reader', wraps }, 'member-dan', {
    wraps: table.bytes,
  })
  role('a key without need', 'bad-wraps', ANN, { userId: CAT.userId, role: 'writer', wraps })
}

function keys(forger: Forger): void {
  const { action } = forger.get('rotate').link
  if (action.kind !== 'rotate') throw new TypeError('no rotation')
  const { epoch } = action.body
  const by = (name: string, who: Person, after: string): void =>
    forger.add(name, 'tampering/not-authorised', after, who, action)
  by('a new key by a viewer', DAN, 'rotate-bad')
  by('a new key by a reader', CAT, 'member-fay')
  const rewrap = (name: string, refused: string, who: Person, to: Person): void => {
    const again: Action = { kind: 'rewrap', body: { device: to.id, wraps: LABEL } }
    forger.add(name, `tampering/${refused}`, 'rotate', who, again)
  }
  rewrap('a key given by a viewer', 'not-authorised', DAN, PHONE)
  rewrap('a key given to a viewer', 'device-unknown', ANN, DAN)
  rewrap('a key given to a removed device', 'device-unknown', ANN, DESK)
  const table = (name: string, people: readonly Person[]): void => {
    const { bytes, hash: wraps } = encodeWraps(
      people.map(({ id: device }) => ({ device, box: new Uint8Array(148) })),
    )
    const other: Action = { kind: 'rotate', body: { epoch: { ...epoch, wraps } } }
    forger.add(name, 'tampering/bad-wraps', 'rotate-bad', ANN, other, { wraps: bytes })
  }
  const readers = forger.get('rotate').to
  table('a new key for a removed device too', [...readers, DESK])
  table('a new key that leaves a reader out', readers.slice(1))
  table('a new key for readers out of order', readers.toReversed())
  forger.add('a new key without its table', 'tampering/bad-wraps', 'rotate-bad', ANN, action)
}

function cuts(forger: Forger, team: Team): void {
  const { action } = forger.get('remove').link
  if (action.kind !== 'remove') throw new TypeError('no removal')
  const [at] = action.body.cuts
  if (at === undefined) throw new TypeError('no cut')
  const cut = (name: string, all: ActionOf<'remove'>['cuts'], over: Remove = {}): void => {
    const body = { ...action.body, ...over, cuts: all }
    forger.add(name, 'tampering/bad-cut', 'role-down', ANN, { kind: 'remove', body })
  }
  cut('cuts out of order', [at, { ...at, seq: 1 }])
  cut('a cut twice', [at, at])
  cut('a cut before the first changeset', [{ ...at, seq: 0 }])
  cut('a cut of who stays', team.cuts('phone-2'))
  cut('a cut of a viewer', team.cuts('dan-1'), { devices: [DAN.id], kept: [] })
  const up = { userId: DAN.userId, role: 'reader' as const, cuts: team.cuts('dan-1'), wraps: LABEL }
  const raised: Action = { kind: 'change-role', body: up }
  forger.add('a cut of who loses nothing', 'tampering/bad-cut', 'member-dan', ANN, raised)
}

function epochs(forger: Forger): void {
  const { action } = forger.get('remove').link
  if (action.kind !== 'remove' || action.body.epoch === undefined) throw new TypeError('no epoch')
  const { epoch } = action.body
  const { commitment, box, wraps, before = LABEL } = epoch
  const bare = { commitment, box, wraps }
  const start = (name: string, other: EpochStart | undefined): void => {
    const { devices, cuts: at, kept } = action.body
    const body = { devices, cuts: at, kept }
    const changed = other === undefined ? body : { ...body, epoch: other }
    forger.add(name, 'tampering/bad-epoch', 'role-down', ANN, { kind: 'remove', body: changed })
  }
  start('the removal of a reader without a new key', undefined)
  start('an epoch without base', { ...bare, before })
  start('an epoch without the key before', { ...bare, base: 2 })
  start('an epoch on epoch 0', { ...epoch, base: 0 })
  start('an epoch on itself', { ...epoch, base: 3 })
  const two = { base: 2, before }
  start('an epoch with a further key of its base', { ...epoch, more: [two] })
  start('an epoch with further keys out of order', { ...epoch, more: [{ ...two, base: 1 }, two] })
  start('an epoch with a further key of epoch 0', { ...epoch, more: [{ ...two, base: 0 }] })
  const first = forger.get('genesis').link.action
  if (first.kind !== 'genesis') throw new TypeError('no genesis')
  start('a key that was used before', { ...epoch, commitment: first.body.epoch.commitment })
  const viewer: Action = { kind: 'remove', body: { devices: [DAN.id], cuts: [], kept: [], epoch } }
  forger.add('a new key without need', 'tampering/bad-epoch', 'role-down', ANN, viewer)
  const lower = { userId: CAT.userId, role: 'viewer' as const, cuts: [] }
  const blind: Action = { kind: 'change-role', body: lower }
  forger.add('a reader lowered without a new key', 'tampering/bad-epoch', 'role-down', ANN, blind)
}

function raises(forger: Forger, team: Team): void {
  const raise = (name: string, refused: string, by: Person, to: string[], after: string): void => {
    const action: Action = { kind: 'raise-cut', body: { cuts: team.cuts(...to) } }
    forger.add(name, `tampering/${refused}`, after, by, action)
  }
  raise('a cut raised by a writer', 'not-authorised', PHONE, ['desk-3'], 'rewrap')
  raise("an admin's cut raised by an admin", 'not-authorised', FAY, ['cat-2'], 'member-fay')
  raise('a cut raised that was never made', 'bad-cut', CAT, ['phone-2'], 'rewrap')
  raise('a cut that is lowered', 'bad-cut', CAT, ['desk-1'], 'rewrap')
  raise('a cut raised to where it is', 'bad-cut', CAT, ['desk-2'], 'rewrap')
  const [at] = team.cuts('desk-3')
  if (at === undefined) throw new TypeError('no cut')
  const twice: Action = { kind: 'raise-cut', body: { cuts: [at, at] } }
  forger.add('a cut raised twice at once', 'tampering/bad-cut', 'rewrap', CAT, twice)
}
