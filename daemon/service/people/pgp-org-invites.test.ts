import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { parseInviteCode } from '../../../shared/log/code.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { openPrivateKey } from '../../pgp/keys.js'
import { library } from '../../pgp/library.js'
import { signClear } from '../../pgp/messages.js'
import { waitJoined } from '../devices/joining.js'
import type { Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { here, HOUR, person, quiet, signal } from '../testing/pairing.js'
import { acme, applicant, invited } from '../testing/team.js'
import { confirmJoiner, managedOrgs } from './org-joiners.js'
import { listMembers } from './org-members.js'
import { checkReply, inviteSealer, openInvite, recordVouched, replyText } from './pgp-invites.js'

await cryptoReady

const { generateKey } = await library()
const bob = await generateKey({ userIDs: { name: 'Bob' } })
const eve = await generateKey({ userIDs: { name: 'Eve' } })
const bobsKey = await openPrivateKey({ armored: bob.privateKey, passphrase: undefined })
const evesKey = await openPrivateKey({ armored: eve.privateKey, passphrase: undefined })

/** The code of an invite to acme, as only Bob's key opens it. */
async function invitedByKey(ann: Device, email: string): Promise<string> {
  const seal = await inviteSealer(ann.session, { key: bob.publicKey })
  const { message } = await seal((await invited(ann, email, 'write')).code)
  const open = { key: bob.privateKey }
  return (await openInvite(message, open, undefined, new Date())).code
}

/** What `org invite confirm --pgp-reply` does. */
async function confirm({ session }: Device, reply: string, key = bob.publicKey) {
  const orgs = managedOrgs(session).map(({ shell }) => shell.replica)
  const checked = await checkReply(session, orgs, { reply, key })
  const { fingerprint } = checked
  const result = await confirmJoiner(session, { context: here, fingerprint }, checked)
  await recordVouched(session, checked)
  return { ...result, pgp: checked.pgp }
}

const said = ({ session }: Device, code: string): string =>
  replyText(parseInviteCode(code), session.identity.statement)
const count = async (ann: Device): Promise<number> =>
  (await listMembers(ann.session, { context: acme })).members.length

test("a reply signed by the invite's key lets the person into the org", async () => {
  const net = new Net()
  const ann = await person(net)
  const labels = { name: 'bob', email: 'bob@example.org' }
  const code = await invitedByKey(ann, labels.email)
  const { device } = await applicant(net, code, labels)
  const reply = await signClear(bobsKey, said(device, code))
  const { org, email, level, pgp } = await confirm(ann, reply)
  assert.equal([org, email, level], ['acme', labels.email, 'write'])
  await waitJoined(device.session, { context: here, timeout: HOUR, code }, quiet, signal)
  const { members } = await listMembers(ann.session, { context: acme })
  assert.equal(
    members.map((one) => one.pgp),
    [undefined, pgp],
  )
  // The same reply again finds the person in, and lets nobody else in.
  await confirm(ann, reply)
  assert.is(await count(ann), 2)
  for (const one of [ann, device]) await one.end()
})

test('a reply to an org counts for its own invite, device and key only', async () => {
  const net = new Net()
  const [ann, stranger] = [await person(net), await person(net)]
  const codes = [await invitedByKey(ann, 'bob@example.org'), await invitedByKey(ann, 'b2@x.org')]
  const [code = '', second = ''] = codes
  const { device } = await applicant(net, code, { name: 'bob', email: 'bob@example.org' })
  const { device: other } = await applicant(net, second, { name: 'b2', email: 'b2@x.org' })
  const by = (reply: string, key?: string) => refusedWith(() => confirm(ann, reply, key))

  // By another key.
  const text = said(device, code)
  const eves = await signClear(evesKey, text)
  assert.equal(await by(eves), ['tampering', 'pgp-other-signer'])
  assert.equal(await by(eves, eve.publicKey), ['refused', 'pgp-other-key'])

  // Over other device's keys: under the name of one that waits, and under its own, which nobody asked with.
  const theirs = (what: RegExp, from = said(other, second)): string => what.exec(from)?.[0] ?? ''
  const signed = async (words: string) => by(await signClear(bobsKey, words))
  const otherDevice = ['tampering', 'pgp-other-device']
  assert.equal(await signed(text.replace(/device \w+/, theirs(/device \w+/))), otherDevice)
  assert.equal(await signed(said(other, code)), ['not-found', 'no-request'])

  // For another invite: of the same org, of the device's own vault, and where the org isn't managed.
  assert.equal(await signed(said(device, second)), ['not-found', 'no-request'])
  const reply = await signClear(bobsKey, text)
  const elsewhere = ['tampering', 'pgp-other-invite']
  const user = [ann.session.vaults.user.replica]
  const asOwn = () => checkReply(ann.session, user, { reply, key: bob.publicKey })
  assert.equal(await refusedWith(asOwn), elsewhere)
  assert.equal(await refusedWith(() => confirm(stranger, reply)), elsewhere)
  assert.equal(await refusedWith(() => confirm(device, reply)), elsewhere)
  assert.is(await count(ann), 1)

  // Named for its own invite, over the device that answered another: it vouches for nobody's higher level.
  const invite = theirs(/invite \w+/, text)
  const moved = said(other, second).replace(/invite \w+/, invite)
  assert.equal(await signed(moved), otherDevice)
  assert.is(await count(ann), 1)

  // The true one still counts, and shown again it doesn't let the other in.
  await confirm(ann, reply)
  await confirm(ann, reply)
  assert.equal(await signed(text.replace(/invite \w+/, theirs(/invite \w+/))), otherDevice)
  assert.is(await count(ann), 2)
  for (const one of [ann, stranger, device, other]) await one.end()
})

test.run()
