// What only a terminal shows: hidden prompts, consent, progress, Ctrl-C. And that a pipe sees nothing of it.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inWorld } from './harness/world.js'
import { withTerminal } from './support/terminal.js'

test('a passphrase and a value are asked for and never shown', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await withTerminal(world, home, async (terminal) => {
      // Two that differ: nothing is made.
      const differ = terminal.start('coffer init --memory 64')
      await terminal.printed(/passphrase: /)
      terminal.line('correct horse')
      await terminal.printed(/again: /)
      terminal.line('correct mule')
      assert.is(await differ.ended(), 2)
      await terminal.printed(/coffer: usage: the two passphrases differ/)

      const init = terminal.start('coffer init --memory 64 --name Ada')
      await terminal.printed(/passphrase: /)
      // Typed with a mistake that is taken back.
      terminal.type('correct horsf')
      terminal.key('BSpace')
      terminal.line('e')
      await terminal.printed(/again: /)
      terminal.line('correct horse')
      assert.is(await init.ended(), 0)
      await terminal.printed(/lost passphrase is lost data/)

      const set = terminal.start('coffer secret set token')
      await terminal.printed(/secret value: /)
      terminal.line('hunter two')
      assert.is(await set.ended(), 0)
      assert.is(await home.ok(['get', '-n', 'token']), 'hunter two')

      // Ctrl-C leaves everything as it was, the terminal's echo too.
      const cancelled = terminal.start('coffer secret set token')
      await terminal.printed(/secret value: /)
      terminal.type('half')
      terminal.key('C-c')
      assert.is(await cancelled.ended(), 130)
      assert.is(await home.ok(['get', '-n', 'token']), 'hunter two')
      assert.is(await terminal.run('echo still-echoed'), 0)
      await terminal.printed(/echo still-echoed/)

      await home.ok(['lock'])
      const unlock = terminal.start('coffer unlock')
      await terminal.printed(/passphrase: /)
      terminal.line('wrong one')
      assert.is(await unlock.ended(), 22)
      const unlocked = terminal.start('coffer unlock')
      await terminal.printed(/passphrase: /)
      terminal.line('correct horse')
      assert.is(await unlocked.ended(), 0)
      for (const typed of ['correct hors', 'mule', 'hunter', 'half', 'wrong one']) {
        assert.not(terminal.typescript.includes(typed), `${typed} was shown`)
      }
      // A value on the command line is the shell's to show, and coffer's to warn of.
      assert.is(await terminal.run('coffer set other plain'), 0)
      await terminal.printed(/coffer: warning: value-on-command-line: /)
      const piped = await home.run(['set', 'other', 'plain'])
      assert.is(piped.err, '')
    })
  })
})

test('a recovery file asks for its own passphrase, then for one for the machine', async () => {
  await inWorld(async (world) => {
    const [a, b, relay] = [world.home('a'), world.home('b'), await world.relay()]
    await a.init('Ada')
    await a.ok(['relay', 'set', relay.url, '--relay-key', relay.key])
    const passphrase = (await a.ok(['recovery', 'create', '-o', 'r.asc'])).trim()
    await withTerminal(world, b, async (terminal) => {
      const use = terminal.start('coffer recovery use r.asc --memory 64')
      await terminal.printed(/the file's passphrase: /)
      // As it is read from paper.
      terminal.line(` ${passphrase.toUpperCase()} `)
      for (const question of [/passphrase for this machine: /, /again: /]) {
        await terminal.printed(question)
        terminal.line('my own words')
      }
      assert.is(await use.ended(), 0)
      await terminal.printed(/back as Ada: 1 vaults, 0 secrets/)
      await terminal.printed(/make another: coffer recovery create/)
      assert.not(terminal.typescript.includes(passphrase.slice(0, 9).toUpperCase()))
    })
    await b.ok(['lock'])
    await b.exits(21, ['ls'])
  })
})

test('what removes asks first on a terminal', async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['org', 'create', 'acme'])
    await home.ok(['project', '--org', 'acme', 'create', 'web'])
    await withTerminal(world, home, async (terminal) => {
      const no = terminal.start('coffer project --org acme rm web')
      await terminal.printed(/remove the project 'web' from the org\? \[y\/N\] /)
      terminal.line('n')
      assert.is(await no.ended(), 130)
      assert.is(await home.ok(['project', '--org', 'acme', 'ls']), 'web\n')
      const yes = terminal.start('coffer project --org acme rm web')
      await terminal.printed(/\[y\/N\] /)
      terminal.line('y')
      assert.is(await yes.ended(), 0)
      assert.is(await home.ok(['project', '--org', 'acme', 'ls']), '')
      terminal.line('coffer uninstall --data')
      await terminal.printed(/remove \S+ with all its keys and secrets\? \[y\/N\] /)
      terminal.key('C-c')
      // The shell gives up its whole line with the command: the next one tells how that ended.
      terminal.line('echo status=$?')
      await terminal.printed(/status=130/)
      assert.is(await home.ok(['org', 'ls']), 'acme\n')
    })
  })
})

