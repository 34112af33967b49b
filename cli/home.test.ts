import { Buffer } from 'node:buffer'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { FakeDaemon } from './testing/fake-daemon.js'
import { runCli, type Outcome, type Surroundings } from './testing/fake-io.js'

const id = 'ab'.repeat(32)
let answersDevices = false
const status = {
  version: '0.1.0',
  pid: 7,
  startedAt: 0,
  home: '/home/me/.coffer',
  state: 'locked',
  opener: 'passphrase',
  autoLock: null,
  offline: false,
  device: null,
  user: null,
  selection: { org: null, project: null, orgFrom: 'nothing', projectFrom: 'nothing', file: null },
  relay: null,
  otherRelays: [],
  joining: false,
  recovery: null,
  vaults: [],
  todo: [],
  warnings: [],
} as const
const folder = mkdtempSync(join(tmpdir(), 'coffer-cli-'))

const daemon = await new FakeDaemon({
  status: () => status,
  unlock: () => ({ already: false, warnings: [] }),
  lock: () => ({ already: false }),
  passphraseChange: () => ({ warnings: [] }),
  relaySet: ({ url }) => ({ url, key: id, uploaded: 1, warnings: [] }),
  deviceAdd: ({ expires }) => ({ code: 'coffer-code', expiresAt: expires }),
  joinBegin: () => ({ fingerprint: 'abcd-efgh-ijkl-mnop', state: 'waiting', warnings: [] }),
  joinWait: ({ timeout }, { progress }) => {
    progress('receiving', 1, 2)
    return { deviceId: id, vaults: timeout, secrets: 5, warnings: [] }
  },
  sync: (_, { progress }) => {
    progress('sending', 3, null)
    return { vaults: 1, sent: 3, received: 0, warnings: [] }
  },
  doctor: () => ({
    checks: [
      { name: 'store', level: 'failure', message: 'broken', next: 'repair' },
      { name: 'clock', level: 'ok', message: 'fine' },
    ],
  }),
  orgList: (_, { raw }) => {
    raw('{"jsonrpc":"2.0","id":1,"result":{"orgs":"no list"}}\n')
    return { orgs: [] }
  },
  projectList: (_, { hangUp }) => {
    hangUp()
    return { org: 'o', projects: [] }
  },
  deviceList: (_, { raw }) => {
    if (!answersDevices) raw('not JSON\n')
    const device = { name: 'phone', addedAt: 0, self: false, recovery: false, seenAt: null }
    return { devices: [{ ...device, deviceId: id, doubled: true }] }
  },
}).start()

async function cli(line: string, more: Surroundings = {}): Promise<Outcome> {
  return runCli(line.split(' '), { env: { COFFER_HOME: daemon.home }, ...more })
}

