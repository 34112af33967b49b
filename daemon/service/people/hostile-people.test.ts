import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../../shared/codec.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { sign } from '../../../shared/crypto/sign.js'
import { idOf, type UserId, type VaultId } from '../../../shared/ids.js'
import { deviceIdOf } from '../../../shared/log/device.js'
import { parseInviteCode } from '../../../shared/log/code.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../../shared/log/link.js'
import { activeDevices, roleAt } from '../../../shared/log/membership.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { deviceOf, freshDevice } from '../../keystore/device.js'
import { systemRandom } from '../../random.js'
import { encodeRecord } from './directory.js'
import { joinOrg } from './join-org.js'
import { confirmJoiner, joinerRequests } from './org-joiners.js'
import { removeMember } from './org-members.js'
import { bringInto } from '../devices/own-devices.js'
import { movedWarnings } from './pins.js'
import { checkEmail, encodeMember, findMember, membersOf } from './org-people.js'
import { createProject, removeProject, selectProject } from './scopes.js'
import { identityOf } from '../session.js'
import { context, Device, until } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { get, here, person, set, web } from '../testing/pairing.js'
import { acme, applicant, invited, member, orgOf, projectOf, roleAtRelay } from '../testing/team.js'

// Attacks on the sharing of orgs, by their numbers in THREAT-MODEL: a relay that changes what it carries, joiners who are
// somebody else, members who reach for more.

await cryptoReady

const bobs = { name: 'Bob', email: 'bob@example.org' }

/** What the relay holds of requests to join acme. */
function requestsAt(net: Net, by: Device): Map<string, Uint8Array> {
  const kept = net.vaults.get(orgOf(by)!.vaultId)
  if (kept === undefined) throw new Error('acme is not at the relay')
  return kept.requests
}

async function shown(by: Device): Promise<string[]> {
  const { requests } = await joinerRequests(by.session)
  return requests.map(({ fingerprint }) => fingerprint)
}

const stranger = () =>
  identityOf(
    deviceOf(
      freshDevice(
        { userId: idOf<UserId>(systemRandom(16)), name: '', email: '', device: '' },
        systemRandom,
      ),
    ),
  )

test('attack 1: a public key put in the place of the invited one is not shown, and cannot be confirmed', async () => {
  const net = new Net()
  const ann = await person(net)
  const { code } = await invited(ann, bobs.email, 'write')
  const { device, fingerprint } = await applicant(net, code, bobs)
  const all = requestsAt(net, ann)
  const [[key, body]] = [...all] as [[string, Uint8Array]]
  const request = decode(joinRequestCodec, body, 'a join request', 4096)
  const asked = decode(joinRequestBodyCodec, request.body, 'a join request', 4096)
  const eve = stranger()
  const forged = encode(joinRequestBodyCodec, { ...asked, statement: eve.statement })
  const deviceSignature = sign('join-device', forged, eve.sign.privateKey)
  all.set(key, encode(joinRequestCodec, { ...request, body: forged, deviceSignature }))
  assert.equal(await shown(ann), [fingerprint])
  all.delete(key)
  const { requests } = await joinerRequests(ann.session)
  assert.ok(requests.every((one) => one.fingerprint === fingerprint))
  for (const one of [ann, device]) await one.end()
})

test("attack 2: an invite's proof used again with other keys does not hold", async () => {
  const net = new Net()
  const ann = await person(net)
  const { code } = await invited(ann, bobs.email, 'write')
  const { device } = await applicant(net, code, bobs)
  await until('the request', () => requestsAt(net, ann).size === 1)
  const second = await invited(ann, 'cleo@example.org', 'admin')
  const [body] = [...requestsAt(net, ann).values()] as [Uint8Array]
  const request = decode(joinRequestCodec, body, 'a join request', 4096)
  const asked = decode(joinRequestBodyCodec, request.body, 'a join request', 4096)
  const { link } = parseInviteCode(second.code)
  const moved = encode(joinRequestBodyCodec, { ...asked, inviteLink: link })
  requestsAt(net, ann).set('eve', encode(joinRequestCodec, { ...request, body: moved }))
  assert.is((await shown(ann)).length, 1)
  for (const one of [ann, device]) await one.end()
})

test('attack 3: nobody is let in but by a fingerprint typed in full', async () => {
  const net = new Net()
  const ann = await person(net)
  const { code } = await invited(ann, bobs.email, 'write')
  const { device, fingerprint } = await applicant(net, code, bobs)
  await shown(ann)
  const near = fingerprint.replace(/.$/, (last) => (last === 'a' ? 'e' : 'a'))
  const wrong = confirmJoiner(ann.session, { context: here, fingerprint: near })
  assert.equal(await refusedWith(() => wrong), ['not-found', 'no-request'])
  const half = confirmJoiner(ann.session, { context: here, fingerprint: fingerprint.slice(0, 9) })
  assert.equal(await refusedWith(() => half), ['format', 'fingerprint'])
  assert.is(roleAtRelay(net, orgOf(ann)?.vaultId, device), undefined)
  for (const one of [ann, device]) await one.end()
})

