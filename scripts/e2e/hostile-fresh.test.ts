// A device that has just joined knows nothing but what a relay shows it.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../shared/bytes.js'
import { signKeyPair } from '../../shared/crypto/sign.js'
import { idOf } from '../../shared/ids.js'
import { inviteSeed, parseInviteCode } from '../../shared/log/code.js'
import { decodeEntry, encodeEntry } from '../../shared/log/entry.js'
import { until } from './harness/until.js'
import { fingerprintIn, joiningOn } from './support/hostile/joining.js'
import { changesetOf, flipped } from './support/hostile/lies.js'
import { Rogue } from './support/hostile/rogue.js'
import { Player, Stage } from './support/hostile/stage.js'

const stage = await Stage.start()
const { a, b, relay, world } = stage
const { addDevice, joins, confirm } = joiningOn(stage)
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

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
  const rogue = await Rogue.join(relay, a)
  const values = Array.from({ length: 600 }, (_, i) => [
    { space: 'secret' as const, name: `n${i}`, value: utf8(`${i}`) },
  ])
  await rogue.writeAll(project, values)
  rogue.close()
  const code = await addDevice()
  const joiner = await joins('h', code)
  await confirm(fingerprintIn(joiner.text))
  await joiner.home.ok(['join', code, '--timeout', '20s'])
  const fresh = await Player.of(world, joiner.home)
  await fresh.gets(project, 'n599', '599')
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
