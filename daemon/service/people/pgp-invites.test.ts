import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { parseInviteCode } from '../../../shared/log/code.js'
import { refusedWith } from '../../../shared/testing/refusal.js'
import { openPrivateKey } from '../../pgp/keys.js'
import { library } from '../../pgp/library.js'
import { signClear } from '../../pgp/messages.js'
import { addDevice, confirmDevice, listDevices } from '../devices/devices.js'
import {
  checkReply,
  inviteSealer,
  openInvite,
  pgpOfDevice,
  recordVouched,
  replyText,
  signedReply,
} from './pgp-invites.js'
import type { Device } from '../testing/device.js'
import { Net } from '../testing/net.js'
import { here, HOUR, joiner, person } from '../testing/pairing.js'

await cryptoReady

const { generateKey } = await library()
const ann = await generateKey({ userIDs: { name: 'Ann' } })
const eve = await generateKey({ userIDs: { name: 'Eve' } })
const now = new Date()

/** An invite encrypted to Ann's key, and its code. */
async function invited(first: Device): Promise<{ message: string; code: string }> {
  const sign = { key: eve.privateKey }
  const seal = await inviteSealer(first.session, { key: ann.publicKey, sign })
  const { code } = await addDevice(first.session, { context: here, expires: HOUR })
  return { code, message: (await seal(code)).message }
}

const check = ({ session }: Device, reply: string, key = ann.publicKey) =>
  checkReply(session, [session.vaults.user.replica], { reply, key })

test('an invite goes to a key, and its signed answer lets the device in', async () => {
  const net = new Net()
  const first = await person(net)
  const { message, code } = await invited(first)
  const open = { key: ann.privateKey }
  const opened = await openInvite(message, open, eve.publicKey, now)
  assert.is(opened.code, code)
  assert.equal(await refusedWith(() => openInvite(message, open, ann.publicKey, now)), [
    'tampering',
    'pgp-other-signer',
  ])
  const { device } = await joiner(net, code)
  const reply = await signedReply(device.session, code, { key: ann.privateKey })
  const checked = await check(first, reply)
  const { fingerprint } = checked
  const { deviceId } = device.session.device
  await confirmDevice(first.session, { context: here, fingerprint }, checked)
  await recordVouched(first.session, checked)
  assert.is(checked.device, deviceId)
  assert.is(pgpOfDevice(first.session.vaults.user.replica, deviceId), checked.pgp)
  const { devices } = await listDevices(first.session)
  assert.equal(
    devices.map(({ pgp }) => pgp),
    [undefined, checked.pgp],
  )
  // The same reply again finds the device in, and lets nobody else in.
  await confirmDevice(first.session, { context: here, fingerprint }, await check(first, reply))
  assert.is((await listDevices(first.session)).devices.length, 2)
  for (const one of [first, device]) await one.end()
})

test('a reply counts for its own invite, device and key only', async () => {
  const net = new Net()
  const [first, stranger] = [await person(net), await person(net)]
  const { code } = await invited(first)
  const { device } = await joiner(net, code)
  const { statement } = device.session.identity
  const key = await openPrivateKey({ armored: ann.privateKey, passphrase: undefined })
  const said = replyText(parseInviteCode(code), statement)
  const by = (reply: string, publicKey = ann.publicKey, where = first) =>
    refusedWith(() => check(where, reply, publicKey))
  const reply = await signClear(key, said)

  assert.equal(await by(reply, eve.publicKey), ['tampering', 'pgp-other-signer'])
  assert.equal(await by(said), ['format', 'pgp-message'])
  const eves = await signedReply(device.session, code, { key: eve.privateKey })
  assert.equal(await by(eves), ['tampering', 'pgp-other-signer'])
  assert.equal(await by(eves, eve.publicKey), ['refused', 'pgp-other-key'])
  assert.equal(await by(reply.replace(/device ...../, 'device 00000')), [
    'tampering',
    'pgp-signature',
  ])

  // True signatures over what isn't so.
  const signed = async (text: string) => by(await signClear(key, text))
  const zeros = '0'.repeat(64)
  const other = ['tampering', 'pgp-other-invite']
  assert.equal(await signed(said.replace(/vault \w+/, `vault ${zeros}`)), other)
  assert.equal(await signed(said.replace(/invite \w+/, `invite ${zeros}`)), other)
  assert.equal(await by(reply, ann.publicKey, stranger), other)
  for (const bad of ['hello\n', `${said}more\n`, said.replace('reply 1', 'reply 2'), ` ${said}`]) {
    assert.equal(await signed(bad), ['format', 'pgp-reply'])
  }
  const swapped = await check(
    first,
    await signClear(key, said.replace(/device \w+/, `device ${zeros}`)),
  )
  const { fingerprint } = swapped
  const confirming = () => confirmDevice(first.session, { context: here, fingerprint }, swapped)
  assert.equal(await refusedWith(confirming), ['tampering', 'pgp-other-device'])
  assert.is((await listDevices(first.session)).devices.length, 1)

  // Blanks and ends of lines, as mail programs change them, don't matter.
  const mailed = await signClear(key, said.replaceAll('\n', ' \r\n'))
  assert.is((await check(first, mailed)).device, device.session.device.deviceId)
  for (const one of [first, stranger, device]) await one.end()
})

test('a text holds one code, or is no invite', async () => {
  const open = (text: string) => refusedWith(() => openInvite(text, undefined, undefined, now))
  assert.equal(await open('hello'), ['format', 'pgp-no-code'])
  assert.equal(await open('coffer1-aaaa coffer1-bbbb'), ['format', 'pgp-no-code'])
  assert.equal(await open('-----BEGIN PGP MESSAGE-----'), ['usage', 'no-private-key'])
  const twice = await openInvite('coffer1-aaaa or coffer1-aaaa', undefined, undefined, now)
  assert.is(twice.code, 'coffer1-aaaa')
})

test.run()