function lastCall(): string {
  return JSON.stringify(daemon.calls.at(-1))
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A descriptor that gives `text`, for as long as `use` runs. */
async function withDescriptor<T>(text: string, use: (fd: number) => Promise<T>): Promise<T> {
  const path = join(folder, 'passphrase')
  writeFileSync(path, text)
  const fd = openSync(path, 'r')
  try {
    return await use(fd)
  } finally {
    closeSync(fd)
  }
}

test('unlock: descriptor, key file, prompt, or one line on which flag to give', async () => {
  const done = await withDescriptor('correct horse\n', (fd) => cli(`unlock --passphrase-fd ${fd}`))
  assert.is(done.code, 0, done.stderr)
  assert.match(lastCall(), base64('correct horse'))
  assert.is(`${done.stdout}${done.stderr}`, '')
  await cli('unlock --key-file key', { cwd: '/k' })
  assert.match(lastCall(), '"open":{"kind":"key-file","path":"/k/key"}')
  const typed = await cli('unlock', { typed: 'typed one\r' })
  assert.is(typed.code, 0)
  assert.match(lastCall(), base64('typed one'))
  assert.not.match(typed.stderr, 'typed')
  const none = await cli('unlock')
  assert.is(none.code, 2)
  assert.match(none.stderr, /--key-file FILE or --passphrase-fd N\n$/)
  assert.is((await withDescriptor('', (fd) => cli(`unlock --passphrase-fd ${fd}`))).code, 2)
  assert.is((await cli('unlock --passphrase-fd 987')).code, 2)
  assert.is((await cli('unlock --passphrase-fd x')).code, 2)
  assert.is((await cli('unlock --key-file a --passphrase-fd 3')).code, 2)
})

test('a new passphrase is typed twice alike', async () => {
  const same = await cli('passphrase change', { typed: 'old\rnew\rnew\r' })
  assert.is(same.code, 0, same.stderr)
  assert.match(lastCall(), base64('new'))
  const other = await cli('passphrase change', { typed: 'old\rnew\rnwe\r' })
  assert.is(other.code, 2)
  assert.match(other.stderr, 'differ')
})

test('a home that is there is said before a passphrase is asked for', async () => {
  const outcome = await cli('init', { typed: '' })
  assert.is(outcome.code, 28)
  assert.not.match(outcome.stderr, 'passphrase:')
})

test('join prints the fingerprint, then waits', async () => {
  const outcome = await cli('join CODE --timeout 2s')
  assert.is(outcome.code, 0, outcome.stderr)
  assert.is(outcome.stdout, 'fingerprint: abcd-efgh-ijkl-mnop\n')
  assert.is(outcome.stderr, '')
  assert.match(lastCall(), '"timeout":2000')
  const calls = daemon.calls.length
  assert.is((await cli('join CODE --no-wait')).code, 0)
  assert.equal(
    daemon.calls.slice(calls).map(({ method }) => method),
    ['joinBegin'],
  )
  const seen = await cli('join CODE', { terminal: true })
  assert.match(seen.stderr, 'receiving 1/2')
  assert.is((await cli('join CODE --timeout soon')).code, 2)
})

test('progress shows on a terminal and nowhere else', async () => {
  assert.is((await cli('sync')).stderr, '')
  assert.match((await cli('sync', { terminal: true })).stderr, '\r\x1b[2Ksending 3')
})

test('paths are absolute before they leave', async () => {
  await cli('relay set wss://r --relay-key 00 --ca ca.pem --registration-file t', { cwd: '/w' })
  assert.match(lastCall(), '"ca":"/w/ca.pem","registrationFile":"/w/t"')
  assert.is((await cli('relay set wss://r')).code, 2)
})

test('a device code lives as long as asked', async () => {
  assert.is((await cli('device add --expires 10m')).stdout, 'coffer-code\n')
  assert.match(lastCall(), '"expires":600000')
})

test('doctor reports and exits by what it found', async () => {
  const outcome = await cli('doctor')
  assert.is(outcome.code, 31)
  assert.match(outcome.stdout, /^FAILURE {2}store: broken\n {9}next: repair\nok {7}clock: fine\n$/)
})

test('a device of which a copy is at work is told of in a pipe, too', async () => {
  answersDevices = true
  const { stdout, stderr } = await cli('device ls')
  answersDevices = false
  assert.match(stdout, /not seen yet +phone/)
  assert.match(
    stderr,
    /^coffer: warning: equivocation: abab\w+ signed a number twice: .*device revoke abab/,
  )
})

test('a daemon that answers nonsense or hangs up is a coded error', async () => {
  assert.match((await cli('org ls')).stderr, /^coffer: format: /)
  assert.match((await cli('project ls')).stderr, /^coffer: internal: the daemon hung up/)
  assert.match((await cli('device ls')).stderr, /^coffer: format: /)
})

test('without a daemon status, help and stop start none and make no file', async () => {
  const home = join(folder, 'none')
  const env = { COFFER_HOME: home }
  const stopped = await runCli(['status', '--json'], { env })
  assert.equal(JSON.parse(stopped.stdout), { running: false, state: 'none', home })
  for (const line of [
    'status',
    'daemon status',
    'daemon stop',
    'daemon logs',
    '--help',
    'uninstall',
  ]) {
    await runCli(line.split(' '), { env })
  }
  assert.is((await runCli(['org', 'ls'], { env })).code, 33)
  assert.not(existsSync(home))
})

test('without a command: help, and 2', async () => {
  const outcome = await runCli([])
  assert.is(outcome.code, 2)
  assert.match(outcome.stderr, 'Usage')
  assert.match((await runCli(['--version'])).stdout, /^coffer \d+\.\d+\.\d+\n$/)
  assert.match((await runCli(['help', 'secret', 'set'])).stdout, 'coffer secret set')
  assert.match((await runCli(['secret', '--help'])).stdout, 'secret rollback')
  assert.is((await runCli(['--nonsense'])).code, 2)
})

test('colours: a terminal has them, NO_COLOR has not, CLICOLOR_FORCE insists', async () => {
  const red = '\x1b[31m'
  assert.ok((await runCli(['x'], { terminal: true })).stderr.startsWith(red))
  assert.not((await runCli(['x'])).stderr.startsWith(red))
  assert.not(
    (await runCli(['x'], { terminal: true, env: { NO_COLOR: '1' } })).stderr.startsWith(red),
  )
  assert.ok((await runCli(['x'], { env: { CLICOLOR_FORCE: '1' } })).stderr.startsWith(red))
})

test.after(async () => {
  await daemon.stop()
  rmSync(folder, { recursive: true })
})

test.run()
