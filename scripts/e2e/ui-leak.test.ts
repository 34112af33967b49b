// Canaries are shown in the terminal UI; however it ends, nothing that stays behind holds one.
import { rmSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { alive } from '../tooling/processes.js'
import { root } from '../tooling/repo.js'
import { until } from './harness/until.js'
import { type Terminal } from './support/terminal.js'
import { Watched } from './support/watched.js'

/** What the shell shows when it stopped a program. */
const STOPPED = /Stopped/

const watched = new Watched()
const { world, home, name, value, old } = watched

test.before(() => watched.start())
test.after(() => {
  watched.close()
})

test('the search finds what is shown, printed, titled, copied or written', () =>
  watched.inFreshTerminals(async (terminal) => {
    const ended = await watched.revealed(terminal)
    const shown = watched.found(terminal).map(({ what, where }) => `${what} in ${where}`)
    assert.ok(shown.includes('the value in what the terminal remembers'))
    assert.ok(shown.includes('the name in what the terminal remembers'))
    assert.equal(watched.seenOutside(terminal.program), [])
    terminal.key('q')
    assert.is(await ended(), 0)
    assert.equal(watched.found(terminal), [])
    const file = world.file('left', Buffer.from(value).toString('base64'))
    const script = world.file(
      'tell',
      `printf '\\033]2;%s\\007\\033]52;c;%s\\007' ${value} $(printf %s ${value} | base64 -w0)
       printf '%s\\n' ${value}; seq 100`,
    )
    await terminal.run(`bash ${script}`)
    rmSync(script)
    await until('the clipboard', () => terminal.clipboard !== '')
    assert.equal(
      watched.found(terminal).map(({ where }) => where),
      ['what the terminal remembers', 'its title', 'its clipboard', file],
    )
    rmSync(file)
  }))

type Leave = (terminal: Terminal) => Promise<void> | void

const signalled =
  (signal: NodeJS.Signals): Leave =>
  (terminal) =>
    void process.kill(terminal.program, signal)

const ENDS: readonly (readonly [how: string, code: number, leave: Leave])[] = [
  ['q', 0, (terminal) => terminal.key('q')],
  ['ctrl-c', 0, (terminal) => terminal.key('C-c')],
  ['SIGTERM', 143, signalled('SIGTERM')],
  ['SIGHUP', 129, signalled('SIGHUP')],
  ['SIGINT', 130, signalled('SIGINT')],
  ['SIGQUIT', 131, signalled('SIGQUIT')],
]

for (const [how, code, leave] of ENDS) {
  test(`${how} leaves nothing`, () =>
    watched.inTerminals(async (terminal) => {
      const ended = await watched.revealed(terminal)
      await leave(terminal)
      assert.is(await ended(), code)
      assert.equal(watched.found(terminal), [])
    }))
}

test('when it is locked nothing is there any more, nor is when it ends', () =>
  watched.inTerminals(async (terminal) => {
    const ended = await watched.revealed(terminal)
    terminal.key('L')
    await terminal.hides(new RegExp(name))
    assert.equal(watched.found(terminal), [])
    terminal.key('C-c')
    assert.is(await ended(), 0)
    assert.equal(watched.found(terminal), [])
    await watched.unlock()
  }))

/** The versions of the secret: the chosen one compared with the one before, both values shown. */
async function compare(terminal: Terminal): Promise<void> {
  terminal.key('Enter')
  await terminal.shows(/2 versions/)
  await watched.reveal(terminal)
  terminal.key('D')
  await terminal.shows(/r shows what differs/)
  terminal.key('r')
  await terminal.shows(new RegExp(`- ${old}[^]*\\+ ${value}`))
}

async function edit(terminal: Terminal): Promise<void> {
  terminal.key('e')
  await terminal.shows(new RegExp(`${value}[^]*\\^s stage`))
}

test('versions that are compared are gone with a key, a signal, a lock', () =>
  watched.inTerminals(async (terminal) => {
    for (const [how, code, leave] of ENDS.slice(0, 3)) {
      const ended = await watched.listed(terminal)
      await compare(terminal)
      await leave(terminal)
      assert.is(await ended(), code, how)
      assert.equal(watched.found(terminal), [], how)
    }
    const ended = await watched.listed(terminal)
    await compare(terminal)
    await home.ok(['lock'])
    await terminal.hides(new RegExp(name))
    assert.equal(watched.found(terminal), [])
    await watched.unlock()
    terminal.key('C-c')
    assert.is(await ended(), 0)
    assert.equal(watched.found(terminal), [])
  }))

test('a text that is edited is gone with a key, a signal, a stop', () =>
  watched.inTerminals(async (terminal) => {
    for (const [how, code, leave] of ENDS.slice(1, 3)) {
      const ended = await watched.listed(terminal)
      await edit(terminal)
      await leave(terminal)
      assert.is(await ended(), code, how)
      assert.equal(watched.found(terminal), [], how)
    }
    await watched.listed(terminal)
    await edit(terminal)
    const { ended } = await stoppedAndBack(terminal, () => terminal.key('C-z'))
    terminal.key('C-c')
    assert.is(await ended(), 0)
    assert.equal(watched.found(terminal), [])
  }))

/** Nothing is left of it while it is stopped, nor is the value when it is back. */
async function stoppedAndBack(
  terminal: Terminal,
  stop: () => void,
): Promise<{ ended: () => Promise<number> }> {
  const before = terminal.typescript.length
  stop()
  await until(
    () => terminal.screen,
    () => STOPPED.test(terminal.typescript.slice(before)),
  )
  assert.equal(watched.found(terminal), [])
  // The shell went on with its line when the program was stopped: its end is another line's.
  const started = terminal.start('fg')
  await terminal.shows(new RegExp(name))
  assert.not.match(terminal.screen, new RegExp(value))
  return started
}

test('a stopped one shows nothing, and comes back without the value', () =>
  watched.inTerminals(async (terminal) => {
    await watched.revealed(terminal)
    await stoppedAndBack(terminal, () => terminal.key('C-z'))
    await watched.reveal(terminal)
    const { ended } = await stoppedAndBack(
      terminal,
      () => void process.kill(terminal.program, 'SIGTSTP'),
    )
    await watched.reveal(terminal)
    terminal.key('q')
    assert.is(await ended(), 0)
    assert.equal(watched.found(terminal), [])
  }))

test('the terminal itself goes away, and the program with it', async () => {
  const terminal = await watched.open()
  await watched.revealed(terminal)
  const pid = terminal.program
  terminal.close()
  await until('its end', () => !alive(pid))
  assert.equal(watched.inFiles(), [])
})

for (const where of ['render', 'event']) {
  test(`a crash (${where}) tells where it was, and nothing of what`, () =>
    watched.inTerminals(async (terminal) => {
      const arm = path.join(world.work, 'crash')
      const program = path.join(root, 'dist/scripts/e2e/support/crashing-ui.js')
      const ended = await watched.revealed(terminal, `node ${program} ${where} ${arm}`)
      world.file('crash', `about ${value} of ${name}`)
      assert.is(await ended(), 1)
      rmSync(arm)
      assert.match(terminal.screen, /coffer: internal: the terminal UI failed/)
      assert.equal(watched.found(terminal), [])
    }))
}

test('the daemon dies under a revealed value: nothing stays either', () =>
  watched.inTerminals(async (terminal) => {
    const ended = await watched.revealed(terminal)
    await home.crashDaemon()
    await terminal.hides(/reading/)
    terminal.key('q')
    assert.is(await ended(), 0)
    assert.equal(watched.found(terminal), [])
  }))

test.run()
