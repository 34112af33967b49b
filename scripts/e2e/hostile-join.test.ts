// A relay, or somebody on the way to it, that would be let in, or let the wrong one in, over real sockets.
import { existsSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decode, encode } from '../../shared/codec.js'
import { sign, signKeyPair } from '../../shared/crypto/sign.js'
import { idOf, type InviteKey } from '../../shared/ids.js'
import { fingerprintOf, inviteSeed, parseInviteCode } from '../../shared/log/code.js'
import { makeStatement, type DeviceStatement } from '../../shared/log/device.js'
import { decodeEntry, encodeEntry } from '../../shared/log/entry.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../shared/log/link.js'
import { type RelayMessage } from '../../shared/protocol/relay.js'
import { deviceOf } from '../../sync-server/testing/people.js'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { changesetOf, flipped } from './support/hostile/lies.js'
import { Player, Stage } from './support/hostile/stage.js'
import { contextOf } from './support/local.js'

const stage = await Stage.start()
const { a, b, relay, world } = stage
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

const addDevice = async (): Promise<string> =>
  (await a.client.call('deviceAdd', { context: contextOf(), expires: 3_600_000 })).code

/** `coffer join` without waiting; the home that it would make. */
async function joins(
  name: string,
  code: string,
): Promise<{ home: Home; code: number; text: string }> {
  const home = world.home(name)
  const ended = await home.run(['join', code, '--key-file', home.keyFile, '--no-wait'])
  return { home, code: ended.code, text: ended.out + ended.err }
}

const fingerprintIn = (text: string): string => /^fingerprint: (.*)$/m.exec(text)?.[1] ?? ''

const confirm = (fingerprint: string) =>
  a.client.call('deviceConfirm', { context: contextOf(), fingerprint })

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
    assert.match(text, /^coffer: tampering: /m)
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

test('attacks 6, 25: what passes by while a device joins and writes holds no key, name or value', async () => {
  const project = await stage.project()
  const words = ['Kanarienvogel-name', 'Kanarienvogel-value']
  relay.wires.length = 0
  relay.cut()
  await stage.again()
  const code = await addDevice()
  const { secret } = parseInviteCode(code)
  const joiner = await joins('e', code)
  await confirm(fingerprintIn(joiner.text))
  await joiner.home.ok(['join', code, '--device-name', 'Kanarienvogel-device'])
  const fields = { note: 'Kanarienvogel-note', context: project.context }
  for (const [i, value] of ['Kanarienvogel-value', 'Kanarienvogel-value', 'k'].entries()) {
    const name = `Kanarienvogel-name-${i}`
    await a.client.call('secretSet', { ...fields, name, value: btoa(value) })
  }
  await a.sync()
  await b.gets(project, 'Kanarienvogel-name-2', 'k')
  const all = relay.wires.flatMap(({ sent, received }) => [...sent, ...received])
  const seen = Buffer.concat(all)
  assert.ok(seen.length > 5000)
  for (const word of [...words, 'Kanarienvogel', 'acme']) assert.not(seen.includes(word), word)
  for (const bytes of [secret, inviteSeed(secret), signKeyPair(inviteSeed(secret)).privateKey]) {
    assert.not(seen.includes(Buffer.from(bytes)), 'the invite secret')
  }
  const items = relay
    .log(project.vaultId)
    .slice(-3)
    .map((body) => changesetOf(body)?.items[0])
  const sizes = items.map((item) => `${item?.meta.length} ${item?.value?.length}`)
  assert.is(new Set(sizes).size, 1, `all three look alike: ${sizes.join(', ')}`)
  const [one, two] = items.map((item) => Buffer.from(item?.value ?? new Uint8Array()))
  assert.not(one?.equals(two ?? Buffer.alloc(0)))
})

test('attacks 18, 22: a wrapped key that was bent or left out lets nobody in, and its true one does', async () => {
  const code = await addDevice()
  const joiner = await joins('f', code)
  const bend = (body: Uint8Array): Uint8Array => {
    const entry = decodeEntry(body)
    const wraps = entry.kind === 'link' ? entry.body.wraps : undefined
    if (entry.kind !== 'link' || wraps === undefined) return body
    return encodeEntry({ kind: 'link', body: { ...entry.body, wraps: flipped(wraps, 80) } })
  }
  let bent = 0
  relay.lie = {
    down: (message, wire) => {
      if (wire.device === a.device || wire.device === b.device) return [message]
      if (message.kind !== 'chain' || message.body.entries.length === 0) return [message]
      bent++
      return [{ ...message, body: { ...message.body, entries: message.body.entries.map(bend) } }]
    },
  }
  await confirm(fingerprintIn(joiner.text))
  await until('it was shown the bent one', () => bent > 0)
  const status = async (): Promise<string> => joiner.home.ok(['status', '--json'])
  await until('it says so', async () => (await status()).includes('"code":"bad-wraps"'))
  assert.match(await status(), /"joining":true/)
  relay.lie = {}
  await joiner.home.ok(['join', code, '--timeout', '30s'])
  assert.match(await status(), /"joining":false/)
})

test('a device that joins late reads a log to its end whose beginning knows nothing of it', async () => {
  const project = await stage.project()
  const names = Array.from({ length: 700 }, (_, i) => `n${i}`)
  for (let i = 0; i < names.length; i += 50) {
    await Promise.all(names.slice(i, i + 50).map((name) => a.set(project, name, name)))
  }
  await a.sync()
  const code = await addDevice()
  const joiner = await joins('h', code)
  await confirm(fingerprintIn(joiner.text))
  await joiner.home.ok(['join', code, '--timeout', '20s'])
  const fresh = await Player.of(world, joiner.home)
  await fresh.gets(project, 'n699', 'n699')
  fresh.client.close()
})

test('attack 10: a device that joins is told when the log it is shown is not all', async () => {
  const project = await stage.project()
  await a.set(project, 'x', 'old')
  await a.sync()
  await b.gets(project, 'x', 'old')
  const shown = relay.log(project.vaultId).length - 1
  const code = await addDevice()
  const joiner = await joins('g', code)
  await a.restart()
  relay.lie = {
    down: (message, wire) => {
      if (wire.device === a.device || wire.device === b.device) return [message]
      if (message.kind === 'entries' && message.body.vaultId === project.vaultId) {
        const { from, entries } = message.body
        const kept = entries.filter((_, i) => from + i <= shown)
        const head = Math.min(message.body.head, shown)
        return kept.length === 0
          ? []
          : [{ ...message, body: { ...message.body, entries: kept, head } }]
      }
      const request = wire.requests.get(message.id)
      const opens = request?.kind === 'open' && request.body.vaultId === project.vaultId
      if (message.kind !== 'opened' || !opens) return [message]
      const entryId = idOf<never>(new Uint8Array(32))
      return [{ ...message, body: { ...message.body, head: { pos: shown, entryId } } }]
    },
  }
  await confirm(fingerprintIn(joiner.text))
  await joiner.home.ok(['join', code, '--timeout', '20s'])
  const fresh = await Player.of(world, joiner.home)
  await fresh.alarmed(project, 'log-withheld')
  relay.lie = {}
  await stage.again()
  await fresh.gets(project, 'x', 'old')
  fresh.client.close()
})

test.run()
