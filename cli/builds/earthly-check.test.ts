import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../../shared/errors.js'
import { FakeDaemon } from '../testing/fake-daemon.js'
import { runCli, type Outcome } from '../testing/fake-io.js'

const id = 'ab'.repeat(32)
const folder = mkdtempSync(join(tmpdir(), 'coffer-earthly-'))
let loading = false

const daemon = await new FakeDaemon({
  secretList: ({ context: { org, project, env }, prefix }) => {
    if (org === 'locked') throw new CofferError('locked', 'the home is locked')
    if (org === 'gone')
      throw new CofferError('not-found', "there is no org 'gone'", { reason: 'no-org' })
    assert.is(env.EARTHLY_ORG, undefined)
    const names = prefix === '/user' ? ['mine'] : [`of-${project ?? 'nothing'}`, 'SEALED']
    const secrets = names.map((name) => ({
      name,
      version: { id, number: 1 },
      at: 0,
      author: { deviceId: id, self: true },
      conflict: false,
      queued: false,
      ...(name === 'SEALED' ? { sealed: true } : {}),
    }))
    return { vault: { vaultId: id, kind: 'user' }, loading, secrets, warnings: [] }
  },
}).start()

/** Checks an Earthfile of this project that asks for these. */
function check(project: string, asks: string): Promise<Outcome> {
  writeFileSync(join(folder, 'Earthfile'), `VERSION 0.8\nPROJECT ${project}\nRUN ${asks} cmd\n`)
  return runCli(['earthly', 'check'], { env: { COFFER_HOME: daemon.home }, cwd: folder })
}

test('there, missing, unresolved, wrong, and what the exit says of them', async () => {
  const table: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'acme/web',
      '--secret A=of-web',
      0,
      /^there +coffer:\/\/acme\/web\/of-web +Earthfile:3 +\+base\n$/,
    ],
    ['acme/web', '--secret A=/acme/api/of-api', 0, /^there +coffer:\/\/acme\/api\/of-api /],
    ['acme/web', '--secret A=/other/api/x', 20, /^missing +coffer:\/\/acme\/web\/other\/api\/x /],
    [
      'acme/web',
      '--secret A=user/mine --secret B=/user/no',
      20,
      /^there +\/user\/mine .*\nmissing +\/user\/no /,
    ],
    ['acme/web', '--secret SEALED', 0, /^there +\S+ .*\(sealed: /],
    ['acme/web', '--secret A=$B', 0, /^unresolved +A=\$B .*the ARG B/],
    ['acme/web', '--secret a-b', 32, /^wrong +a-b /],
    ['acme/web', '--secret a-b --secret NO', 20, /^wrong .*\nmissing /],
    ['acme/web', '--secret A= --secret B=aws:x', 0, /^$/],
    ['gone/web', '--secret A', 20, /^missing .*\(there is no org 'gone'\)/],
    ['locked/web', '--secret A', 21, /^$/],
  ]
  for (const [project, asks, code, stdout] of table) {
    const outcome = await check(project, asks)
    assert.is(outcome.code, code, `${asks}: ${outcome.stderr}`)
    assert.match(outcome.stdout, stdout, asks)
  }
})

test('what is still loading is not missing', async () => {
  loading = true
  assert.is((await check('acme/web', '--secret A=of-web')).code, 0)
  const outcome = await check('acme/web', '--secret NO')
  assert.is(outcome.code, 24)
  assert.match(outcome.stderr, /^coffer: stale: .*still loading/)
  loading = false
})

test('what somebody else put in the place of an Earthfile ends the command', async () => {
  mkdirSync(join(folder, 'big'))
  writeFileSync(join(folder, 'big/Earthfile'), 'x'.repeat(1024 * 1024 + 1))
  const at = (path: string): Promise<Outcome> =>
    runCli(['earthly', 'check', path], { env: { COFFER_HOME: daemon.home }, cwd: folder })
  assert.is((await at('big')).code, 32)
  assert.is((await at('/dev/zero')).code, 2)
  writeFileSync(join(folder, 'bytes'), Buffer.of(0xff))
  assert.is((await at('bytes')).code, 32)
  writeFileSync(join(folder, 'Earthfile'), 'VERSION 0.8\nBUILD ./big+t\nBUILD .+t\n')
  const led = await at('.')
  assert.is(led.code, 0)
  assert.match(led.stdout, /^unresolved +\.\/big +Earthfile .*more than 1048576 bytes/)
})

test.after(async () => {
  await daemon.stop()
  rmSync(folder, { recursive: true, force: true })
})
test.run()
