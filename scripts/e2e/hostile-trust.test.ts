// What people hold against a relay: the age of another device's word, a lock file in Git, alarms that stay.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { decode } from '../../shared/codec.js'
import { LIMITS } from '../../shared/limits.js'
import { signedHead } from '../../shared/log/head.js'
import { signedCodec } from '../../shared/log/signed.js'
import { until } from './harness/until.js'
import { fingerprintIn, joiningOn } from './support/hostile/joining.js'
import { ended, flipped } from './support/hostile/lies.js'
import { type Lie, type Wire } from './support/hostile/relay.js'
import { Stage, type Project } from './support/hostile/stage.js'
import { withTerminal } from './support/terminal.js'

const stage = await Stage.start()
const { a, b, relay, world } = stage
const { addDevice, joins, confirm } = joiningOn(stage)
test.after.each(() => {
  relay.lie = {}
})
test.after(() => stage.close())

let folders = 0

/** A checkout that selects the project, with the lock that the first device wrote into it. */
async function checkout({ context }: Project): Promise<string> {
  const folder = path.join(world.work, `checkout-${++folders}`)
  mkdirSync(folder)
  writeFileSync(
    path.join(folder, '.coffer.yaml'),
    `org: ${context.org}\nproject: ${context.project}\n`,
  )
  await a.home.ok(['lock-file', 'update'], { cwd: folder })
  return folder
}

/** Whatever device is to be kept in the past is shown no other device's head either. */
function withoutHeads(lie: Lie, of: (wire: Wire) => boolean): Lie {
  return {
    down: (message, wire) => {
      if (of(wire) && message.kind === 'head') return []
      if (of(wire) && message.kind === 'heads') return [{ ...message, body: { heads: [] } }]
      return lie.down?.(message, wire) ?? [message]
    },
  }
}

test('attack 11: the end is withheld, heads and all: a lock tells, and so does the age', async () => {
  const project = await stage.project()
  await a.set(project, 'x', 'old')
  await a.sync()
  await b.gets(project, 'x', 'old')
  relay.lie = withoutHeads(ended(b, project), ({ device }) => device === b.device)
  relay.cut()
  await until('both are back', async () => {
    await Promise.all([a.sync(), b.sync()])
    return true
  })
  await a.set(project, 'x', 'new')
  await a.sync()
  const cwd = await checkout(project)
  await b.sync()
  assert.is(await b.get(project, 'x'), 'old', 'nothing tells it otherwise')
  assert.equal(await b.alarms(project), [])

  const warned = await b.home.exits(0, ['get', '--require-lock', 'x'], { cwd })
  assert.is(warned.out, 'old\n')
  assert.match(warned.err, /^coffer: warning: lock-behind: .* lacks 1 changesets of it or more$/m)
  for (const line of [
    ['get', '--require-lock', '--strict', 'x'],
    ['get', '--fresh', '--require-lock', '--strict', 'x'],
    [
      'run',
      '--org',
      'acme',
      '--project',
      project.context.project ?? '',
      '--require-lock',
      '--strict',
      'env',
    ],
    ['sync', '--require-lock'],
    ['lock-file', 'check'],
  ]) {
    const refused = await b.home.exits(24, line, { cwd })
    assert.is(refused.out, '', line.join(' '))
    assert.match(refused.err, /^coffer: stale: what is here is behind /)
  }
  await until('the age grows', async () => {
    const { code, out } = await b.home.run(['get', '--max-age', '1s', 'x'], { cwd })
    assert.ok(code === 24 ? out === '' : code === 0)
    return code === 24
  })
  relay.lie = {}
  await stage.again()
  await b.home.ok(['sync', '--require-lock'], { cwd })
  assert.is(await b.home.ok(['get', '--require-lock', '--strict', 'x'], { cwd }), 'new\n')
})

/** When a head says that it was made. */
function timeOf(head: Uint8Array): number {
  const signed = decode(signedCodec, head, 'a signed head', LIMITS.signedHead)
  return signedHead.read(signed).time
}

test('attack 58: heads that are said again, or made up, make nothing look newer', async () => {
  const project = await stage.project()
  await a.set(project, 'x', '1')
  await a.sync()
  await b.gets(project, 'x', '1')
  const heads: Uint8Array[] = []
  relay.lie = {
    down: (message, wire) => {
      if (wire.device !== b.device) return [message]
      if (message.kind !== 'head' || message.body.vaultId !== project.vaultId) return [message]
      // One true word, and no newer one that would rightly count.
      if (heads.length > 0) return []
      heads.push(message.body.head)
      return [message]
    },
  }
  await a.restart()
  const before = await until('it confirms', async () => {
    const { confirmedAt } = await b.status(project)
    const [first] = heads
    return first !== undefined && confirmedAt === timeOf(first) ? confirmedAt : undefined
  })
  const [head = new Uint8Array()] = heads
  const [wire] = relay.of(b.device).slice(-1)
  const { vaultId } = project
  for (const bytes of [head, flipped(head, 100), flipped(head)]) {
    wire?.push({ kind: 'head', id: 0, body: { vaultId, head: bytes } })
  }
  await b.alarmed(project, 'bad-signature')
  const after = await b.status(project)
  assert.is(after.confirmedAt, before)
  assert.ok((after.age ?? 0) > 0)
  const old = Math.ceil((Date.now() - before) / 1000)
  assert.ok(old >= 0)
  await until('it is too old', async () => {
    wire?.push({ kind: 'head', id: 0, body: { vaultId, head } })
    const { org = '', project: name = '' } = project.context
    const line = ['get', '--org', org, '--project', name, '--max-age', '1s', 'x']
    const { code, err } = await b.home.run(line)
    return code === 24 && err.includes('not within 1s')
  })
})