const COUNTER = `
n=0
trap 'n=$((n + 1)); echo "interrupt $n"' INT
[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo "on a terminal with $K"
while [ -e running ]; do read -r -t 0.1 line && echo "read $line"; done
exit $((40 + n))
`

test("run gives the child the terminal, and the terminal's Ctrl-C once", async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/K', 'secret'])
    world.file('counter', COUNTER)
    const running = world.file('running', '')
    await withTerminal(world, home, async (terminal) => {
      const child = terminal.start('coffer run --only K -- bash counter')
      await terminal.printed(/on a terminal with secret/)
      terminal.line('hello')
      await terminal.printed(/read hello/)
      terminal.key('C-c')
      await terminal.printed(/interrupt 1/)
      terminal.key('C-c')
      await terminal.printed(/interrupt 2/)
      rmSync(running)
      assert.is(await child.ended(), 42)
      assert.not.match(terminal.typescript, /interrupt 3/)
      // A child that dies of it takes coffer along, as it would have taken the shell's command.
      terminal.line("coffer run --only K -- sh -c 'echo go; exec sleep 100'")
      await terminal.printed(/^go\r?$/m)
      terminal.key('C-c')
      terminal.line('echo status=$?')
      await terminal.printed(/status=130/)
    })
  })
})

const MASKED = `
n=0
trap 'n=$((n + 1)); echo "interrupt $n" >&2; echo "$n $K"' INT
[ -t 2 ] && ! [ -t 1 ] && echo 'stderr is a terminal' >&2
while [ -e running ]; do read -r -t 0.1 line; done
exit $((40 + n))
`

test("--mask: the child has the terminal's Ctrl-C once, its output goes on through coffer", async () => {
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/K', 'secret-of-many'])
    world.file('masked', MASKED)
    const running = world.file('running', '')
    await withTerminal(world, home, async (terminal) => {
      const child = terminal.start('coffer run --mask --only K -- bash masked > log')
      await terminal.printed(/stderr is a terminal/)
      terminal.key('C-c')
      await terminal.printed(/interrupt 1/)
      terminal.key('C-c')
      await terminal.printed(/interrupt 2/)
      rmSync(running)
      assert.is(await child.ended(), 42)
      assert.not.match(terminal.typescript, /interrupt 3/)
      assert.is(readFileSync(path.join(world.work, 'log'), 'utf8'), '1 ***\n2 ***\n')
      // A child that dies of it takes coffer along, with all that it had printed.
      const dying =
        "coffer run --mask --only K -- sh -c 'echo $K; echo go >&2; exec sleep 100' > log"
      terminal.line(dying)
      await terminal.printed(/^go\r?$/m)
      terminal.key('C-c')
      terminal.line('echo status=$?')
      await terminal.printed(/status=130/)
      assert.is(readFileSync(path.join(world.work, 'log'), 'utf8'), '***\n')
    })
  })
})

test('long work shows how far it is on a terminal, and nothing in a pipe', async () => {
  await inWorld(async (world) => {
    const relay = await world.relay()
    const [a, b] = [world.home('a'), world.home('b')]
    await a.init()
    const names = Array.from({ length: 1000 }, (_, i) => `NAME_${i}=${'x'.repeat(1000)}`)
    writeFileSync(path.join(world.work, 'big.env'), names.join('\n'))
    await withTerminal(world, a, async (terminal) => {
      assert.is(await terminal.run('coffer import big.env'), 0)
      await terminal.printed(/importing 0\/1000/)
      await terminal.printed(/1000 created, 0 changed, 0 unchanged/)
      const set = `coffer relay set ${relay.url} --relay-key ${relay.key}`
      assert.is(await terminal.run(set), 0)
      await terminal.printed(/connecting/)
      await terminal.printed(/sending \d+\/\d+/)
    })
    const piped = await a.run(['import', 'big.env'])
    assert.is(piped.out + piped.err, '')
    const again = await a.run(['sync'])
    assert.is(again.out + again.err, '')

    const code = (await a.ok(['device', 'add'])).trim()
    await withTerminal(world, b, async (terminal) => {
      const joining = terminal.start(`coffer join ${code} --key-file ${b.keyFile}`)
      const [, print = ''] = await terminal.printed(/fingerprint: (\S+)/)
      await terminal.printed(/waiting/)
      await a.until(['device', 'requests'], (out) => out.includes(print))
      await a.ok(['device', 'confirm', print])
      assert.is(await joining.ended(), 0)
      await terminal.printed(/receiving \d+\/\d+/)
      await terminal.printed(/joined: 1 vaults, 1000 secrets/)
      // The line of progress is gone from the screen.
      assert.not.match(terminal.screen, /receiving|waiting/)
    })
  })
})

test.run()
