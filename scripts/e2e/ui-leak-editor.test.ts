// A canary is edited in $EDITOR; however that ends, nothing of it stays on the terminal or in a file.
import { existsSync, readFileSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { alive } from '../tooling/processes.js'
import { until } from './harness/until.js'
import { type World } from './harness/world.js'
import { type Terminal } from './support/terminal.js'
import { Watched } from './support/watched.js'

/** What the editor writes of itself, beside the world so that it isn't searched: the file's name is the secret's. */
const toldIn = (world: World): string => `${world.folder}.editor`

/**
 * An editor that tells its pid, the file, and the modes of file and folder, and goes with a line: `save` adds to the file
 * before.
 */
const EDITOR = `
trap '' QUIT
printf '%s\\n' $$ "$2" $(stat -c %a "$2" "\${2%/*}") > "$1.part"
mv "$1.part" "$1"
echo the editor is there
read -r word || exit 1
case $word in save) printf more >> "$2" ;; esac
`

const watched = new Watched((world) => ({
  VISUAL: '',
  EDITOR: `sh ${world.file('editor', EDITOR)} ${toldIn(world)}`,
}))
const { world, home, name, value } = watched
const told = toldIn(world)

test.before(() => watched.start())
test.after(() => {
  watched.close()
  rmSync(told, { force: true })
})

type Editing = {
  readonly pid: number
  readonly file: string
  readonly ended: () => Promise<number>
}

/** With the value in the editor: in a file of nobody else's, and nowhere on the terminal. */
async function edited(terminal: Terminal): Promise<Editing> {
  rmSync(told, { force: true })
  const ended = await watched.listed(terminal)
  terminal.key('e')
  await terminal.shows(new RegExp(`${value}[^]*\\^o editor`))
  terminal.key('C-o')
  await until('the editor', () => existsSync(told))
  await terminal.shows(/the editor is there/)
  const [pid = '', file = '', ...modes] = readFileSync(told, 'utf8').trim().split('\n')
  assert.equal(modes, ['600', '700'])
  assert.match(file, new RegExp(`^/dev/shm/coffer-files-[^/]+/${name}$`))
  assert.is(readFileSync(file, 'utf8'), value)
  assert.ok(watched.inFiles().some((find) => find.what === 'the value' && find.where === file))
  assert.equal(watched.inTerminal(terminal), [])
  assert.equal(
    watched.seenOutside(terminal.program).filter(({ what }) => what === 'the value'),
    [],
  )
  return { pid: Number(pid), file, ended }
}

/** The file, its folder and the editor are no more. */
async function isGone({ pid, file }: Editing): Promise<void> {
  await until('the end of the editor', () => !alive(pid))
  await until('the end of its file', () => !existsSync(path.dirname(file)))
  assert.equal(watched.inFiles(), [])
}

test('an editor that changes nothing, and one that does', () =>
  watched.inTerminals(async (terminal) => {
    for (const word of ['', 'save']) {
      const editing = await edited(terminal)
      terminal.line(word)
      await terminal.shows(new RegExp(`${value}${word && 'more'}[^]*\\^o editor`))
      await isGone(editing)
      terminal.key('Escape')
      if (word !== '') {
        await terminal.shows(/Throw your changes away\?/)
        terminal.key('y')
      }
      await terminal.shows(/❯ +N\w+ +•+/)
      terminal.key('q')
      assert.is(await editing.ended(), 0)
      assert.equal(watched.found(terminal), [])
    }
  }))

test('a lock from elsewhere takes it away', () =>
  watched.inTerminals(async (terminal) => {
    const editing = await edited(terminal)
    await home.ok(['lock'])
    await terminal.shows(/This home is locked/)
    await isGone(editing)
    assert.equal(watched.found(terminal), [])
    terminal.key('C-c')
    assert.is(await editing.ended(), 0)
    assert.equal(watched.found(terminal), [])
    await watched.unlock()
  }))

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} takes it away`, () =>
    watched.inTerminals(async (terminal) => {
      const editing = await edited(terminal)
      process.kill(terminal.program, signal)
      assert.is(await editing.ended(), code)
      await isGone(editing)
      assert.equal(watched.found(terminal), [])
    }))
}

test('ctrl-\\ and ctrl-c are the editor’s: the one it ignores, the other ends it, and nothing else', () =>
  watched.inTerminals(async (terminal) => {
    const editing = await edited(terminal)
    terminal.key('C-\\')
    await terminal.shows(/\^\\/)
    assert.ok(alive(editing.pid))
    assert.equal(watched.inTerminal(terminal), [])
    terminal.key('C-c')
    await terminal.shows(new RegExp(`${value}[^]*the editor ended[^]*\\^o editor`))
    await isGone(editing)
    terminal.key('C-c')
    assert.is(await editing.ended(), 0)
    assert.equal(watched.found(terminal), [])
  }))

test('the terminal goes away, and everything with it', async () => {
  const terminal = await watched.open()
  const editing = await edited(terminal)
  const pid = terminal.program
  terminal.close()
  await until('its end', () => !alive(pid))
  await isGone(editing)
})

test('what a SIGKILL left behind goes with the next one', () =>
  watched.inTerminals(async (terminal) => {
    const left = await edited(terminal)
    process.kill(terminal.program, 'SIGKILL')
    assert.is(await left.ended(), 137)
    process.kill(left.pid, 'SIGKILL')
    assert.ok(existsSync(left.file))
    const next = await edited(terminal)
    assert.not.ok(existsSync(path.dirname(left.file)))
    terminal.line('')
    await terminal.shows(/\^o editor/)
    await isGone(next)
    terminal.key('C-c')
    assert.is(await next.ended(), 0)
    assert.equal(watched.found(terminal), [])
  }))

test.run()