test('attack 57: a machine without memory is shown the past, and the lock refuses it', async () => {
  const project = await stage.project()
  await a.set(project, 'x', 'old')
  await a.sync()
  await b.gets(project, 'x', 'old')
  const shown = relay.log(project.vaultId).length
  await a.set(project, 'x', 'new')
  await a.sync()
  await b.gets(project, 'x', 'new')
  const cwd = await checkout(project)
  const fresh = (wire: Wire): boolean => wire.device !== a.device && wire.device !== b.device
  relay.lie = withoutHeads(without(project, shown + 1, fresh), fresh)
  const code = await addDevice()
  const joiner = await joins('runner', code)
  await confirm(fingerprintIn(joiner.text))
  const line = ['join', code, '--timeout', '20s', '--require-lock']
  const refused = await joiner.home.exits(24, line, { cwd })
  assert.match(refused.err, /^coffer: stale: what is here is behind /m)
  await joiner.home.exits(24, ['sync', '--require-lock'], { cwd })
  const { out } = await joiner.home.exits(24, ['get', '--require-lock', '--strict', 'x'], { cwd })
  assert.is(out, '')
  assert.is(await joiner.home.ok(['get', 'x'], { cwd }), 'old\n', 'nothing else tells it')
  relay.lie = {}
  relay.cut()
  await joiner.home.until(['sync', '--require-lock'], () => true, { cwd })
  assert.is(await joiner.home.ok(['get', '--require-lock', '--strict', 'x'], { cwd }), 'new\n')
})

/** A log without one entry for some, whose cursors are answered as if it had never been. */
function without({ vaultId }: Project, pos: number, of: (wire: Wire) => boolean): Lie {
  const shownAt = (at: number): number => (at >= pos ? at - 1 : at)
  return {
    up: (message, wire) => {
      if (!of(wire) || message.kind !== 'open' || message.body.vaultId !== vaultId) return [message]
      const { after } = message.body
      const real = after.pos >= pos ? { ...after, pos: after.pos + 1 } : after
      return [{ ...message, body: { ...message.body, after: real } }]
    },
    down: (message, wire) => {
      if (!of(wire)) return [message]
      if (message.kind === 'entries' && message.body.vaultId === vaultId) {
        const { from, entries, head } = message.body
        const kept = entries.filter((_, i) => from + i !== pos)
        const body = { from: from > pos ? from - 1 : from, entries: kept, head: shownAt(head) }
        return kept.length === 0 ? [] : [{ ...message, body: { vaultId, ...body } }]
      }
      const request = wire.requests.get(message.id)
      const opens = request?.kind === 'open' && request.body.vaultId === vaultId
      if (message.kind !== 'opened' || !opens) return [message]
      const head = { ...message.body.head, pos: shownAt(message.body.head.pos) }
      return [{ ...message, body: { ...message.body, head } }]
    },
  }
}

test('attacks 12, 51: what was found is there after a restart, until a person has read it, and listed then', async () => {
  const project = await stage.project()
  await a.set(project, 'x', '1')
  await a.sync()
  await b.gets(project, 'x', '1')
  const { vaultId } = project
  const junk = { kind: 'head', id: 0, body: { vaultId, head: new Uint8Array(9) } } as const
  relay.of(b.device).at(-1)?.push(junk)
  await b.alarmed(project, 'malformed')
  const name = project.context.project ?? ''
  const row = (mark: string): RegExp =>
    new RegExp(`^${mark} +acme/${name} +malformed +\\S+Z +head: `, 'm')
  await b.restart()
  await b.home.until(['alarms'], (out) => row('!').test(out))
  assert.ok((await b.alarms(project)).includes('malformed'))
  await b.home.ok(['alarms', 'ack'])
  assert.not((await b.alarms(project)).includes('malformed'))
  await b.restart()
  await b.home.until(['alarms'], (out) => row('').test(out))
  assert.not((await b.alarms(project)).includes('malformed'))
  const listed = JSON.parse(await b.home.ok(['alarms', '--json'])) as {
    alarms: { reason: string; vault: { vaultId: string }; readAt: number | null }[]
  }
  const one = listed.alarms.find(({ vault }) => vault.vaultId === vaultId)
  assert.is(one?.reason, 'malformed')
  assert.type(one?.readAt, 'number')
})

test('attack 40: a device that somebody quietly lets in is announced once, on a terminal only', async () => {
  for (const { home } of [a, b]) await home.ok(['alarms', 'ack'])
  const code = await addDevice()
  const joiner = await joins('quiet', code)
  await confirm(fingerprintIn(joiner.text))
  await joiner.home.ok(['join', code])
  await b.home.until(['status'], (out) => out.includes('acme: members: '))
  const piped = await b.home.exits(0, ['org', 'ls'])
  assert.is(piped.err, '', 'nobody watches')
  await withTerminal(world, b.home, async (terminal) => {
    assert.is(await terminal.run('coffer ls /user'), 0)
    assert.is(await terminal.run('coffer org ls > names'), 0)
    await terminal.printed(/coffer: warning: members: .*\/user/)
    assert.is(await terminal.run('coffer org ls'), 0)
    assert.is(await terminal.run('coffer org ls'), 0)
    const said = terminal.typescript.match(/coffer: warning: members: /g) ?? []
    assert.is(said.length, 1, terminal.typescript)
    assert.is(readFileSync(path.join(world.work, 'names'), 'utf8'), 'acme\n')
  })
  assert.match(await b.home.ok(['status']), /members: .* joined as owner, let in by /)
  assert.not((await a.home.ok(['status'])).includes('members:'), 'who did it knows')
})

test.run()
