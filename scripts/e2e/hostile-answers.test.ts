// A relay that answers falsely, never, or far too much, over real sockets, to the real daemon.
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decodeEntry, entryIdOf } from '../../shared/log/entry.js'
import { signedHeader } from '../../shared/log/changeset.js'
import { type VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { type ClientMessage, type RelayMessage } from '../../shared/protocol/relay.js'
import { until } from './harness/until.js'
import { ended } from './support/hostile/lies.js'
import { type Lie, type Wire } from './support/hostile/relay.js'
import { Stage, type Player, type Project } from './support/hostile/stage.js'
import { contextOf } from './support/local.js'

const stage = await Stage.start()
const { a, b, relay } = stage
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

type Append = Extract<ClientMessage, { kind: 'append' }>

const status = await a.client.call('status', { context: contextOf() })
/** The vault of the person, which knows the devices. */
const own: Project = {
  vaultId: status.vaults.find(({ vault }) => vault.kind === 'user')?.vault.vaultId as VaultId,
  context: contextOf(),
}

/** Answers a device's appends to a vault in the relay's stead. */
function answering(
  to: Player,
  { vaultId }: Project,
  answer: (message: Append, wire: Wire) => RelayMessage,
): NonNullable<Lie['up']> {
  return (message, wire) => {
    if (wire.device !== to.device || message.kind !== 'append') return [message]
    if (message.body.vaultId !== vaultId) return [message]
    wire.push(answer(message, wire))
    return []
  }
}

/** Says that an append stands at the log's beginning, which was read long ago. */
const taken = ({ id, body }: Append): RelayMessage => ({
  kind: 'appended',
  id,
  body: { positions: body.entries.map(() => 1), head: body.base },
})

const addDevice = () => a.client.call('deviceAdd', { context: contextOf(), expires: 3_600_000 })

test('attack 50: a hidden acknowledgement makes no device sign one number twice', async () => {
  const project = await stage.project()
  const sent = new Map<number, Set<string>>()
  let appends = 0
  const { down } = ended(a, project)
  relay.lie = {
    up: (message, { device }) => {
      if (message.kind !== 'append' || device !== a.device) return [message]
      appends++
      for (const body of message.body.entries) {
        const entry = decodeEntry(body)
        if (entry.kind !== 'changeset') continue
        const { seq } = signedHeader.read(entry.body.signed)
        sent.set(seq, (sent.get(seq) ?? new Set()).add(entryIdOf(body)))
      }
      return [message]
    },
    down: (message, wire) =>
      message.kind === 'appended' && wire.device === a.device
        ? []
        : (down?.(message, wire) ?? [message]),
  }
  await a.set(project, 'x', '1')
  await until('it is sent', () => sent.has(1))
  await a.set(project, 'x', '2')
  for (const what of ['it is sent again, with what came after', 'and again']) {
    const before = appends
    await a.restart()
    await until(what, () => appends > before && sent.has(2))
  }
  assert.equal(
    [...sent].map(([seq, ids]) => [seq, ids.size]),
    [
      [1, 1],
      [2, 1],
    ],
  )
  relay.lie = {}
  await stage.again()
  await b.gets(project, 'x', '2')
  const { versions } = await b.client.call('secretHistory', {
    context: project.context,
    name: 'x',
  })
  assert.is(versions.length, 2, 'each once')
})

test('a link that the relay says it took, and did not, changes nothing', async () => {
  relay.lie = { up: answering(a, own, taken) }
  assert.is(await a.fails(addDevice()), 'tampering/false-acknowledgement')
  await a.alarmed(own, 'false-acknowledgement')
  relay.lie = {}
  assert.match((await addDevice()).code, /^coffer1-/)
})

test('a change that the relay says it took, and did not, is sent again', async () => {
  const project = await stage.project()
  relay.lie = { up: answering(a, project, taken) }
  await a.set(project, 'x', '1')
  await a.alarmed(project, 'false-acknowledgement')
  relay.lie = {}
  await stage.again()
  await b.gets(project, 'x', '1')
})

test('a chain that is said to have moved, over and over, ends in a refusal', async () => {
  let appends = 0
  const moved = ({ id }: Append): RelayMessage => {
    appends++
    return { kind: 'refused', id, body: { code: 'relay-refused', reason: 'chain-moved' } }
  }
  relay.lie = {
    up: answering(a, own, moved),
    down: (message) =>
      message.kind === 'chain'
        ? [{ ...message, body: { ...message.body, entries: [new Uint8Array(100)] } }]
        : [message],
  }
  assert.is(await a.fails(addDevice()), 'unreachable/relay')
  await a.alarmed(own, 'malformed')
  assert.ok(appends < 12, `${appends} appends`)
  relay.lie = {}
  assert.match((await addDevice()).code, /^coffer1-/)
})

test('generations that rise and fall, and places that are not known, keep no device busy', async () => {
  const project = await stage.project()
  await b.set(project, 'x', '1')
  await a.gets(project, 'x', '1')
  let generation = 5
  let opens = 0
  const turns: readonly Lie[] = [
    {
      down: (message) =>
        message.kind === 'opened'
          ? [{ ...message, body: { ...message.body, generation: (generation += 3) } }]
          : [message],
    },
    {
      up: (message, wire) => {
        if (message.kind !== 'open') return [message]
        opens++
        const body = { code: 'relay-refused', reason: 'diverged' } as const
        wire.push({ kind: 'refused', id: message.id, body })
        return []
      },
    },
  ]
  for (const lie of turns) {
    relay.lie = lie
    relay.cut()
    // Whoever waits has it tried at once.
    for (const player of [a, b]) player.sync(1000).catch(() => undefined)
    await a.alarmed(project, lie === turns[0] ? 'generation-raised' : 'log-regression')
  }
  const before = opens
  const from = performance.now()
  await until('some time has passed', () => performance.now() > from + 1500)
  assert.ok(opens - before < 40, `${opens - before} for all vaults of two devices`)
  assert.is(await a.get(project, 'x'), '1')
  await stage.recovers(project)
})

const residentMiB = ({ home }: Player): number =>
  Math.max(
    ...home.daemons().map((pid) => {
      const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
      return Number(found?.[1] ?? 0) / 1024
    }),
  )

test('attack 27: frames too large, too deep, compressed, of text or of nonsense end a connection and no more', async () => {
  const project = await stage.project()
  await a.set(project, 'x', '1')
  const wire = async (): Promise<Wire> =>
    until('it is connected', async () => {
      await b.sync()
      return relay.of(b.device).at(-1)
    })
  const bad: readonly ((to: Wire) => void)[] = [
    (to) => to.sendBytes(new Uint8Array(LIMITS.frame + 1)),
    (to) => to.sendBytes(new Uint8Array(LIMITS.frame).fill(0x81)),
    (to) => to.sendBytes(Uint8Array.of(0x9b, 0, 0, 0xff, 255, 255, 255, 255, 255)),
    (to) => to.sendBytes(Uint8Array.of(0x83, 0x18, 0x30, 0, 0xbf)),
    (to) => to.near.send('{"jsonrpc":"2.0"}'),
    // RSV1 set: a compressed message, which nobody agreed on.
    (to) => rawSocket(to).write(Uint8Array.of(0xc2, 2, 0x4b, 0)),
    (to) => rawSocket(to).write('HTTP/1.1 200 OK\r\n\r\n'),
  ]
  for (const send of bad) {
    const to = await wire()
    send(to)
    await until('the connection ends', () => to.near.readyState !== 1)
  }
  await b.gets(project, 'x', '1')
  assert.ok(residentMiB(b) < 250, `${residentMiB(b)} MiB`)
})

function rawSocket(wire: Wire): { write(data: Uint8Array | string): unknown } {
  const found: unknown = Reflect.get(wire.near, '_socket')
  const writes = (one: unknown): one is { write(data: Uint8Array | string): unknown } =>
    typeof one === 'object' && one !== null && 'write' in one
  if (!writes(found)) throw new Error('no socket')
  return found
}

test('attack 39: floods of heads, requests and entries starve nobody and leave nothing behind', async () => {
  const project = await stage.project()
  const { vaultId } = project
  await a.set(project, 'x', '1')
  await b.gets(project, 'x', '1')
  const [wire] = relay.of(b.device).slice(-1)
  assert.ok(wire)
  const junk = new Uint8Array(900)
  for (let i = 0; i < 5000; i++) {
    wire?.push({ kind: 'head', id: 0, body: { vaultId, head: junk } })
    wire?.push({ kind: 'joinRequest', id: 0, body: { vaultId: own.vaultId, request: junk } })
    wire?.push({
      kind: 'chainMoved',
      id: 0,
      body: { vaultId, head: { length: i + 1, hash: HASH } },
    })
    wire?.push({ kind: 'entries', id: 0, body: { vaultId, from: 1, entries: [junk], head: 9e15 } })
  }
  const started = performance.now()
  assert.is(await b.get(project, 'x'), '1')
  assert.ok(performance.now() - started < 2000, `${performance.now() - started} ms`)
  await b.alarmed(project, 'malformed')
  assert.ok(residentMiB(b) < 250, `${residentMiB(b)} MiB`)
  assert.ok((await b.status(project)).warnings.length < 10)
  const { requests } = await b.client.call('deviceRequests', { context: contextOf() })
  assert.equal(requests, [])
  await stage.recovers(project)
})

const HASH = entryIdOf(new Uint8Array(1)) as string as Extract<
  RelayMessage,
  { kind: 'chainMoved' }
>['body']['head']['hash']

/**
 * Pushes an entry to a device as the next of the person's vault until it raises the alarm: what the device itself sends
 * or reads meanwhile moves the place, and a push may meet a connection that ends. One that is still being opened would be
 * ended by it, and so on: it is waited for.
 */
async function shownUntil(to: Player, body: Uint8Array, code: string): Promise<void> {
  let last: readonly string[] = []
  await until(
    () => `${to.home.name} raises ${code}; it says: ${last.join()}`,
    async () => {
      await to.sync()
      const { pos, warnings } = await to.status(own)
      last = warnings.map((one) => one.code)
      if (last.includes(code)) return true
      const from = (pos ?? 0) + 1
      const pushed = { vaultId: own.vaultId, from, entries: [body], head: from }
      relay.of(to.device).at(-1)?.push({ kind: 'entries', id: 0, body: pushed })
      return false
    },
  )
}

test('attack 51: a link that lost its race, shown again, is no fork to its author', async () => {
  let losing: Uint8Array | undefined
  const loses = ({ id, body }: Append): RelayMessage => {
    losing ??= body.entries.find((entry) => decodeEntry(entry).kind === 'link')
    return { kind: 'refused', id, body: { code: 'relay-refused', reason: 'chain-moved' } }
  }
  relay.lie = { up: answering(a, own, loses) }
  // Where the connection of the story before has ended nothing is sent yet.
  const body = await until('its link is sent', async () => {
    assert.is(await a.fails(addDevice()), 'unreachable/relay')
    return losing
  })
  // As long as it is refused: it is sent again, and would win.
  await b.client.call('deviceAdd', { context: contextOf(), expires: 3_600_000 })
  relay.lie = {}
  await a.sync()
  await shownUntil(a, body, 'withdrawn-link')
  await shownUntil(b, body, 'fork')
  assert.not((await a.alarms(own)).includes('fork'))
  await stage.recovers({ ...own, context: contextOf() })
  assert.match((await addDevice()).code, /^coffer1-/)
})

test.run()
