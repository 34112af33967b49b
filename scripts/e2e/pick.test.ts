// coffer pick in a real terminal: what it draws, what it answers, and what is left of it.
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { argumentsOf, processesOf } from '../tooling/processes.js'
import { type Home } from './harness/home.js'
import { until } from './harness/until.js'
import { inWorld, type World } from './harness/world.js'
import { Desktop } from './support/clipboard.js'
import { withTerminal, type Terminal } from './support/terminal.js'

const NAMES = ['API_TOKEN', 'db/PASSWORD', 'db/USER', 'deploy/KEY']
const DRAWN = 'enter chooses'

async function filled(world: World): Promise<Home> {
  const home = world.home('a')
  await home.init('Ada')
  for (const name of NAMES) await home.ok(['set', name, `canary ${name}`])
  return home
}

async function shows(terminal: Terminal, ...texts: readonly string[]): Promise<void> {
  await until(
    () => `the screen shows ${texts.join(', ')}:\n${terminal.screen}`,
    () => texts.every((text) => terminal.screen.includes(text)),
  )
}

test('the name of what was chosen goes to stdout, what is drawn to the terminal', async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    const out = path.join(world.work, 'out')
    await withTerminal(world, home, async (terminal) => {
      // Nothing but the choice leaves by its streams.
      const picking = terminal.start('coffer pick db >out 2>err </dev/null')
      await shows(terminal, '> db', '2 of 4', 'db/PASSWORD', 'db/USER', DRAWN)
      assert.not(terminal.screen.includes('API_TOKEN'))
      terminal.type('us')
      await shows(terminal, '1 of 4', '❯ db/USER')
      terminal.key('Enter')
      assert.is(await picking.ended(), 0)
      assert.is(readFileSync(out, 'utf8'), '/user/db/USER\n')
      assert.is(readFileSync(path.join(world.work, 'err'), 'utf8'), '')
      assert.is(await home.ok(['get', '-n', '/user/db/USER']), 'canary db/USER')

      const value = terminal.start('coffer pick --value -n >out')
      await shows(terminal, '❯ API_TOKEN', DRAWN)
      terminal.key('Down')
      await shows(terminal, '❯ db/PASSWORD')
      terminal.key('C-k')
      terminal.key('C-j')
      terminal.key('C-n')
      await shows(terminal, '❯ db/USER')
      terminal.key('Enter')
      assert.is(await value.ended(), 0)
      assert.is(readFileSync(out, 'utf8'), 'canary db/USER')

      // The terminal is the shell's again, and nothing that was drawn is in it or above it.
      assert.not(terminal.scrollback.includes('API_TOKEN'))
      assert.not(terminal.scrollback.includes(DRAWN))
      assert.is(await terminal.run('echo still-echoed'), 0)
      await terminal.printed(/echo still-echoed/)
      assert.not(terminal.typescript.includes('canary'))
    })
  })
})

test('esc and Ctrl-C cancel, a signal ends it, and nothing is chosen', async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    await withTerminal(world, home, async (terminal) => {
      for (const key of ['Escape', 'C-c']) {
        const picking = terminal.start('coffer pick >out')
        await shows(terminal, DRAWN)
        terminal.key(key)
        assert.is(await picking.ended(), 130, key)
        assert.is(readFileSync(path.join(world.work, 'out'), 'utf8'), '')
      }
      const killed = terminal.start('coffer pick >out')
      await shows(terminal, DRAWN)
      const [pid = 0] = processesOf(world.folder).filter((one) => argumentsOf(one).includes('pick'))
      process.kill(pid, 'SIGTERM')
      assert.is(await killed.ended(), 143)
      assert.not(terminal.scrollback.includes(DRAWN))
      assert.is(await terminal.run('stty -a | grep -q " echo "'), 0)
    })
  })
})

test('without a terminal only what needs no question is answered', async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    const pick = (...args: string[]) =>
      world.start(['setsid', '-w', 'coffer', 'pick', ...args], {
        env: { COFFER_HOME: home.folder },
      }).ended
    const none = await pick()
    assert.is(none.code, 2, none.err)
    assert.match(none.err, /^coffer: usage: picking needs a terminal; use coffer ls/)
    assert.is(none.out, '')
    assert.is((await pick('--if-only', 'db')).code, 2)
    assert.is((await pick('--if-only', 'dbuser')).out, '/user/db/USER\n')
    assert.is((await pick('--if-only', '--value', 'dbuser')).out, 'canary db/USER\n')
    assert.is((await pick('--value', '--copy', 'dbuser')).code, 2)

    const empty = world.home('b')
    await empty.init('Bo')
    assert.is((await empty.exits(20, ['pick'])).out, '')
  })
})

