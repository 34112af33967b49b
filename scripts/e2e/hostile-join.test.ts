// A relay, or somebody on the way to it, that would be let in, or let the wrong one in, over real sockets.
import { existsSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../shared/codec.js'
import { sign, signKeyPair } from '../../shared/crypto/sign.js'
import { idOf, type InviteKey } from '../../shared/ids.js'
import { fingerprintOf, parseInviteCode } from '../../shared/log/code.js'
import { makeStatement, type DeviceStatement } from '../../shared/log/device.js'
import { decodeEntry, encodeEntry } from '../../shared/log/entry.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../shared/log/link.js'
import { type RelayMessage } from '../../shared/protocol/relay.js'
import { deviceOf } from '../../sync-server/testing/people.js'
import { until } from './harness/until.js'
import { fingerprintIn, joiningOn } from './support/hostile/joining.js'
import { flipped } from './support/hostile/lies.js'
import { Stage } from './support/hostile/stage.js'
import { contextOf } from './support/local.js'

const stage = await Stage.start()
const { a, relay, world } = stage
const { addDevice, joins, confirm } = joiningOn(stage)
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

const listed = async (): Promise<string[]> => {
  const { requests } = await a.client.call('deviceRequests', { context: contextOf() })
  return requests.map(({ fingerprint }) => fingerprint)
}

const deviceCount = async (): Promise<number> =>
  (await a.client.call('deviceList', { context: contextOf() })).devices.length

/** A statement of a device that somebody else has made, for whatever user. */
function statementOf(name: string, userId: DeviceStatement['userId']): DeviceStatement {
  const { keys, pair } = deviceOf(name)
  return makeStatement(keys, userId, pair.privateKey)
}

test('attacks 1, 2, 3, 4: nobody is let in but by the fingerprint that the new device shows', async () => {
  const code = await addDevice()
  const joiner = await joins('c', code)
  const genuine = fingerprintIn(joiner.text)
  const parsed = parseInviteCode(code)
  const { link, vaultId } = parsed
  const mallory = deviceOf('mallory')
  const userId = parsed.user ?? idOf(new Uint8Array(16))
  const statement = statementOf('mallory', userId)
  const forge = (known: Uint8Array): Uint8Array[] => {
    const { body, inviteSignature, deviceSignature } = decode(joinRequestCodec, known, 'it', 4096)
    const real = decode(joinRequestBodyCodec, body, 'it', 4096)
    const own = signKeyPair(new Uint8Array(32).fill(7))
    const mine = encode(joinRequestBodyCodec, { ...real, statement })
    const byMine = sign('join-device', mine, mallory.pair.privateKey)
    const invented = { ...real, statement, inviteKey: idOf<InviteKey>(own.publicKey) }
    const inventedBody = encode(joinRequestBodyCodec, invented)
    return [
      // Its own keys under the joiner's proof; the joiner's keys under a proof of its own; all of it invented.
      { body: mine, inviteSignature, deviceSignature: byMine },
      { body: mine, inviteSignature, deviceSignature },
      { body, inviteSignature: sign('join-invite', body, own.privateKey), deviceSignature },
      {
        body: inventedBody,
        inviteSignature: sign('join-invite', inventedBody, own.privateKey),
        deviceSignature: sign('join-device', inventedBody, mallory.pair.privateKey),
      },
    ].map((request) => encode(joinRequestCodec, request))
  }
  relay.lie = {
    down: (message) =>
      message.kind === 'joinRequests'
        ? [{ ...message, body: { requests: message.body.requests.flatMap(forge) } }]
        : [message],
  }
  const before = await deviceCount()
  // What was pushed before the lie began is known: only that may be listed.
  assert.equal(
    (await listed()).filter((one) => one !== genuine),
    [],
  )
  const hers = fingerprintOf(vaultId, link, statement)
  assert.is(await a.fails(confirm(hers)), 'not-found/no-request')
  assert.is(await a.fails(confirm(genuine.slice(0, 14))), 'format/fingerprint')
  assert.is(await deviceCount(), before, 'nothing is confirmed by itself')
  relay.lie = {}
  assert.equal(await listed(), [genuine])
  await confirm(genuine)
  await joiner.home.ok(['join', code])
  assert.is(await deviceCount(), before + 1)
  const again = await joins('late', code)
  assert.is(again.code, 34, 'attack 13: an invite lets one in')
  assert.not(existsSync(path.join(again.home.folder, 'layout')))
})

test("attack 5: another vault's beginning, or a chain without the invite, is no home", async () => {
  const project = await stage.project()
  const lies: readonly (readonly [code: string, (links: Uint8Array[]) => Uint8Array[]])[] = [
    ['fake-genesis', () => [relay.log(project.vaultId)[0] ?? new Uint8Array()]],
    ['invite-missing', (links) => links.slice(0, 2)],
    ['malformed', () => [new Uint8Array(50)]],
    ['bad-signature', (links) => links.map((one, i) => (i === 1 ? forgedLink(one) : one))],
  ]
  for (const [reason, change] of lies) {
    const code = await addDevice()
    relay.lie = {
      down: (message) =>
        message.kind === 'chain'
          ? [chainOf(message, change([...message.body.entries]))]
          : [message],
    }
    const home = world.home(`fake-${reason}`)
    const { text, code: exit } = await joins(home.name, code)
    assert.is(exit, 27, text)
    const why =
      reason === 'invite-missing' ? "doesn't hold the invite" : "doesn't belong to the code"
    assert.ok(text.includes(`coffer: tampering: the relay answered with a chain that ${why}`), text)
    assert.not.match(text, /fingerprint/)
    assert.not(existsSync(path.join(home.folder, 'layout')), 'no home is left')
    assert.not(existsSync(home.keyFile))
  }
})

type Chain = Extract<RelayMessage, { kind: 'chain' }>

function chainOf(message: Chain, entries: Uint8Array[]): Chain {
  const head = { ...message.body.head, length: message.body.from + entries.length }
  return { ...message, body: { ...message.body, entries, head } }
}

function forgedLink(body: Uint8Array): Uint8Array {
  const entry = decodeEntry(body)
  if (entry.kind !== 'link') throw new TypeError('no link')
  const { signed } = entry.body
  const forged = { ...signed, signature: flipped(signed.signature, 5) }
  return encodeEntry({ kind: 'link', body: { ...entry.body, signed: forged } })
}

test('a chain without end is read to no end', async () => {
  const code = await addDevice()
  const entries = [new Uint8Array(1_000_000)]
  let parts = 0
  relay.lie = {
    up: (message, wire) => {
      if (message.kind !== 'chain') return [message]
      parts++
      const head = { length: 100_001, hash: idOf<never>(new Uint8Array(32)) }
      wire.push({ kind: 'chain', id: message.id, body: { from: message.body.from, entries, head } })
      return []
    },
  }
  const { code: exit, text } = await joins('endless', code)
  assert.ok([29, 30].includes(exit), text)
  assert.match(text, /^coffer: (timed-out|relay-refused): /m)
  const asked = parts
  const from = performance.now()
  await until('some time has passed', () => performance.now() > from + 300)
  assert.ok(parts - asked <= 1 && parts < 60, `${parts} parts, ${parts - asked} of them too late`)
})

test('a chain that is said to grow, and never does, keeps no joiner busy', async () => {
  const code = await addDevice()
  const joiner = await joins('waits', code)
  let asked = 0
  relay.lie = {
    up: (message) => {
      if (message.kind === 'chain') asked++
      return [message]
    },
    down: (message) =>
      message.kind === 'joined'
        ? [{ ...message, body: { ...message.body, head: { ...message.body.head, length: 9999 } } }]
        : [message],
  }
  relay.cut()
  const from = performance.now()
  await until('some time has passed', () => performance.now() > from + 1000)
  assert.ok(asked > 0 && asked < 10, `asked ${asked} times`)
  relay.lie = {}
  await confirm(fingerprintIn(joiner.text))
  await joiner.home.ok(['join', code, '--timeout', '20s'])
})

test.run()
