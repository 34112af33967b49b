import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../errors.js'
import {
  canonicalPath,
  fits,
  homePath,
  isPrivate,
  layoutText,
  layoutVersion,
  parsePointer,
  pointerText,
  socketPlan,
} from './socket-path.js'

const digest = '0123456789abcdef0123'

test('the home: COFFER_HOME, then XDG_DATA_HOME, then the usual place', () => {
  assert.is(homePath({ COFFER_HOME: '/a//b/', XDG_DATA_HOME: '/x' }, '/root'), '/a/b')
  assert.is(homePath({ COFFER_HOME: '', XDG_DATA_HOME: '/x/' }, '/root'), '/x/coffer')
  assert.is(homePath({}, '/home/ada'), '/home/ada/.local/share/coffer')
  for (const env of [{ COFFER_HOME: 'a/b' }, { XDG_DATA_HOME: './x' }, { COFFER_HOME: '/a\0b' }]) {
    try {
      homePath(env, '/root')
      assert.unreachable()
    } catch (error) {
      assert.is(error instanceof CofferError && error.code, 'home')
    }
  }
})

test('one home has one name, whether it is there or not', () => {
  const links = new Map([
    ['/', '/'],
    ['/tmp', '/private/tmp'],
  ])
  const real = (path: string): string | undefined => links.get(path)
  assert.is(canonicalPath('/tmp/a/b', real), '/private/tmp/a/b')
  assert.is(canonicalPath('/x/y', real), '/x/y')
  assert.is(canonicalPath('/', real), '/')
})

test('the socket stands in the runtime directory, else in the home, and never under a path that the kernel cuts', () => {
  assert.equal(socketPlan({ XDG_RUNTIME_DIR: '/run/user/7' }, '/h', digest), {
    kind: 'folder',
    folder: '/run/user/7/coffer-0123456789abcdef',
  })
  assert.equal(socketPlan({}, '/h', digest), { kind: 'folder', folder: '/h/run' })
  assert.equal(socketPlan({ XDG_RUNTIME_DIR: 'run' }, '/h', digest), {
    kind: 'folder',
    folder: '/h/run',
  })
  // '/run/daemon.sock' has 16 bytes: the longest home has 87.
  const longest = `/${'h'.repeat(86)}`
  assert.equal(socketPlan({}, longest, digest), { kind: 'folder', folder: `${longest}/run` })
  assert.equal(socketPlan({}, `${longest}h`, digest), { kind: 'temporary', below: ['/tmp'] })
  assert.equal(socketPlan({ TMPDIR: '/t' }, `${longest}h`, digest), {
    kind: 'temporary',
    below: ['/t', '/tmp'],
  })
  // 103 bytes, not characters.
  assert.ok(fits('/'.padEnd(103, 'a')))
  assert.not(fits('/'.padEnd(104, 'a')))
  assert.not(fits('/'.padEnd(60, 'ä')))
})

test('a pointer names a socket or nothing', () => {
  const marks = [
    { version: '0.1.0', cut: undefined, offline: false },
    { version: '1.2.3-rc.1', cut: 'net:[4026531840]', offline: true },
  ]
  for (const mark of marks) {
    assert.equal(parsePointer(pointerText('/h/run/daemon.sock', mark)), {
      socket: '/h/run/daemon.sock',
      folder: '/h/run',
      mark,
    })
  }
  const end = '\n0.1.0 - online\n'
  for (const text of [
    '',
    '\n',
    '/h/run/daemon.sock',
    '/h/run/daemon.sock\n',
    `/h/run/other.sock${end}`,
    `run/daemon.sock${end}`,
    `/daemon.sock${end}`,
    `/h/run/daemon.sock${end}\n`,
    '/h/run/daemon.sock\n0.1.0 - maybe\n',
    `/${'a'.repeat(100)}/daemon.sock${end}`,
  ]) {
    assert.is(parsePointer(text), undefined, text)
  }
})

test('a layout names its version, strictly', () => {
  assert.is(layoutVersion(layoutText(7)), 7)
  for (const text of ['', 'coffer-home 1', 'coffer-home 01\n', 'coffer-home 1\nmore', 'home 1\n']) {
    assert.is(layoutVersion(text), undefined)
  }
})

test('private is: mine, and nothing for others', () => {
  assert.ok(isPrivate({ uid: 5, mode: 0o40700 }, 5))
  assert.not(isPrivate({ uid: 6, mode: 0o40700 }, 5))
  for (const mode of [0o40750, 0o40701, 0o100604, 0o100620]) {
    assert.not(isPrivate({ uid: 5, mode }, 5))
  }
})

test.run()
