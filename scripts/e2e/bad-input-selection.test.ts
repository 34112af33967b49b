// A `.coffer.yaml` is anybody's who wrote the repository: it selects, or is refused with a code.
import { mkdirSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LIMITS } from '../../shared/limits.js'
import { inWorld } from './harness/world.js'
import { codeOf, refusalOf } from './support/coded.js'
import { clientOf } from './support/local.js'

test('a .coffer.yaml from a cloned repository', async () => {
  const bomb = Array.from({ length: 30 }, (_, n) =>
    n === 0 ? 'a0: &a0 [x, x]' : `a${n}: &a${n} [*a${n - 1}, *a${n - 1}]`,
  ).join('\n')
  await inWorld(async (world) => {
    const home = world.home('a')
    await home.init()
    await home.ok(['set', '/user/x', 'here'])
    const client = await clientOf(world, home)
    const contents: (string | Uint8Array)[] = [
      'org: [',
      'org: 1\n',
      'org: acme\norg: other\n',
      'relay: ws://evil.example\n',
      'org: acme\nkey: 00\n',
      '- org\n',
      'acme\n',
      'project: "\\e[31m"\n',
      `project: ${'p'.repeat(1000)}\n`,
      'org: !!js/function "function(){}"\n',
      'org: *a\n',
      `${bomb}\norg: acme\n`,
      `# ${'x'.repeat(LIMITS.configFile)}\n`,
      `${'['.repeat(20_000)}\n`,
      Uint8Array.of(0xff, 0xfe, 0x00),
      new Uint8Array(2000).map((_, at) => at * 31),
    ]
    for (const [n, content] of contents.entries()) {
      const cwd = path.dirname(world.file(`${n}/.coffer.yaml`, content))
      const code = await refusalOf(
        client.call('secretGet', { context: { cwd, env: {} }, name: 'x' }),
      )
      assert.match(code, /^(format|limit)$/, String(content).slice(0, 40))
    }
    client.close()
    // As people see it, and in what is no file at all.
    const cwd = path.join(world.work, '3')
    assert.is(await codeOf(home.start(['get', 'x'], { cwd })), 'format')
    assert.is(await codeOf(home.start(['set', 'x', 'y'], { cwd })), 'format')
    assert.is(await codeOf(home.start(['run', '--', 'true'], { cwd })), 'format')
    const odd = path.join(world.work, 'odd')
    mkdirSync(path.join(odd, '.coffer.yaml'), { recursive: true })
    assert.is(await codeOf(home.start(['get', 'x'], { cwd: odd })), 'format')
    rmSync(path.join(odd, '.coffer.yaml'), { recursive: true })
    assert.is((await world.start(['mkfifo', `${odd}/.coffer.yaml`]).ended).code, 0)
    assert.is(await codeOf(home.start(['get', 'x'], { cwd: odd })), 'format')
    // One's own vault is there wherever one stands.
    assert.is(await home.ok(['ls', '/user/']), 'x\n')
    await home.stopDaemon()
  })
})

test.run()
