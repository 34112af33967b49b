// A relay, or somebody on the way to it, that would be let into an org, or let the wrong person in, over real sockets.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../shared/codec.js'
import { sign, signKeyPair } from '../../shared/crypto/sign.js'
import { idOf, type InviteKey, type UserId } from '../../shared/ids.js'
import { fingerprintOf, parseInviteCode } from '../../shared/log/code.js'
import { makeStatement } from '../../shared/log/device.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../shared/log/link.js'
import { deviceOf } from '../../sync-server/testing/people.js'
import { type Home } from './harness/home.js'
import { type Running } from './harness/program.js'
import { Stage } from './support/hostile/stage.js'
import { contextOf } from './support/local.js'

const stage = await Stage.start()
const { a, relay, world } = stage
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

const acme = contextOf('acme')

async function invite(email: string): Promise<string> {
  const params = { context: acme, email, level: 'write', expires: 3_600_000 } as const
  return (await a.client.call('orgInvite', params)).code
}

/** A person in a home of their own who asks to be let in. */
async function asks(
  name: string,
  code: string,
): Promise<{ home: Home; running: Running; print: string }> {
  const home = world.home(name)
  await home.init()
  const running = home.start(['join', code])
  const [, print = ''] = await running.printed(/^fingerprint: (\S+)$/m)
  return { home, running, print }
}

const listed = async (): Promise<string[]> => {
  const { requests } = await a.client.call('orgInviteRequests', { context: contextOf() })
  return requests.map(({ fingerprint }) => fingerprint)
}

const confirm = (fingerprint: string) =>
  a.client.call('orgInviteConfirm', { context: contextOf(), fingerprint })

const emails = async (): Promise<string[]> => {
  const { members } = await a.client.call('orgMemberList', { context: acme })
  return members.map(({ email }) => email)
}

test('attacks 1, 2, 3, 4: nobody is let into an org but by the fingerprint that the person reads out', async () => {
  const code = await invite('bob@example.org')
  const { home, running, print } = await asks('bob', code)
  const { vaultId, link } = parseInviteCode(code)
  const { keys, pair } = deviceOf('mallory')
  const statement = makeStatement(keys, idOf<UserId>(new Uint8Array(16)), pair.privateKey)
  const forge = (known: Uint8Array): Uint8Array[] => {
    const { body, inviteSignature, deviceSignature } = decode(joinRequestCodec, known, 'it', 4096)
    const real = decode(joinRequestBodyCodec, body, 'it', 4096)
    const own = signKeyPair(new Uint8Array(32).fill(7))
    const mine = encode(joinRequestBodyCodec, { ...real, statement })
    const inviteKey = idOf<InviteKey>(own.publicKey)
    const invented = encode(joinRequestBodyCodec, { ...real, statement, inviteKey })
    return [
      { body: mine, inviteSignature, deviceSignature: sign('join-device', mine, pair.privateKey) },
      { body: mine, inviteSignature, deviceSignature },
      { body, inviteSignature: sign('join-invite', body, own.privateKey), deviceSignature },
      {
        body: invented,
        inviteSignature: sign('join-invite', invented, own.privateKey),
        deviceSignature: sign('join-device', invented, pair.privateKey),
      },
    ].map((request) => encode(joinRequestCodec, request))
  }
  relay.lie = {
    down: (message) =>
      message.kind === 'joinRequests'
        ? [{ ...message, body: { requests: message.body.requests.flatMap(forge) } }]
        : [message],
  }
  // What was pushed before the lie began is known: only that may be listed.
  assert.equal(
    (await listed()).filter((one) => one !== print),
    [],
  )
  const hers = fingerprintOf(vaultId, link, statement)
  assert.is(await a.fails(confirm(hers)), 'not-found/no-request')
  assert.is(await a.fails(confirm(print.slice(0, 14))), 'format/fingerprint')
  assert.equal(await home.ok(['org', 'ls']), '')
  assert.not((await emails()).includes('bob@example.org'), 'nobody is let in by themselves')
  relay.lie = {}
  assert.equal(await listed(), [print])
  await confirm(print)
  assert.is((await running.ended).code, 0, running.describe())
  assert.is(await home.ok(['org', 'ls']), 'acme\n')
  assert.ok((await emails()).includes('bob@example.org'))
})

test("attack 5: another vault's chain, one without the invite, or none at all, is no org; the true one still is", async () => {
  const project = await stage.project()
  const code = await invite('cleo@example.org')
  const home = world.home('cleo')
  await home.init()
  const lies: readonly ((links: Uint8Array[]) => Uint8Array[])[] = [
    () => [relay.log(project.vaultId)[0] ?? new Uint8Array()],
    (links) => links.slice(0, 2),
    () => [new Uint8Array(50)],
  ]
  for (const lie of lies) {
    relay.lie = {
      down: (message) => {
        if (message.kind !== 'chain') return [message]
        const entries = lie([...message.body.entries])
        const head = { ...message.body.head, length: message.body.from + entries.length }
        return [{ ...message, body: { ...message.body, entries, head } }]
      },
    }
    const { code: exit, out, err } = await home.run(['join', code, '--no-wait'])
    assert.is(exit, 27, err)
    assert.match(err, /^coffer: tampering: the relay answered with a chain that /)
    assert.is(out, '')
    assert.is(await home.ok(['org', 'ls']), '')
  }
  relay.lie = {}
  const print = /^fingerprint: (\S+)$/m.exec(await home.ok(['join', code, '--no-wait']))?.[1] ?? ''
  await home.ok(['daemon', 'stop'])
  await home.ok(['daemon', 'start'])
  assert.ok((await listed()).includes(print))
  await confirm(print)
  await home.ok(['join', code, '--timeout', '30s'])
  assert.is(await home.ok(['org', 'ls']), 'acme\n')
})

test.run()
