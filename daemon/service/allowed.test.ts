import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { LIMITS } from '../../shared/limits.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import { refusedWith } from '../../shared/testing/refusal.js'
import { allowFile } from './allowed.js'
import { createOrg, createProject, selectProject } from './people/scopes.js'
import { secretEnvironment } from './secrets/environment.js'
import { setSecret } from './secrets/secrets-write.js'
import { context, Device } from './testing/device.js'
import { Net } from './testing/net.js'

await cryptoReady

const device = await Device.found({ net: new Net() })
const folder = mkdtempSync(join(tmpdir(), 'allowed-'))
test.after(async () => {
  await device.end()
  rmSync(folder, { recursive: true, force: true })
})
const { session } = device
const acme = context({ org: 'acme' })
await createOrg(session, { context: context(), name: 'acme' })
for (const name of ['prod', 'dev']) {
  await createProject(session, { context: acme, name })
  const at = context({ org: 'acme', project: name })
  for (const secret of ['A', 'B']) {
    await setSecret(session, { context: at, name: secret, value: 'eA==' })
  }
}

function repository(name: string, yaml: string): { cwd: string; write: (yaml: string) => void } {
  const cwd = join(folder, name)
  mkdirSync(cwd)
  const write = (text: string): void => {
    writeFileSync(join(cwd, '.coffer.yaml'), text)
  }
  write(yaml)
  return { cwd, write }
}

const never = new AbortController().signal
type More = Partial<Params<'secretEnvironment'>>
async function environment(cwd: string, more: More = {}): Promise<Result<'secretEnvironment'>> {
  return secretEnvironment(session, { context: { ...context(), cwd }, allow: [], ...more }, never)
}
const names = async (cwd: string, more: More = {}): Promise<string[]> =>
  (await environment(cwd, more)).variables.map(({ name }) => name)
const NOT_ALLOWED = ['refused', 'not-allowed']

test('attack 60: an allowed file counts while it is the very one, and no longer', async () => {
  const { cwd, write } = repository('pinned', 'org: acme\nproject: prod\n')
  const here = { ...context(), cwd }
  assert.equal(await refusedWith(() => names(cwd)), NOT_ALLOWED)
  const told = await allowFile(session, { context: here, revoke: false })
  assert.equal(told, {
    file: join(cwd, '.coffer.yaml'),
    was: false,
    org: 'acme',
    project: 'prod',
    env: [],
    files: [],
  })
  assert.equal(await names(cwd), ['A', 'B'])
  write('org: acme\nproject: prod # and nothing else\n')
  assert.equal(await refusedWith(() => names(cwd)), NOT_ALLOWED, 'changed')
  write('org: acme\nproject: prod\n')
  assert.equal(await names(cwd), ['A', 'B'], 'as it was')
  const copy = repository('copy', 'org: acme\nproject: prod\n')
  assert.equal(await refusedWith(() => names(copy.cwd)), NOT_ALLOWED, 'elsewhere')
  assert.is((await allowFile(session, { context: here, revoke: true })).was, true)
  assert.equal(await refusedWith(() => names(cwd)), NOT_ALLOWED, 'revoked')
})

test('attack 60: what a file maps is refused until it is allowed, in the selected project too', async () => {
  await selectProject(session, { context: acme, name: 'dev' })
  const { cwd, write } = repository('maps', 'only: [A]\nenv: {C: B}\nfiles: {etc/key: A}\n')
  assert.equal(await refusedWith(() => names(cwd)), NOT_ALLOWED)
  assert.equal(await names(cwd, { only: ['B'] }), ['B'], 'the caller chose')
  await allowFile(session, { context: { ...context(), cwd }, revoke: false })
  const { variables, files } = await environment(cwd)
  assert.equal(
    variables.map(({ name }) => name),
    ['A', 'C'],
  )
  assert.equal(files, [
    { path: join(cwd, 'etc/key'), below: cwd, reference: 'coffer://acme/dev/A' },
  ])
  assert.equal(await names(cwd, { only: ['B'] }), ['B'])
  const chosen = context({ org: 'acme', project: 'prod' })
  assert.equal(await names(cwd, { context: { ...chosen, cwd } }), ['A', 'B'], 'flags leave it out')
  write('env: {PATH: A}\n')
  await allowFile(session, { context: { ...context(), cwd }, revoke: false })
  assert.equal(await refusedWith(() => names(cwd)), ['refused', 'loader-variable'])
})

test('a caller whom nobody told a word gets what is allowed and nothing else', async () => {
  const { cwd } = repository('hook', '')
  assert.equal(await names(cwd), ['A', 'B'], 'the selected project')
  assert.equal(await refusedWith(() => names(cwd, { allowed: true })), NOT_ALLOWED)
  await allowFile(session, { context: { ...context(), cwd }, revoke: false })
  assert.equal(await names(cwd, { allowed: true }), ['A', 'B'])
  assert.equal(await refusedWith(() => names('/', { allowed: true })), ['not-found', 'no-file'])
})

test('what is remembered is bounded, and the oldest goes', async () => {
  const { cwd } = repository('many', '')
  const digest = new Uint8Array(32)
  const full = Array.from({ length: LIMITS.allowed }, (_, i) => ({ path: `/${i}`, digest }))
  session.settings.update({ allowed: full })
  await allowFile(session, { context: { ...context(), cwd }, revoke: false })
  const { allowed = [] } = session.settings.current
  assert.is(allowed.length, LIMITS.allowed)
  assert.is(allowed[0]?.path, '/1')
  assert.is(allowed.at(-1)?.path, join(cwd, '.coffer.yaml'))
})

test.run()
