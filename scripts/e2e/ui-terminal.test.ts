// The terminal UI on terminals of all kinds and sizes, with names and values that mean harm.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../shared/limits.js'
import { World } from './harness/world.js'
import { fill } from './support/acme.js'
import { withTerminal, type Terminal, type TerminalOptions } from './support/terminal.js'

const MANY = 10_000
/** Colours of letters or grounds, in any of their forms. */
const COLOUR = new RegExp(
  String.raw`\u001b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[\d;]*)?m`,
)

const nameOf = (n: number): string => `name-${String(n).padStart(5, '0')}`

const world = new World()
const home = world.home('a')

test.before(async () => {
  await home.init()
  for (let from = 0; from < MANY; from += LIMITS.items) {
    const names = Array.from({ length: LIMITS.items }, (_, i) => nameOf(from + i))
    await fill(home, [], Object.fromEntries(names.map((name) => [name, `of ${name}`])))
  }
})
test.after(() => {
  world.close()
})

async function inUi(
  options: TerminalOptions,
  body: (terminal: Terminal) => Promise<void>,
  command = 'coffer ui --reveal 10m',
): Promise<void> {
  await withTerminal(
    world,
    home,
    async (terminal) => {
      const { ended } = terminal.start(command)
      await terminal.shows(/\/user\//)
      terminal.key('Enter')
      await terminal.shows(/coffer \/user\/[^]*name-00000/)
      await body(terminal)
      terminal.key('C-c')
      assert.is(await ended(), 0)
    },
    options,
  )
}

test('10,000 names are filtered as they are typed, while the window is torn at', () =>
  inUi({ columns: 80, rows: 24 }, async (terminal) => {
    terminal.key('/')
    for (const char of '7531') {
      terminal.type(char)
      terminal.resize(40, 10)
      terminal.resize(200, 60)
    }
    await terminal.shows(/\/ 7531 +\d+ of 1000\d/)
    for (let i = 0; i < 10; i++) {
      terminal.resize(200, 60)
      terminal.resize(40, 10)
      terminal.type('x')
      terminal.key('BSpace')
    }
    await terminal.shows(/\/ 7531 /)
    // The last of the sizes may not be drawn yet.
    await terminal.shows(/^coffer \/user\/.*\n─{40}\n[^]*❯ +name-07531/)
    assert.is(terminal.screen.trimEnd().split('\n').length, 10)
    terminal.key('Enter')
    await terminal.shows(/name-07531[^]*value/)
    // Nothing of all that went out of the screen above.
    terminal.resize(80, 24)
    await terminal.shows(/^coffer/)
  }))

test('without colours there is none, and everything is said all the same', () =>
  inUi({ columns: 80, rows: 24, env: { NO_COLOR: '1' } }, async (terminal) => {
    terminal.key('d')
    await terminal.shows(/- name-00000 +to be deleted/)
    terminal.key('?')
    await terminal.leaves(/esc close/)
    terminal.key('u')
    await terminal.hides(/to be deleted/)
    assert.not.match(terminal.typescript, COLOUR)
  }))

test('with colours there are some, in a CI job, too', () =>
  inUi({ columns: 80, rows: 24, env: { CI: 'true' } }, async (terminal) => {
    assert.match(terminal.typescript, COLOUR)
  }))

test('a screen reader gets lines, without frames', () =>
  inUi(
    { columns: 80, rows: 24 },
    async (terminal) => {
      terminal.key('r')
      await terminal.shows(/of name-00000/)
      terminal.key('?')
      await terminal.shows(/esc close/)
      assert.not.match(terminal.screen, /[─│╭╮╰╯]/)
      await terminal.leaves(/esc close/)
    },
    'coffer ui --screen-reader',
  ))

test('what means to steer a terminal is shown, not obeyed', async () => {
  const evil = [
    '\x1b]2;owned\x07',
    '\x1b]52;c;b3duZWQ=\x07',
    '\x1b[2J\x1b[31m',
    '\u202etxt',
    'a\nb',
    '\x9b31m',
  ]
  await fill(home, [], { '0evil': evil.join(''), '0evil\u202e\u200b': 'x' }).catch(() =>
    fill(home, [], { '0evil': evil.join('') }),
  )
  await inUi({ columns: 200, rows: 24, env: { NO_COLOR: '1' } }, async (terminal) => {
    const { title } = terminal
    await terminal.shows(/❯ +0evil/)
    terminal.key('r')
    await terminal.shows(/owned/)
    assert.is(terminal.title, title)
    assert.is(terminal.clipboard, '')
    terminal.key('Enter')
    await terminal.shows(/value/)
    terminal.key('r')
    await terminal.shows(/owned/)
    terminal.key('e')
    await terminal.shows(/owned/)
    assert.is(terminal.title, title)
    assert.is(terminal.clipboard, '')
    assert.not.match(terminal.screen, /\u202e|\u200b/)
    assert.not.match(terminal.typescript, COLOUR)
    terminal.key('Escape')
    await terminal.shows(/1 version/)
  })
})

test('what is no terminal, or a dumb one, is refused', async () => {
  await withTerminal(world, home, async (terminal) => {
    assert.is(await terminal.run('coffer ui < /dev/null'), 2)
    assert.is(await terminal.run('coffer ui | cat; exit_of=${PIPESTATUS[0]}; (exit $exit_of)'), 2)
    assert.is(await terminal.run('TERM=dumb coffer ui'), 2)
    assert.match(terminal.screen, /needs a terminal/)
  })
  const { err } = await home.exits(2, ['ui'])
  assert.match(err, /needs a terminal[^]*coffer ls/)
})

test.run()
