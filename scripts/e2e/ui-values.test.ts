// Values that aren't one line of text of one writer, in the terminal UI: sealed ones, bytes, and what two or three devices
// wrote apart and somebody merges.
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Home } from './harness/home.js'
import { ACME, grace, WEB } from './support/acme.js'
import { looksLike, looksRight, USUAL } from './support/picture.js'
import { type Terminal } from './support/terminal.js'
import { UiWorld } from './support/ui-world.js'

const ui = new UiWorld()
const { world, relay, laptop, phone } = ui
const tablet = world.home('tablet')

test.before(async () => {
  await ui.open('tablet')
  await laptop.ok([...ACME, 'project', 'select', 'web'])
})
test.after(() => ui.close())

/** Keeps the lines of all sides as one, without the markers and what they had been written over. */
const EDITOR = `grep -vE '^(<|=|>|[|])' "$1" | grep -v original | paste -sd+ | tr -d '\\n' > "$1.new" && cat "$1.new" > "$1" && rm "$1.new"`

const inWeb = (story: (terminal: Terminal) => Promise<void>): Promise<void> => {
  const env = { VISUAL: '', EDITOR: `sh ${world.file('editor', EDITOR)}` }
  return ui.inUi(laptop, /coffer acme\/web [^]* secrets/, story, { env })
}

/** Opens one secret of the list by its filter. */
async function find(terminal: Terminal, name: string): Promise<void> {
  terminal.key('/')
  terminal.type(name)
  await terminal.shows(/ 1 of \d+/)
  terminal.key('Enter')
  await terminal.shows(new RegExp(`acme/web/${name} [^]*version`))
}

test('a secret is sealed for the runners that are granted it: nobody else opens it, and its readers are named', () =>
  inWeb(async (terminal) => {
    const token = path.join(world.work, 'ci.token')
    await laptop.ok([...WEB, 'runner', 'create', 'ci', '-o', token])
    await laptop.ok([...WEB, 'runner', 'grant', 'ci', 'deploy-key'])
    terminal.key('a')
    await terminal.shows(/folders by a slash/)
    terminal.line('deploy-key')
    await terminal.shows(/new · line 1/)
    terminal.type('for-ci-alone')
    terminal.key('C-t')
    await terminal.shows(/new · sealed · line 1[^]*for-ci-alone/)
    terminal.key('C-s')
    await looksLike(terminal, 'seal', USUAL, /Seal deploy-key for whom\?/)
    terminal.key('Enter')
    await terminal.shows(/deploy-key is staged/)
    terminal.key('w')
    await terminal.shows(
      /compare the fingerprints[^]*deploy-key is sealed to:[^]*runner ci +[a-z2-7]{4}-/,
    )
    await terminal.leaves(/compare the fingerprints/)
    await terminal.shows(/deploy-key +sealed/)
    await laptop.ok(['sync'])
    const asRunner = { env: { COFFER_TOKEN_FILE: token } }
    assert.is(await laptop.ok(['get', '-n', 'deploy-key'], asRunner), 'for-ci-alone')
    assert.match((await laptop.exits(23, [...WEB, 'get', 'deploy-key'])).err, /is sealed/)
    assert.match(await laptop.ok([...WEB, 'history', 'deploy-key']), /sealed to ci$/m)

    await find(terminal, 'deploy-key')
    await looksRight(terminal, 'sealed', /readers +runner ci/)
    terminal.key('r')
    await terminal.shows(/it is sealed: only its runners open it/)
    terminal.key('m')
    await terminal.shows(/only these runners open it[^]*runner ci +[a-z2-7]{4}-/)
    await terminal.leaves(/only these runners/)
    // Anew: it stays sealed.
    terminal.key('e')
    await terminal.shows(/edit · sealed · line 1 of 1 · 0 bytes/)
    terminal.type('newer')
    terminal.keys('C-s')
    await terminal.shows(/Until now only these open it: runner ci\./)
    terminal.key('Enter')
    await terminal.shows(/deploy-key is staged/)
    terminal.key('w')
    await terminal.shows(/compare the fingerprints/)
    await terminal.leaves(/compare the fingerprints/)
    await terminal.shows(/2 versions/)
    await laptop.ok(['sync'])
    assert.is(await laptop.ok(['get', '-n', 'deploy-key'], asRunner), 'newer')
    // Nobody is granted this one: it stays staged, and what to do can be read, all of it.
    await laptop.ok([...WEB, 'runner', 'revoke', 'ci'])
    terminal.key('e')
    await terminal.shows(/edit · sealed/)
    terminal.type('newest')
    terminal.key('C-s')
    await terminal.shows(/Seal deploy-key for whom/)
    terminal.key('Enter')
    await terminal.shows(/deploy-key is staged/)
    terminal.key('w')
    await terminal.shows(/not saved[^]*no runner is granted[^]*or name one: --to\s+RUNNER/)
    terminal.key('u')
    await terminal.shows(/taken back/)
  }))

test('bytes that are no text are shown as that, and edited by other means', () =>
  inWeb(async (terminal) => {
    const file = world.file(
      'key.bin',
      Uint8Array.from({ length: 300 }, (_, i) => i % 256),
    )
    await laptop.ok([...WEB, 'set', 'key-bytes', '--file', file])
    await find(terminal, 'key-bytes')
    terminal.key('r')
    await terminal.shows(/value +300 bytes, no text/)
    terminal.key('e')
    await looksLike(terminal, 'bytes', USUAL, /no UTF-8 text: coffer secret set --file/)
    terminal.key('Escape')
    await terminal.shows(/1 version/)
    terminal.key('m')
    await terminal.shows(/Who can read it[^]*owner, you/)
    await terminal.leaves(/Who can read it/)
  }))