test('attack 4: a thief of the code has another fingerprint; who was meant is let in, and nobody else', async () => {
  const net = new Net()
  const ann = await person(net)
  const { code } = await invited(ann, bobs.email, 'write')
  const eve = await applicant(net, code, { name: 'Bob', email: bobs.email })
  const bob = await applicant(net, code, bobs)
  assert.not.equal(eve.fingerprint, bob.fingerprint)
  await confirmJoiner(ann.session, { context: here, fingerprint: bob.fingerprint })
  const late = confirmJoiner(ann.session, { context: here, fingerprint: eve.fingerprint })
  assert.equal(await refusedWith(() => late), ['not-found', 'no-request'])
  const org = net.vaults.get(orgOf(ann)!.vaultId)!.membership
  const users = activeDevices(org).map(({ userId }) => userId)
  assert.ok(users.includes(bob.device.session.identity.userId))
  assert.not.ok(users.includes(eve.device.session.identity.userId))
  await until('the thief to give up', () => {
    return eve.device.session.settings.current.people?.joins.length === 0
  })
  for (const one of [ann, bob.device, eve.device]) await one.end()
})

test("attack 5: another vault's chain, and one without the invite, are no org of the code", async () => {
  const net = new Net()
  const ann = await person(net)
  const { code } = await invited(ann, bobs.email, 'write')
  const bob = await Device.found({ net, ...bobs })
  const { vaultId } = parseInviteCode(code)
  const kept = net.vaults.get(vaultId)!
  const other = net.vaults.get(projectOf(ann, 'web')!.vaultId)!
  const asking = () => joinOrg(bob.session, parseInviteCode(code), code)
  const links = kept.links.splice(0)
  kept.links.push(...other.links)
  assert.equal(await refusedWith(asking), ['tampering', 'fake-genesis'])
  kept.links.splice(0, kept.links.length, ...links.slice(0, -1))
  assert.equal(await refusedWith(asking), ['tampering', 'invite-missing'])
  kept.links.splice(0, kept.links.length, ...links)
  assert.is(bob.session.settings.current.people, undefined)
  assert.equal(bob.session.vaults.orgs(), [])
  for (const one of [ann, bob]) await one.end()
})

test('attack 6: before the confirmation the joiner holds no key, and the relay no box for it', async () => {
  const net = new Net()
  const ann = await person(net)
  const { code } = await invited(ann, bobs.email, 'write')
  const { device } = await applicant(net, code, bobs)
  await shown(ann)
  const { vaultId } = parseInviteCode(code)
  assert.is(device.session.vaults.opened(vaultId), undefined)
  assert.is(device.disks.has(vaultId), false)
  for (const { membership } of net.vaults.values()) {
    if (membership.kind === 'user') continue
    assert.is(roleAt(membership, device.session.identity.device), undefined)
  }
  for (const one of [ann, device]) await one.end()
})

test('attack 33: who sees that a project exists holds no key of it, whatever a relay serves', async () => {
  const net = new Net()
  const ann = await person(net)
  const cleo = await member(net, ann, 'read', 'cleo')
  await until('the project', () => projectOf(cleo, 'web') !== undefined)
  const { replica } = projectOf(cleo, 'web')!
  assert.is(replica.chain.keys.size, 0)
  assert.equal([...replica.live('secret')], [])
  assert.equal(await refusedWith(() => get(cleo, 'WEB', web)), ['refused', 'role'])
  assert.equal(await refusedWith(() => set(cleo, 'WEB', 'x', web)), ['refused', 'role'])
  for (const one of [ann, cleo]) await one.end()
})

test('a writer who writes levels or projects into the org reaches nobody', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  const cleo = await member(net, ann, 'read', 'cleo')
  const { userId } = cleo.session.identity
  const record = encodeMember({ level: 'admin', email: 'ann@example.org', name: 'Ann', at: 0 })
  const entry = encodeRecord({ kind: 'project', title: 'web' })
  await orgOf(bob)!.write(() => [
    { space: 'setting', name: `member/${userId}`, value: record },
    { space: 'setting', name: `user/${userId}/name`, value: record },
    { space: 'vault', name: 'f'.repeat(64), value: entry },
    { space: 'setting', name: `user/${bob.session.identity.userId}/name`, value: Buffer.from('B') },
  ])
  await until('his word', () => {
    return membersOf(orgOf(ann)!.replica).some(({ name }) => name === 'B')
  })
  const told = findMember(orgOf(ann)!.replica, userId)
  assert.equal([told.level, told.email], ['read', 'cleo@example.org'])
  assert.equal(
    ann.session.vaults.projects(orgOf(ann)!.vaultId).map(({ name }) => name),
    ['web'],
  )
  for (const one of [ann, bob, cleo]) await one.end()
})

