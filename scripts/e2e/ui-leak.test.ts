// Canaries are shown in the terminal UI; however it ends, nothing that stays behind holds one.
import { readFileSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from '../tooling/repo.js'
import { until } from './harness/until.js'
import { World } from './harness/world.js'
import { Canaries, type Find } from './support/canaries.js'
import { ONE_SCREEN, Terminal } from './support/terminal.js'

/** What the shell shows when it stopped a program, and when it waits for a line. */
const STOPPED = /Stopped/
const UI = 'coffer ui --reveal 10m'

const world = new World()
const home = world.home('a')
const canaries = new Canaries()
const name = canaries.fresh('the name', 'N')
const value = canaries.fresh('the value')
/** Every test in terminals with a second screen, and in such that have only one. */
const KINDS: readonly (readonly string[])[] = [[], ONE_SCREEN]

test.before(async () => {
  await home.init()
  await home.ok(['set', `/user/${name}`, '--stdin'], { stdin: value })
})
test.after(() => {
  world.close()
})

/** What a terminal and all files beside it hold of the canaries: but for its typescript, which is the test's own. */
function found(terminal: Terminal): readonly Find[] {
  const files = [world.folder, '/dev/shm'].flatMap((folder) => canaries.inFiles(folder))
  return [
    ...canaries.in(Buffer.from(terminal.memory), 'what the terminal remembers'),
    ...canaries.in(Buffer.from(terminal.title), 'its title'),
    ...canaries.in(Buffer.from(terminal.clipboard), 'its clipboard'),
    ...files.filter(({ where }) => !path.basename(where).startsWith('typescript-')),
  ]
}

/** What other users see of a process and its children. */
function seenOutside(pid: number): readonly Find[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return [String(pid), ...children.filter(Boolean)].flatMap((one) =>
    ['cmdline', 'environ'].flatMap((file) =>
      canaries.in(readFileSync(`/proc/${one}/${file}`), `/proc/${one}/${file}`),
    ),
  )
}

/** In the list of /user/, with the value shown. */
async function revealed(terminal: Terminal, command = UI): Promise<() => Promise<number>> {
  const { ended } = terminal.start(command)
  await terminal.shows(/❯ \/user\//)
  terminal.key('Enter')
  await terminal.shows(new RegExp(name))
  await reveal(terminal)
  return ended
}

async function reveal(terminal: Terminal): Promise<void> {
  terminal.key('r')
  await terminal.shows(new RegExp(value))
}

/** Runs a story in a terminal of each kind, one after the other: they share the home. */
async function inTerminals(body: (terminal: Terminal) => Promise<void>): Promise<void> {
  for (const settings of KINDS) {
    const terminal = await Terminal.open(world, home, { columns: 160, rows: 30, settings })
    try {
      await body(terminal)
    } finally {
      terminal.close()
    }
  }
}

test('the search finds what is shown, printed, titled, copied or written', () =>
  inTerminals(async (terminal) => {
    const ended = await revealed(terminal)
    const shown = found(terminal).map(({ what, where }) => `${what} in ${where}`)
    assert.ok(shown.includes('the value in what the terminal remembers'))
    assert.ok(shown.includes('the name in what the terminal remembers'))
    assert.equal(seenOutside(terminal.program), [])
    terminal.key('q')
    assert.is(await ended(), 0)
    assert.equal(found(terminal), [])
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
      found(terminal).map(({ where }) => where),
      ['what the terminal remembers', 'its title', 'its clipboard', file],
    )
    rmSync(file)
  }))

const ENDS: readonly (readonly [string, number, (terminal: Terminal) => Promise<void> | void])[] = [
  ['q', 0, (terminal) => terminal.key('q')],
  ['ctrl-c', 0, (terminal) => terminal.key('C-c')],
  [
    'ctrl-c when it is locked',
    0,
    async (terminal) => {
      terminal.key('L')
      await terminal.hides(new RegExp(name))
      assert.equal(found(terminal), [])
      terminal.key('C-c')
    },
  ],
  ...(
    [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGINT', 130],
      ['SIGQUIT', 131],
    ] as const
  ).map(
    ([signal, code]) =>
      [signal, code, (terminal: Terminal) => void process.kill(terminal.program, signal)] as const,
  ),
]

for (const [how, code, leave] of ENDS) {
  test(`${how} leaves nothing`, () =>
    inTerminals(async (terminal) => {
      const ended = await revealed(terminal)
      await leave(terminal)
      assert.is(await ended(), code)
      assert.equal(found(terminal), [])
      await home.ok(['unlock', '--key-file', home.keyFile])
    }))
}

test('a stopped one shows nothing, and comes back without the value', () =>
  inTerminals(async (terminal) => {
    await revealed(terminal)
    let ended = (): Promise<number> => Promise.resolve(-1)
    for (const stop of [
      () => terminal.key('C-z'),
      () => void process.kill(terminal.program, 'SIGTSTP'),
    ]) {
      const before = terminal.typescript.length
      stop()
      await until(terminal.screen, () => STOPPED.test(terminal.typescript.slice(before)))
      assert.equal(found(terminal), [])
      // The shell went on with its line when the program was stopped: its end is another line's.
      ended = terminal.start('fg').ended
      await terminal.shows(new RegExp(name))
      assert.not.match(terminal.screen, new RegExp(value))
      await reveal(terminal)
    }
    terminal.key('q')
    assert.is(await ended(), 0)
    assert.equal(found(terminal), [])
  }))

test('the terminal itself goes away, and the program with it', async () => {
  const terminal = await Terminal.open(world, home, { columns: 160 })
  await revealed(terminal)
  const pid = terminal.program
  terminal.close()
  await until('its end', () => !isAlive(pid))
  assert.equal(
    canaries
      .inFiles(world.folder)
      .filter(({ where }) => !path.basename(where).startsWith('typescript-')),
    [],
  )
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

for (const where of ['render', 'event']) {
  test(`a crash (${where}) tells where it was, and nothing of what`, () =>
    inTerminals(async (terminal) => {
      const arm = path.join(world.work, 'crash')
      const program = path.join(root, 'dist/scripts/e2e/support/crashing-ui.js')
      const ended = await revealed(terminal, `node ${program} ${where} ${arm}`)
      world.file('crash', `about ${value} of ${name}`)
      assert.is(await ended(), 1)
      rmSync(arm)
      assert.match(terminal.screen, /coffer: internal: the terminal UI failed/)
      assert.equal(found(terminal), [])
    }))
}

test('the daemon dies under a revealed value: nothing stays either', () =>
  inTerminals(async (terminal) => {
    const ended = await revealed(terminal)
    await home.crashDaemon()
    await terminal.hides(/reading/)
    terminal.key('q')
    assert.is(await ended(), 0)
    assert.equal(found(terminal), [])
  }))

test.run()