/** Each device writes while there is no relay. */
async function apart(name: string, values: readonly (readonly [Home, string])[]): Promise<void> {
  await relay.stop()
  for (const [home, value] of values) await ui.write(home, name, value)
  await relay.start()
  const homes = values.map(([home]) => home)
  for (const home of [...homes, ...homes]) await home.ok(['sync'])
}

test('lines that two devices changed apart fit together', async () => {
  await ui.write(laptop, 'config', 'one\ntwo\nthree\nfour\n')
  for (const home of [laptop, phone]) await home.ok(['sync'])
  await apart('config', [
    [laptop, 'ONE\ntwo\nthree\nfour\n'],
    [phone, 'one\ntwo\nthree\nFOUR\n'],
  ])
  await inWeb(async (terminal) => {
    terminal.key('2')
    await terminal.shows(/❯ acme\/web\/config +2 values/)
    terminal.key('Enter')
    await terminal.shows(/base[^]*mine[^]*theirs/)
    terminal.key('m')
    await looksLike(terminal, 'merge', USUAL, /All lines fit together/)
    await terminal.leaves(/All lines fit together/, 'Enter')
    await terminal.shows(/Save the merged acme\/web\/config\?[^]*4 lines, 19 bytes, over 2 values/)
    await terminal.leaves(/Save the merged/, 'y')
    await terminal.shows(/the conflict is over/)
    const merged = 'ONE\ntwo\nthree\nFOUR\n'
    assert.is(await laptop.ok([...WEB, 'get', '-n', 'config']), merged)
    await phone.until([...WEB, 'get', '-n', 'config'], (out) => out === merged)
  })
})

test('what three devices wrote apart is merged in the editor, or one of the three is chosen', async () => {
  const all = [laptop, phone, tablet]
  for (const name of ['banner', 'motto']) {
    await ui.write(laptop, name, 'original')
    for (const home of all) await home.ok(['sync'])
    await apart(
      name,
      all.map((home) => [home, `by-${home.name}`] as const),
    )
  }
  await inWeb(async (terminal) => {
    terminal.key('2')
    await terminal.shows(/acme\/web\/banner +3 values[^]*acme\/web\/motto +3 values/)
    terminal.key('Enter')
    await looksRight(terminal, 'three', /base[^]*mine/)
    assert.match(terminal.screen, /3 theirs 2 +Ada on (?:phone|tablet)/)
    terminal.key('m')
    await terminal.shows(/Save the merged acme\/web\/banner\?[^]*over 3 values/)
    await terminal.leaves(/Save the merged/, 'y')
    await terminal.shows(/the conflict is over/)
    const merged = await laptop.ok([...WEB, 'get', '-n', 'banner'])
    assert.equal(merged.split('+').toSorted(), ['by-laptop', 'by-phone', 'by-tablet'])
    await tablet.until([...WEB, 'get', '-n', 'banner'], (out) => out === merged)

    await terminal.shows(/❯ acme\/web\/motto/)
    terminal.key('Enter')
    await terminal.shows(/3 theirs 2/)
    terminal.key('Home')
    await terminal.shows(/❯ 1 mine/)
    terminal.key('Enter')
    await terminal.shows(/y take it/)
    terminal.key('y')
    await terminal.shows(/no secret was written apart/)
    for (const home of all) {
      await home.until([...WEB, 'get', '-n', 'motto'], (out) => out === 'by-laptop')
    }
  })
})

test('a member who may only seal reads nothing, and gives a runner a secret by its fingerprint', async () => {
  const token = path.join(world.work, 'deployer.token')
  const made = await laptop.exits(0, [...WEB, 'runner', 'create', 'deployer', '-o', token])
  const [print] = /[a-z2-7]{4}(-[a-z2-7]{4}){3}/.exec(made.err) ?? []
  assert.ok(print)
  const desk = await grace(world, relay, laptop, 'read')
  await laptop.ok([...WEB, 'project', 'member', 'add', 'grace@acme.example', 'seal'])
  await desk.until(['status'], (out) => /acme\/web: .*sealer/.test(out))
  await ui.inUi(desk, /acme\/web .*sealer/, async (terminal) => {
    terminal.key('G')
    await terminal.shows(/❯ acme\/web/)
    terminal.key('Enter')
    await terminal.shows(/a seals a secret for a runner/)
    terminal.key('a')
    await terminal.shows(/folders by a slash/)
    terminal.line('from-grace')
    await terminal.shows(/new · sealed · line 1/)
    terminal.type('for-the-deployer')
    terminal.key('C-s')
    await terminal.shows(new RegExp(`Seal from-grace for whom[^]*runners +${print}`))
    await terminal.leaves(/Seal from-grace for whom/, 'Enter')
    await terminal.shows(/from-grace is staged/)
    terminal.key('w')
    await terminal.shows(new RegExp(`from-grace is sealed to:[^]*${print}`))
    await terminal.leaves(/compare the fingerprints/)
  })
  await desk.ok(['sync'])
  const asRunner = { env: { COFFER_TOKEN_FILE: token } }
  assert.is(await laptop.ok(['get', '-n', 'from-grace'], asRunner), 'for-the-deployer')
  assert.match((await desk.exits(23, [...WEB, 'get', 'from-grace'])).err, /may not read|is sealed/)
})

test.run()