test('attack 48: people who look alike are told apart, and never taken for another', async () => {
  for (const [typed, reason] of [
    ['bоb@example.org', 'mixed-script'],
    ['bob\u200b@example.org', 'hidden-character'],
    ['bob', 'email'],
    ['b b@example.org', 'email'],
    ['bob@x@y', 'email'],
  ] as const) {
    assert.equal(await refusedWith(() => checkEmail(typed)), ['format', reason], typed)
  }
  const net = new Net()
  const ann = await person(net)
  const first = await member(net, ann, 'write', 'paul')
  const second = await member(net, ann, 'write', 'pau1')
  const org = orgOf(ann)!.replica
  assert.equal(
    membersOf(org).map(({ lookalike }) => lookalike),
    [false, true, true],
  )
  assert.is(findMember(org, 'PAUL@example.org').userId, first.session.identity.userId)
  // A member's own word on their address never makes another's ambiguous address theirs.
  const { userId } = second.session.identity
  const email = Buffer.from('ann@example.org')
  await orgOf(second)!.write(() => [
    { space: 'setting', name: `user/${userId}/email`, value: email },
  ])
  await until('the word', () => org.get('setting', `user/${userId}/email`) !== undefined)
  assert.equal(await refusedWith(() => findMember(org, 'ann@example.org')), [
    'not-found',
    'no-member',
  ])
  // Two admins gave two people one address: nobody is guessed.
  const twin = encodeMember({ level: 'write', email: 'paul@example.org', name: '', at: 0 })
  await orgOf(ann)!.write(() => [{ space: 'setting', name: `member/${userId}`, value: twin }])
  const guess = () => findMember(orgOf(ann)!.replica, 'paul@example.org')
  assert.equal(await refusedWith(guess), ['usage', 'ambiguous-member'])
  assert.is(findMember(orgOf(ann)!.replica, userId).userId, userId)
  for (const one of [ann, first, second]) await one.end()
})

test('attack 52: what a member brings into a project, and not into the org, goes with them', async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  await until('the right to write', () => projectOf(bob, 'web')?.replica.mayWrite === true)
  const { userId } = bob.session.identity
  const labels = { name: '', email: '', device: '' }
  const { statement } = identityOf(deviceOf(freshDevice({ userId, ...labels }, systemRandom)))
  const project = projectOf(bob, 'web')!
  await bringInto(bob.session, project, deviceIdOf(statement.keys), statement)
  const { membership } = net.vaults.get(project.vaultId)!
  const role = () => roleAt(membership, deviceIdOf(statement.keys))
  assert.is(role(), 'writer')
  await removeMember(ann.session, { context: acme, who: bobs.email })
  assert.is(role(), undefined)
  for (const one of [ann, bob]) await one.end()
})

test("attack 59: a project's name that means another vault is refused until somebody says that it is meant so", async () => {
  const net = new Net()
  const ann = await person(net)
  const bob = await member(net, ann, 'write')
  await until('the secret', () => projectOf(bob, 'web')?.replica.get('secret', 'WEB') !== undefined)
  assert.is(await get(bob, 'WEB', web), 'web')
  await removeProject(ann.session, { context: acme, name: 'web' })
  await createProject(ann.session, { context: acme, name: 'web' })
  await set(ann, 'WEB', 'trap', web)
  const { vaultId } = projectOf(ann, 'web')!
  const shownAs = (): VaultId | undefined =>
    bob.session.vaults.projects(orgOf(bob)!.vaultId).find(({ name }) => name === 'web')?.vaultId
  await until('the new directory', () => shownAs() === vaultId)
  const moved = ['tampering', 'directory-moved'] as const
  assert.equal(await refusedWith(() => get(bob, 'WEB', web)), moved)
  assert.equal(await refusedWith(() => set(bob, 'WEB', 'mine', web)), moved)
  assert.equal(
    movedWarnings(bob.session).map(({ code }) => code),
    ['directory-moved'],
  )
  await bob.restart()
  await until('the org', () => orgOf(bob) !== undefined && shownAs() === vaultId)
  assert.equal(await refusedWith(() => get(bob, 'WEB', web)), moved)
  await selectProject(bob.session, { context: context({ org: 'acme' }), name: 'web', moved: true })
  await until(
    'the new one',
    () => projectOf(bob, 'web')?.replica.get('secret', 'WEB') !== undefined,
  )
  assert.is(await get(bob, 'WEB', web), 'trap')
  assert.equal(movedWarnings(bob.session), [])
  for (const one of [ann, bob]) await one.end()
})

test.run()
