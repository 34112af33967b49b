// A copied value: that it gets to the clipboard, and off it again whatever becomes of who copied it.
import { spawnSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { clipboardOf, type Clipboard } from '../../cli/tui/shell/clipboard.js'
import { hasCode } from '../../shared/errors.js'
import { argumentsOf, processesOf } from '../tooling/processes.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { Desktop } from './support/clipboard.js'

const LONG = 600_000
const SHORT = 300

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function clipboard(env: NodeJS.ProcessEnv, written: string[] = []): Clipboard {
  return clipboardOf(env, {
    write: (text) => {
      written.push(text)
    },
  })
}

/** The processes that wait to clear a clipboard of this world. */
function erasers(world: World): number[] {
  return processesOf(world.folder).filter((pid) =>
    argumentsOf(pid).some((one) => /unclip\.c?js$/.test(one)),
  )
}

test('a value gets to the program by stdin alone, and is taken off in time', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    assert.is(await clipboard(desktop.env).copy(base64('s3cret value\n'), SHORT), 'wl-copy')
    await until('the clipboard is cleared', () => desktop.content === '')
    assert.match(desktop.calls, /^wl-copy --type text\/plain;charset=utf-8 --sensitive$/m)
    assert.match(desktop.calls, /^wl-paste --no-newline\nwl-copy --clear$/m)
    await until('nothing waits any more', () => erasers(world).length === 0)
  })
})

test('who waits to clear it knows neither the value nor its plain digest', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    await clipboard(desktop.env).copy(base64('s3cret'), LONG)
    assert.is(desktop.content, 's3cret')
    const [pid = 0, ...more] = erasers(world)
    assert.equal(more, [])
    const known = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8'))
    assert.not(`${known.join('\n')}${desktop.calls}`.includes('s3cret'))
    // Ended by somebody: it clears at once.
    process.kill(pid, 'SIGTERM')
    await until('the clipboard is cleared', () => desktop.content === '')
  })
})

test('what somebody else copied stays', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    await clipboard(desktop.env).copy(base64('s3cret'), LONG)
    desktop.put('s3cret and more')
    for (const pid of erasers(world)) process.kill(pid, 'SIGTERM')
    await until('nothing waits any more', () => erasers(world).length === 0)
    assert.match(desktop.calls, /wl-paste/)
    assert.is(desktop.content, 's3cret and more')
  })
})

test('the next copy takes the place of the one before, its end included', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    const own = clipboard(desktop.env)
    await Promise.all([own.copy(base64('one'), LONG), own.copy(base64('two'), LONG)])
    assert.is(desktop.content, 'two')
    await until('one process waits', () => erasers(world).length === 1)
    for (const pid of erasers(world)) process.kill(pid, 'SIGTERM')
    await until('the clipboard is cleared', () => desktop.content === '')
  })
})

test("the next copy takes the place of another program's, too", async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    const env = { ...desktop.env, XDG_RUNTIME_DIR: world.folder }
    await clipboard(env).copy(base64('same'), LONG)
    const [first = 0] = erasers(world)
    await clipboard(env).copy(base64('same'), LONG)
    process.kill(first, 'SIGTERM')
    await until('the first has ended', () => !erasers(world).includes(first))
    assert.is(desktop.content, 'same')
    // On another clipboard it is no replacement.
    await clipboard({ ...env, WAYLAND_DISPLAY: '' }).copy(base64('same'), LONG)
    assert.is(erasers(world).length, 2)
    for (const pid of erasers(world)) process.kill(pid, 'SIGTERM')
    await until('the clipboard is cleared', () => desktop.content === '')
    await until('nothing waits any more', () => erasers(world).length === 0)
    assert.equal(
      readdirSync(world.folder).filter((name) => name.startsWith('coffer-')),
      [],
    )
  })
})

test('what a later copy leaves in tmux goes all the same', async () => {
  await inWorld(async (world) => {
    const socket = path.join(world.folder, 'tmux')
    const tmux = (...args: readonly string[]): string =>
      spawnSync('tmux', ['-S', socket, ...args], { encoding: 'utf8', env: world.env }).stdout
    tmux('new-session', '-d', 'cat')
    try {
      const desktop = { WAYLAND_DISPLAY: '', DISPLAY: '' }
      const env = { ...world.env, ...desktop, TMUX: `${socket},0,0`, XDG_RUNTIME_DIR: world.folder }
      const buffers = (): string => tmux('list-buffers', '-F', '#{buffer_sample}').trim()
      const own = clipboard(env)
      await own.copy(base64('one'), LONG)
      assert.is(await own.copy(base64('two'), LONG), 'tmux')
      await until('the first is cleared', () => buffers() === 'two')
      await clipboard(env).copy(base64('three'), LONG)
      for (const pid of erasers(world)) process.kill(pid, 'SIGTERM')
      await until('all are cleared', () => buffers() === '')
    } finally {
      tmux('kill-server')
    }
  })
})

test('the mark of the newest copy follows no link', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    const env = { ...desktop.env, XDG_RUNTIME_DIR: world.folder }
    await clipboard(env).copy(base64('one'), LONG)
    const marks = readdirSync(world.folder).filter((name) => name.startsWith('coffer-clipboard-'))
    assert.is(marks.length, 1)
    const mark = path.join(world.folder, marks[0] ?? '')
    const victim = path.join(world.folder, 'victim')
    writeFileSync(victim, 'mine')
    rmSync(mark)
    symlinkSync(victim, mark)
    await clipboard(env).copy(base64('two'), LONG)
    assert.is(readFileSync(victim, 'utf8'), 'mine')
    assert.ok(lstatSync(mark).isFile())
    for (const pid of erasers(world)) process.kill(pid, 'SIGTERM')
    await until('the clipboard is cleared', () => desktop.content === '')
  })
})

test('a program that fails is followed by the next', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world, ['wl-copy'])
    assert.is(await clipboard(desktop.env).copy(base64('s3cret'), LONG), 'xclip')
    assert.is(desktop.content, 's3cret')
    assert.is(erasers(world).length, 1)
    process.kill(erasers(world)[0]!, 'SIGTERM')
    await until('the clipboard is cleared', () => desktop.content === '')
  })
})

test('what is no text, empty, or has no clipboard to go to is refused', async () => {
  await inWorld(async (world) => {
    const desktop = new Desktop(world)
    const refused = async (value: string, code: 'format' | 'usage', env = desktop.env) => {
      const error: unknown = await clipboard(env)
        .copy(value, SHORT)
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
      assert.ok(hasCode(error, code), String(error))
    }
    await refused(base64('a\0b'), 'format')
    await refused(Buffer.from([0xff, 0xfe]).toString('base64'), 'format')
    await refused('', 'format')
    await refused(base64('s3cret'), 'usage', { ...world.env, TERM: 'linux' })
    assert.is(desktop.content, '')
    assert.is(desktop.calls, '')
    assert.equal(erasers(world), [])
  })
})

test.run()
