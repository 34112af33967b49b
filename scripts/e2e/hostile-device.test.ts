// A device of one's own that has turned bad, and a disk that was put back: what they write is contained.
import { cpSync, rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { utf8 } from '../../shared/bytes.js'
import { hasHidden } from '../../shared/display.js'
import { type VaultId } from '../../shared/ids.js'
import { Rogue } from './support/hostile/rogue.js'
import { Stage, type Project } from './support/hostile/stage.js'
import { contextOf } from './support/local.js'

const stage = await Stage.start()
const { a, b, relay, world } = stage
const status = await a.client.call('status', { context: contextOf() })
/** The vault of the person, which knows the devices. */
const own: Project = {
  vaultId: status.vaults.find(({ vault }) => vault.kind === 'user')?.vault.vaultId as VaultId,
  context: contextOf(),
}
const project = await stage.project()
const rogue = await Rogue.join(relay, a)
test.after(() => {
  rogue.close()
  stage.close()
})

const flags = ['--org', 'acme', '--project', 'p1']
/** Clears the screen, sets the title, answers back, hides, overwrites, turns around: as terminals of all kinds obey. */
const EVIL =
  '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe\u200b\u2028\r\u0000\u007f\u{e0041}'

test('attack 41: no name, note or label sends a command to a terminal', async () => {
  const value = utf8('v')
  const name = `evil${EVIL}`
  const note = `note${EVIL}`
  await rogue.write(project, [{ space: 'secret', name, value, note }])
  await rogue.write(project, [{ space: 'secret', name: 'twice', value, note, parents: [] }])
  await rogue.write(project, [{ space: 'secret', name: 'twice', value, note, parents: [] }])
  const { device } = rogue.identity
  const label = { space: 'setting', name: `device/${device}`, value: utf8(EVIL) } as const
  await rogue.write(own, [label, { space: 'setting', name: 'user/name', value: utf8(EVIL) }])
  await b.gets(project, 'twice', 'v')
  await b.sync()
  const typed = name.replace('\u0000', '')
  const commands = [
    ['ls'],
    ['get', 'evil'],
    ['get', 'twice'],
    ['get', '--strict', 'twice'],
    ['get', typed],
    ['history', 'twice'],
    ['conflicts'],
    ['run', '--', 'true'],
    ['status'],
    ['device', 'ls'],
    ['project', 'select', typed],
  ]
  for (const words of commands) {
    for (const json of words[0] === 'run' ? [false] : [false, true]) {
      const args = json ? [...words, '--json'] : words
      const [verb = '', ...rest] = args
      const placed = ['status', 'device', 'project'].includes(verb)
        ? args
        : [verb, ...flags, ...rest]
      const { out, err } = await b.home.run(placed)
      const lines = `${out}${err}`.split('\n')
      const bad = lines.find((line) => hasHidden(line))
      assert.is(bad, undefined, `${args.join(' ')}: ${JSON.stringify(bad)}`)
    }
  }
  const args = ['get', ...flags, 'value']
  await rogue.write(project, [{ space: 'secret', name: 'value', value: utf8(EVIL) }])
  await b.gets(project, 'value', EVIL)
  assert.is(await b.home.ok(args), `${EVIL}\n`, 'a file or pipe gets the bytes')
  const env = { ...world.env, COFFER_HOME: b.home.folder }
  const onTerminal = async (words: readonly string[]): Promise<string> =>
    (await world.start(['script', '-qec', words.join(' '), '/dev/null'], { env }).ended).out
  const seen = await onTerminal(['coffer', ...args])
  assert.is(seen.split('\r\n').find(hasHidden), undefined, JSON.stringify(seen))
  assert.match(seen, /coffer: warning: escaped: [^]*\\u\{1b\}\[2J/)
  assert.ok((await onTerminal(['coffer', ...args, '-n'])).includes('\u001b[2J'), 'asked for')
  assert.match(await b.home.ok(['ls', ...flags]), /evil\\u\{1b\}\[2J/)
  assert.match(await b.home.ok(['device', 'ls']), /\\u\{1b\}/)
})

test('attack 38: a clock at the end of time wins once, visibly, and stops nothing', async () => {
  for (const [name, wall] of [
    ['far', Date.UTC(2100, 0)],
    ['farthest', Number.MAX_SAFE_INTEGER],
  ] as const) {
    rogue.now = () => wall
    await rogue.write(project, [{ space: 'secret', name, value: utf8('future') }])
    rogue.now = Date.now
    await b.gets(project, name, 'future')
    const got = await b.home.run(['get', ...flags, name])
    assert.is(got.out, 'future\n')
    assert.match(got.err, /future-clock/)
    assert.match(await b.home.ok(['history', ...flags, name]), /clock ahead/)
    await b.set(project, name, 'mine')
    await a.gets(project, name, 'mine')
  }
})

test('attack 39: thousands of values of one name, written apart, are borne and resolved', async () => {
  const value = utf8('spam')
  for (let i = 0; i < 4; i++) {
    const changes = Array.from({ length: 1000 }, () => ({
      space: 'secret' as const,
      name: 'spam',
      value,
      parents: [],
    }))
    await rogue.write(project, changes)
  }
  const started = performance.now()
  await b.gets(project, 'spam', 'spam')
  await b.sync()
  assert.ok(performance.now() - started < 8000, `${performance.now() - started} ms`)
  assert.is(await b.get(project, 'far'), 'mine')
  await b.set(project, 'spam', 'mine')
  const listed = await b.home.run(['conflicts', ...flags, 'spam'])
  assert.is(listed.code, 0, listed.err)
})

test('attack 43: a home put back from a backup signs no number twice and loses nothing', async () => {
  const { home } = b
  const there = await stage.project()
  await b.set(there, 'x', 'before')
  await b.sync()
  b.client.close()
  await home.stopDaemon()
  const backup = `${home.folder}.backup`
  cpSync(home.folder, backup, { recursive: true })
  await b.restart()
  await b.set(there, 'x', 'after the backup')
  await b.set(there, 'y', 'y')
  await b.sync()
  b.client.close()
  await home.stopDaemon()
  rmSync(home.folder, { recursive: true })
  cpSync(backup, home.folder, { recursive: true })
  rmSync(backup, { recursive: true })
  await b.restart()
  await b.set(there, 'z', 'written on the old disk')
  await b.alarmed(there, 'own-write-unknown')
  await b.sync()
  await a.gets(there, 'z', 'written on the old disk')
  for (const [name, value] of [
    ['x', 'after the backup'],
    ['y', 'y'],
  ] as const) {
    assert.is(await a.get(there, name), value)
    assert.is(await b.get(there, name), value)
  }
  assert.not((await a.alarms(there)).includes('equivocation'))
})

test.run()