test('a value goes to the clipboard, and off it again', async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    const desktop = new Desktop(world)
    const copy = ['pick', '--if-only', '--copy', 'dbuser']
    const long = await home.exits(0, [...copy, '--clear-after', '1h'], { env: desktop.env })
    assert.equal([long.out, long.err], ['', ''])
    assert.is(desktop.content, 'canary db/USER')
    await home.ok([...copy, '--clear-after', '1s'], { env: desktop.env })
    await until('the clipboard is cleared', () => desktop.content === '')
    assert.not(desktop.calls.includes('canary'))
  })
})

test("without a desktop it is tmux's clipboard, or the terminal's", async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    await withTerminal(world, home, async (terminal) => {
      terminal.tmux('set', '-g', 'set-clipboard', 'on')
      const buffers = (): string => {
        const names = terminal.tmux('list-buffers', '-F', '#{buffer_name}').split('\n')
        return names
          .filter(Boolean)
          .map((name) => terminal.tmux('show-buffer', '-b', name))
          .join()
      }
      const copy = 'coffer pick --if-only --copy dbuser --clear-after'
      assert.is(await terminal.run(`${copy} 1h`), 0)
      await terminal.printed(/\/user\/db\/USER copied by tmux; cleared in 3600 s/)
      assert.is(buffers(), 'canary db/USER')
      assert.is(await terminal.run(`${copy} 1s`), 0)
      await until('tmux has none of it', () => buffers() === '')

      assert.is(await terminal.run(`env -u TMUX ${copy} 1s`), 0)
      await terminal.printed(/copied by the terminal \(OSC 52\); cleared in 1 s/)
      const base64 = Buffer.from('canary db/USER').toString('base64')
      await terminal.printed(new RegExp(`\\x1b\\]52;c;${base64}\\x07[^]*\\x1b\\]52;c;\\x07`))
      assert.is(buffers(), 'canary db/USER')
      assert.not(terminal.screen.includes('canary'))
    })
  })
})

test('names of all places are full references, and what is hostile is shown, not obeyed', async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    await home.ok(['org', 'create', 'acme'])
    await home.ok(['project', 'create', 'web', '--org', 'acme'])
    const place = ['--org', 'acme', '--project', 'web']
    await home.ok(['set', ...place, 'SECRET', 'red \x1b[31mvalue'])
    await withTerminal(world, home, async (terminal) => {
      const all = terminal.start('coffer pick --all >out')
      await shows(terminal, 'coffer://acme/web/SECRET', '/user/API_TOKEN', DRAWN)
      terminal.type('webSECRET')
      await shows(terminal, '❯ coffer://acme/web/SECRET')
      terminal.key('Enter')
      assert.is(await all.ended(), 0)
      const chosen = readFileSync(path.join(world.work, 'out'), 'utf8')
      assert.is(chosen, 'coffer://acme/web/SECRET\n')
      assert.is(await home.ok(['get', '-n', chosen.trim()]), 'red \x1b[31mvalue')

      // What a script passes on is anybody's, too.
      const query = terminal.start("coffer pick $'x\\e[31mRED' >out")
      await shows(terminal, '> x\\u{1b}[31mRED', 'no name fits')
      terminal.key('Escape')
      assert.is(await query.ended(), 130)

      const selected = 'coffer pick --org acme --project web --if-only SECRET'
      assert.is(await terminal.run(selected), 0)
      await terminal.printed(/^SECRET\r$/m)
      assert.is(await terminal.run(`${selected} --value`), 0)
      await terminal.printed(/red \\u\{1b\}\[31mvalue/)
      assert.not(terminal.typescript.includes('\x1b[31m'))
    })
  })
})

test('it follows the size of its window', async () => {
  await inWorld(async (world) => {
    const home = await filled(world)
    await withTerminal(world, home, async (terminal) => {
      const picking = terminal.start('coffer pick >out')
      await shows(terminal, DRAWN)
      terminal.tmux('resize-window', '-t', 't', '-x', '40', '-y', '4')
      await until(
        () => `two names:\n${terminal.screen}`,
        () => terminal.screen.includes('db/PASSWORD') && !terminal.screen.includes('db/USER'),
      )
      terminal.key('End')
      for (const key of ['Down', 'Down', 'Down']) terminal.key(key)
      await shows(terminal, '❯ deploy/KEY', '>')
      terminal.key('Escape')
      assert.is(await picking.ended(), 130)
    })
  })
})

test.run()
