// What people see of the terminal UI, in real terminals of three sizes, held against kept pictures (UPDATE=1 draws them anew).
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ago, agoWords } from '../../cli/tui/model/views/time.js'
import { forgetting, grace } from './support/acme.js'
import { looksRight, picture } from './support/picture.js'
import { withTerminal, type Terminal } from './support/terminal.js'
import { UiWorld } from './support/ui-world.js'

const ui = new UiWorld()
const { relay, laptop, phone } = ui

test.before(async () => {
  await ui.open()
  await grace(ui.world, relay, laptop)
})
test.after(() => ui.close())

/** From anywhere to the list of the secrets of acme/web. */
async function openWeb(terminal: Terminal): Promise<void> {
  terminal.key('1')
  await terminal.shows(/projects[^]*acme\/web/)
  terminal.keys('Home', 'Down', 'Down', 'Enter')
  await terminal.shows(/coffer acme\/web [^]*12 secrets/)
}

/** Lines as the interface lays them out, of things that happened some seconds ago. */
function aged(seconds: number): string {
  const [short, words] = [ago(seconds * 1000, 0), agoWords(seconds * 1000, 0)]
  return [
    `  coffer${`● synced ${short}`.padStart(72)}`,
    `  phone  ${`seen ${words}`.padEnd(16)}  added`,
    `  phone  seen ${words}`,
    `  name   ${short.padEnd(4)}  this device`,
    `  written  12 bytes · ${words} · Ada`,
    `  log    ${short.padEnd(5)}  ${words}`,
  ].join('\n')
}

test('whatever the ages of things, a picture is the same', () => {
  const usual = picture(aged(12))
  for (const seconds of [0, 1, 59, 60, 3600, 40_000, 86_400, 8_640_000]) {
    assert.is(picture(aged(seconds)), usual, `${seconds} s`)
  }
})

test('the first steps', () =>
  ui.inUi(ui.world.home('new'), /coffer/, async (terminal) => {
    await looksRight(terminal, 'setup', /coffer/)
  }))

test('places, secrets, and what can be done with them', async () => {
  await laptop.ok(['sync'])
  await phone.ok(['sync'])
  await ui.inUi(laptop, /projects/, async (terminal) => {
    await looksRight(terminal, 'projects', /synced[^]*acme\/web/)
    await openWeb(terminal)
    await looksRight(terminal, 'secrets', /12 secrets[^]*stripe/)
    terminal.keys('Down', 'Enter')
    await terminal.shows(/❯ +password/)
    terminal.key('r')
    await looksRight(terminal, 'revealed', /correct-horse/)
    terminal.key('d')
    await looksRight(terminal, 'staged', /to be deleted|to be…/)
    terminal.key('u')
    await terminal.hides(/to be deleted/)
    terminal.key('/')
    terminal.type('url')
    await looksRight(terminal, 'filter', /2 of 12/)
    terminal.key('Escape')
    await terminal.shows(/12 secrets/)
    terminal.key('?')
    await looksRight(terminal, 'help', /open the folder/)
    await terminal.leaves(/open the folder/)
    terminal.key('C-p')
    terminal.type('rel')
    await looksRight(terminal, 'palette', /trust|relay/)
    await terminal.leaves(/do it/)
    terminal.key('3')
    await looksRight(terminal, 'people', /people[^]*laptop/)
  })
})

test('a conflict, and the secret that it is about', async () => {
  await relay.stop()
  await ui.write(laptop, 'session-key', 'of-the-laptop')
  await ui.write(phone, 'session-key', 'of-the-phone')
  await relay.start()
  for (const home of [laptop, phone, laptop]) await home.ok(['sync'])
  await ui.inUi(laptop, /projects/, async (terminal) => {
    await terminal.shows(/1 conflict/)
    terminal.key('2')
    await looksRight(terminal, 'conflicts', /session-key/)
    terminal.key('Enter')
    await looksRight(terminal, 'conflict', /theirs/)
    terminal.key('Escape')
    await terminal.shows(/❯ acme\/web\/session-key/)
    await openWeb(terminal)
    terminal.keys('End', 'Enter')
    await looksRight(terminal, 'detail', /\*  v3/)
    terminal.key('e')
    await looksRight(terminal, 'edit', /of-the-phone/)
    terminal.key('Escape')
    await terminal.shows(/3 versions/)
    await relay.stop()
    await terminal.shows(/offline/)
    await ui.write(laptop, 'sentry-dsn', 'https://sentry.acme.example/8')
    terminal.key('Escape')
    await looksRight(terminal, 'offline', /offline · 1 queued/)
    await relay.start()
    await terminal.shows(/synced/)
    terminal.key('L')
    await looksRight(terminal, 'locked', /This home is locked/)
    terminal.key('Enter')
    await terminal.shows(/projects/)
  })
})

test('an alarm', async () => {
  await forgetting(relay, async () => {
    await ui.write(laptop, 'jwt-signing-key', 'newer')
    await laptop.ok(['sync'])
  })
  // On a terminal it tells who came and went: the screen of alarms needn't, then.
  await withTerminal(ui.world, laptop, async (terminal) => {
    assert.is(await terminal.run('coffer sync'), 0)
  })
  await ui.inUi(laptop, /projects/, async (terminal) => {
    await looksRight(terminal, 'alarm', /ALARM/)
    terminal.key('!')
    await looksRight(terminal, 'alarms', /log-regression/)
  })
})

test.run()
