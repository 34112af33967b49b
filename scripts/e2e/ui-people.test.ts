// People, runners and their invites in the terminal UI, from the invite to the removal, in the installed program.
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ACME, WEB } from './support/acme.js'
import { LARGE, looksLike, looksRight, USUAL } from './support/picture.js'
import { type Terminal } from './support/terminal.js'
import { UiWorld } from './support/ui-world.js'

const ui = new UiWorld()
const { world, relay, laptop } = ui

test.before(() => ui.open())
test.after(() => ui.close())

/** With the list of people and devices. */
const inPeople = (story: (terminal: Terminal) => Promise<void>): Promise<void> =>
  ui.inUi(laptop, /projects[^]*acme\/web/, async (terminal) => {
    terminal.key('3')
    await terminal.shows(/your devices[^]*ada@acme\.example/)
    await story(terminal)
  })

/** Chooses the line that matches. */
async function choose(terminal: Terminal, wanted: RegExp): Promise<void> {
  terminal.key('Home')
  await terminal.shows(/❯ +(?:waiting|your devices)/)
  const lines = terminal.screen.split('\n').slice(2)
  const at = lines.findIndex((one) => wanted.test(one))
  assert.ok(at > 0, `a line with ${String(wanted)}:\n${terminal.screen}`)
  for (let i = 0; i < at; i++) terminal.key('Down')
  await terminal.shows(new RegExp(`❯ .*${wanted.source}`))
}

/** Invites somebody, and gives the code as it is copied. */
async function invited(terminal: Terminal, email: string): Promise<string> {
  terminal.key('i')
  await terminal.shows(/invite a person[^]*❯ e-mail/)
  terminal.type(email)
  await terminal.shows(new RegExp(email.replaceAll('.', '\\.')))
  terminal.key('C-s')
  await terminal.shows(/Nobody is let in by it alone[^]*coffer1-/)
  await terminal.shows(/y copy the code/)
  terminal.key('y')
  await terminal.shows(/the code copied by/)
  const [code] = /^coffer1-[a-z0-9-]+$/m.exec(terminal.clipboard) ?? []
  assert.ok(code)
  await terminal.leaves(/Nobody is let in by it alone/)
  return code
}

test('a person is invited, waits, is let in by the fingerprint, and removed', () =>
  inPeople(async (terminal) => {
    terminal.resize(...LARGE)
    const code = await invited(terminal, 'grace@acme.example')
    await terminal.shows(/\+ grace@acme\.example +read\+secrets +invited until/)
    const grace = world.home('grace')
    const label = ['--name', 'Grace', '--email', 'grace@acme.example', '--device-name', 'desk']
    await grace.ok(['init', ...label, '--key-file', grace.keyFile])
    await relay.serve(grace)
    const join = grace.start(['join', code])
    const [, print = ''] = await join.printed(/fingerprint: (\S+)/)
    await terminal.shows(/\? grace@acme\.example[^]*waits to be let in: f/)
    terminal.key('f')
    await terminal.shows(/❯ fingerprint/)
    terminal.type('aaaa-bbbb-cccc-dddd')
    terminal.key('Enter')
    await terminal.shows(/nobody who waits has this fingerprint/)
    await terminal.leaves(/nobody who waits/)
    // Whoever mistyped it may type it again.
    await terminal.shows(/❯ fingerprint/)
    terminal.key('C-u')
    terminal.type(print)
    await terminal.shows(new RegExp(print))
    terminal.key('Enter')
    await terminal.shows(/let into acme: grace@acme\.example \(read\+secrets\)/)
    assert.is((await join.ended).code, 0)
    assert.is(await grace.ok([...WEB, 'get', '-n', 'db/password']), 'correct-horse')

    await choose(terminal, /grace@acme\.example/)
    terminal.key('x')
    await terminal.shows(/Remove grace@acme\.example from acme\?/)
    terminal.key('y')
    await terminal.shows(/to change: 14 secrets[^]*coffer:\/\/acme\/web\/db\/password/)
    await terminal.leaves(/Change these where/)
    await terminal.hides(/grace@acme\.example +read/)
    // It can be read again.
    terminal.key('R')
    await terminal.shows(/to change: 14 secrets/)
    await terminal.leaves(/Change these where/)
    assert.not.match(await laptop.ok([...ACME, 'org', 'member', 'ls']), /grace/)
  }))

test('an invite is taken back, and nobody comes in by it', () =>
  inPeople(async (terminal) => {
    const code = await invited(terminal, 'eve@acme.example')
    await choose(terminal, /\+ eve@acme\.example/)
    terminal.key('x')
    await terminal.shows(/Take the invite of eve@acme\.example back\?/)
    terminal.key('y')
    await terminal.shows(/the invite is taken back/)
    await terminal.hides(/eve@acme\.example/)
    assert.not.match(await laptop.ok([...ACME, 'org', 'invite', 'ls']), /eve/)
    const eve = world.home('eve')
    await eve.init()
    await relay.serve(eve)
    assert.match((await eve.exits(34, ['join', code])).err, /expired/)
  }))

test('a runner is there as soon as it is made, and out when it is removed', () =>
  inPeople(async (terminal) => {
    const token = path.join(world.work, 'ci.token')
    await laptop.ok([...WEB, 'runner', 'create', 'ci', '-o', token])
    await laptop.ok([...WEB, 'runner', 'grant', 'ci', 'db/url', 'sentry-dsn'])
    await terminal.shows(/\* web: ci +runner +2 granted · until/)
    await choose(terminal, /\* web: ci/)
    terminal.key('Enter')
    await looksRight(terminal, 'runner', /runner: ci[^]*granted/)
    terminal.key('Escape')
    await looksLike(terminal, 'runners', USUAL, /❯ \* web: ci/)
    await laptop.ok(['sync'])
    const asRunner = { env: { COFFER_TOKEN_FILE: token } }
    assert.match(await laptop.ok(['get', '-n', 'db/url'], asRunner), /db\.acme\.example/)
    terminal.key('x')
    await terminal.shows(/Remove the runner ci\?/)
    terminal.key('y')
    await terminal.shows(/to change: 2 secrets[^]*coffer:\/\/acme\/web\/sentry-dsn/)
    await terminal.leaves(/Change these where/)
    await terminal.hides(/web: ci/)
    assert.not.match(await laptop.ok([...WEB, 'runner', 'ls']), /ci/)
  }))

test('a device is taken out', () =>
  inPeople(async (terminal) => {
    await choose(terminal, /phone/)
    terminal.key('x')
    await terminal.shows(/Remove the device phone\?/)
    terminal.key('y')
    await terminal.shows(/to change: \d+ secrets/)
    await terminal.leaves(/Change these where/)
    await terminal.hides(/phone +seen/)
    assert.not.match(await laptop.ok(['device', 'ls']), /phone/)
  }))

test.run()
