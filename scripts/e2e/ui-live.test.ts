// The terminal UI while things happen around it: other devices, relays, daemons, other terminals. Nobody presses a key for it.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ACME, WEB } from './support/acme.js'
import { type Terminal } from './support/terminal.js'
import { UiWorld } from './support/ui-world.js'

const ui = new UiWorld()
const { relay, laptop, phone } = ui

test.before(async () => {
  await ui.open()
  await laptop.ok([...ACME, 'project', 'select', 'web'])
})
test.after(() => ui.close())

/** In the list of acme/web, where whoever has selected it begins. */
const inWeb = (story: (terminal: Terminal) => Promise<void>): Promise<void> =>
  ui.inUi(laptop, /coffer acme\/web [^]* secrets/, story)

test('what other devices write appears, relay or no relay is said, and nothing is lost', () =>
  inWeb(async (terminal) => {
    await terminal.shows(/12 secrets/)
    await ui.write(phone, 'from-the-phone', 'hello')
    await terminal.shows(/13 secrets[^]*from-the-phone/)
    await relay.stop()
    await terminal.shows(/○ offline|◌ connecting/)
    await ui.write(laptop, 'offline-too', 'x')
    await terminal.shows(/14 secrets[^]*↑ offline-too/)
    await terminal.shows(/· 1 queued/)
    assert.not.match(terminal.screen, /ALARM|! /)
    await relay.start()
    await laptop.ok(['sync'])
    await terminal.shows(/● synced/)
    await terminal.hides(/queued|↑/)
    await phone.until([...WEB, 'ls'], (out) => out.includes('offline-too'))
  }))

test('the daemon dies: it is said, and the next one is found without a key', () =>
  inWeb(async (terminal) => {
    const before = laptop.daemons()
    await laptop.crashDaemon()
    await terminal.shows(/× no daemon|● synced|◌ connecting/)
    await terminal.shows(/● synced/)
    assert.not.equal(laptop.daemons(), before)
    await ui.write(laptop, 'after-the-crash', 'x')
    await terminal.shows(/after-the-crash/)
    await laptop.ok([...WEB, 'rm', 'after-the-crash'])
    await terminal.hides(/after-the-crash/)
  }))

test('a lock from another terminal clears the screen', () =>
  inWeb(async (terminal) => {
    terminal.key('End')
    await terminal.shows(/❯ +session-key/)
    terminal.key('r')
    await terminal.shows(/another-rand/)
    await laptop.ok(['lock'])
    await terminal.shows(/This home is locked/)
    assert.not.match(terminal.memory, /another-rand|session-key/)
    terminal.key('Enter')
    await terminal.shows(/coffer acme\/web [^]*session-key/)
    assert.not.match(terminal.screen, /another-rand/)
  }))

test('deletes are staged, saved as one, and brought back', () =>
  inWeb(async (terminal) => {
    terminal.key('End')
    await terminal.shows(/❯ +session-key/)
    terminal.key('d')
    await terminal.shows(/- session-key +to be deleted/)
    terminal.key('Up')
    await terminal.shows(/❯ +sentry-dsn/)
    terminal.key('d')
    await terminal.shows(/- sentry-dsn[^]*- session-key/)
    assert.match(await laptop.ok([...WEB, 'ls']), /session-key/)
    // Leaving asks; staying keeps them.
    terminal.key('q')
    await terminal.shows(/Leave without saving\?[^]*2 changes in acme\/web/)
    await terminal.leaves(/Leave without saving/)
    await terminal.shows(/coffer \+2 acme\/web/)
    terminal.key('w')
    await terminal.shows(/deleted: u brings it back/)
    assert.not.match(await laptop.ok([...WEB, 'ls']), /session-key|sentry-dsn/)
    terminal.key('u')
    await terminal.shows(/sentry-dsn[^]*session-key/)
    assert.is(await laptop.ok([...WEB, 'get', '-n', 'session-key']), 'another-random-word')
    assert.is(await laptop.ok([...WEB, 'get', '-n', 'sentry-dsn']), 'https://sentry.acme.example/7')
  }))

/** Types another end to the value under the cursor, and stages that. */
async function change(terminal: Terminal, end: string): Promise<void> {
  terminal.key('e')
  await terminal.shows(/edit · line 1/)
  terminal.key('C-e')
  terminal.type(end)
  await terminal.shows(new RegExp(`${end}[^]*\\^s stage`))
  terminal.key('C-s')
  await terminal.shows(/is staged: w saves it/)
}

/** Types a new secret, and stages it. */
async function add(terminal: Terminal, name: string, value: string): Promise<void> {
  terminal.key('a')
  await terminal.shows(/folders by a slash/)
  terminal.type(name)
  terminal.key('Enter')
  await terminal.shows(/new · line 1/)
  terminal.type(value)
  await terminal.shows(new RegExp(value))
  terminal.key('C-s')
  await terminal.shows(new RegExp(`${name} is staged: w saves it`))
}

const has =
  (value: string) =>
  (out: string): boolean =>
    out === value

test('one that is added, one changed and one deleted are saved together, and arrive elsewhere', () =>
  inWeb(async (terminal) => {
    await add(terminal, 'added', 'typed-here')
    terminal.key('End')
    await terminal.shows(/❯ +session-key/)
    terminal.key('d')
    await terminal.shows(/- session-key +to be deleted/)
    terminal.key('Up')
    await terminal.shows(/❯ +sentry-dsn/)
    await change(terminal, '-and-more')
    await terminal.shows(/coffer \+3 acme\/web/)
    for (const home of [laptop, phone]) {
      const names = await home.ok([...WEB, 'ls'])
      assert.not.match(names, /added/)
      assert.match(names, /session-key/)
    }
    terminal.key('w')
    await terminal.shows(/coffer acme\/web/)
    await phone.until([...WEB, 'get', '-n', 'added'], has('typed-here'))
    const changed = 'https://sentry.acme.example/7-and-more'
    await phone.until([...WEB, 'get', '-n', 'sentry-dsn'], has(changed))
    await phone.until([...WEB, 'ls'], (out) => !out.includes('session-key'))
    await terminal.hides(/session-key|to be deleted|↑/)
  }))

test('what is refused stays staged, all of it, and it is said why', () =>
  inWeb(async (terminal) => {
    await laptop.ok([...WEB, 'runner', 'create', 'ci', '-o', 'token'])
    terminal.key('End')
    await terminal.shows(/❯ +sentry-dsn/)
    await change(terminal, '-again')
    await add(terminal, 'beside', 'typed-too')
    const seal = ['set', '--sealed', '--to', 'ci', 'sentry-dsn', 'for-ci-alone']
    await laptop.ok([...WEB, ...seal])
    terminal.key('w')
    await terminal.shows(/Save over newer values\?[^]*sentry-dsn/)
    terminal.key('y')
    await terminal.shows(/sentry-dsn is sealed, and this would/)
    await terminal.shows(/coffer \+2 acme\/web/)
    assert.not.match(await laptop.ok([...WEB, 'ls']), /beside/)
    // What stands in the way is taken back; the rest can be saved.
    terminal.keys('u', 'u')
    await terminal.shows(/coffer acme\/web/)
  }))

test.run()
