import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import type { Context } from '../../shared/protocol/local-common.js'
import { createOrg, createProject, selectProject } from './people/scopes.js'
import { secretEnvironment } from './secrets/environment.js'
import { setSecret } from './secrets/secrets-write.js'
import { context, Device } from './testing/device.js'
import { Net } from './testing/net.js'
import { refusedWith } from '../../shared/testing/refusal.js'

// What a repository from somebody else may try.

await cryptoReady

const device = await Device.found({ net: new Net() })
const folder = mkdtempSync(join(tmpdir(), 'hostile-'))
test.after(async () => {
  await device.end()
  rmSync(folder, { recursive: true, force: true })
})
const { session } = device

/** A cloned repository with this `.coffer.yaml`. */
function repository(name: string, yaml: string): string {
  const cwd = join(folder, name)
  mkdirSync(cwd)
  writeFileSync(join(cwd, '.coffer.yaml'), yaml)
  return cwd
}

async function variables(where: Context, only?: string[]): Promise<string[]> {
  const asked = { context: where, allow: [], ...(only === undefined ? {} : { only }) }
  const result = await secretEnvironment(session, asked, new AbortController().signal)
  return result.variables.map(({ name }) => name)
}

await createOrg(session, { context: context(), name: 'acme' })
for (const name of ['prod', 'dev']) {
  await createProject(session, { context: context({ org: 'acme' }), name })
  const at = context({ org: 'acme', project: name })
  await setSecret(session, { context: at, name: `OF_${name}`, value: 'eA==' })
}
await setSecret(session, { context: context(), name: '/user/MINE', value: 'eA==' })

test("attack 60: a cloned repository's .coffer.yaml loads no secret into run", async () => {
  const cwd = repository('evil', 'org: acme\nproject: prod\n')
  const here = { ...context(), cwd }
  assert.equal(await refusedWith(() => variables(here)), ['refused', 'not-allowed'])
  assert.equal(await refusedWith(() => variables(here, ['OF_prod'])), ['refused', 'not-allowed'])
  assert.equal(await variables({ ...here, org: 'acme', project: 'dev' }), ['OF_dev'])
  assert.equal(await variables(here, ['coffer://acme/prod/OF_prod']), ['OF_prod'])
  assert.equal(await variables(here, ['/user/MINE']), ['MINE'])
  await selectProject(session, { context: context({ org: 'acme' }), name: 'dev' })
  assert.equal(
    await refusedWith(() => variables(here)),
    ['refused', 'not-allowed'],
    'prod, not dev',
  )
  const same = { ...context(), cwd: repository('same', 'org: acme\nproject: dev\n') }
  assert.equal(await variables(same), ['OF_dev'], 'a file that changes nothing does no harm')
  const half = { ...context(), cwd: repository('half', 'project: prod\n') }
  assert.equal(await refusedWith(() => variables(half)), ['refused', 'not-allowed'])
})

test('a .coffer.yaml nested beyond measure is malformed, and nothing worse', async () => {
  for (const [name, yaml] of [
    ['lists', '['.repeat(60_000)],
    ['maps', '{a: '.repeat(15_000)],
    ['dashes', '- '.repeat(30_000)],
    ['bomb', 'a: &a [x,x]\nb: &b [*a,*a]\norg: *b\n'],
  ] as const) {
    const here = { ...context(), cwd: repository(name, yaml) }
    assert.is((await refusedWith(() => variables(here)))[0], 'format', name)
  }
})

test.run()
