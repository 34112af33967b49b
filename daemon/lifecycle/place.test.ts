import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parsePointer, pointerText } from '../../shared/protocol/socket-path.js'
import type { Home } from '../home/home.js'
import { inHome, until } from '../home/testing/home.js'
import { LocalServer } from '../rpc/server.js'
import { TestClient } from '../rpc/testing/client.js'
import { jsonLog, logFile } from './log.js'
import { namedSocket, Place } from './place.js'

const MARK = { version: '0.1.0', cut: undefined, offline: false }

async function inPlace(
  home: Home,
  use: (place: Place) => Promise<void>,
  gone: () => void = () => undefined,
): Promise<void> {
  if (!existsSync(home.file('lock'))) madeLock(home)
  const server = new LocalServer({
    answer: () => Promise.resolve({}),
    plain: () => Promise.reject(new Error('none')),
    log: jsonLog(() => undefined, Date.now),
  })
  const place = new Place(server, home, {}, MARK, 10)
  const failed = (error: unknown): never => {
    throw error
  }
  await place.open({ failed, gone })
  try {
    await use(place)
  } finally {
    await server.close(100)
    place.close()
  }
}

async function answers(path: string): Promise<void> {
  const client = await TestClient.connect(path)
  assert.equal(await client.call(1, 'anything'), {})
  client.socket.destroy()
}

test('a socket that somebody removed is bound and named again', () =>
  inHome((home) =>
    inPlace(home, async ({ socket = '' }) => {
      await answers(socket)
      for (const victim of [socket, dirname(socket)]) {
        rmSync(victim, { recursive: true })
        await until('it is there again', () => existsSync(socket))
        await until('it is ours', () => (lstatSync(socket).mode & 0o777) === 0o600)
        await answers(parsePointer(readFileSync(home.file('socket'), 'utf8'))?.socket ?? '')
      }
    }),
  ))

function madeLock(home: Home): string {
  const file = join(home.file('lock'), 'LOCK')
  mkdirSync(home.file('lock'), { recursive: true, mode: 0o700 })
  writeFileSync(file, '')
  return file
}

test('a home that was removed, or another at its path, is told once, and nothing is put there', () =>
  inHome(async (home) => {
    for (const again of [false, true]) {
      let told = 0
      const lock = openSync(madeLock(home), 'r')
      const use = async ({ socket = '' }: Place): Promise<void> => {
        rmSync(home.path, { recursive: true })
        if (again) madeLock(home)
        await until('it is noticed', () => told > 0)
        assert.not(existsSync(socket))
      }
      await inPlace(home, use, () => told++)
      assert.is(told, 1)
      closeSync(lock)
    }
  }))

test('a home that went before its socket was bound is gone', () =>
  inHome(async (home) => {
    let told = 0
    mkdirSync(home.file('lock'))
    await inPlace(
      home,
      () => until('it is noticed', () => told > 0),
      () => told++,
    )
    assert.is(told, 1)
  }))

test('what stands in its place is not connected to', () =>
  inHome((home) =>
    inPlace(home, async ({ socket = '' }) => {
      assert.is(namedSocket(home), socket)
      chmodSync(dirname(socket), 0o755)
      assert.is(namedSocket(home), undefined)
      await Promise.resolve()
    }),
  ))

test("a stale pointer at another's folder removes nothing there", () =>
  inHome(async (home) => {
    const folder = join(home.path, '../open')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    writeFileSync(join(folder, 'daemon.sock'), 'not ours to remove')
    writeFileSync(home.file('socket'), pointerText(`${folder}/daemon.sock`, MARK), { mode: 0o600 })
    await inPlace(home, () => Promise.resolve())
    assert.ok(existsSync(join(folder, 'daemon.sock')))
  }))

test('the log is private, turns over at its cap and keeps one older file', () =>
  inHome((home) => {
    const write = logFile(home.file('log'), home.file('oldLog'), 1000)
    const log = jsonLog(write, () => 0)
    for (let i = 0; i < 100; i++) log.event('info', 'tick', { i })
    const sizes = (['log', 'oldLog'] as const).map((name) => lstatSync(home.file(name)).size)
    for (const size of sizes) assert.ok(size > 0 && size <= 1000, String(size))
    assert.is(lstatSync(home.file('log')).mode & 0o777, 0o600)
    const last = readFileSync(home.file('log'), 'utf8').trim().split('\n').at(-1) ?? ''
    assert.equal(JSON.parse(last), {
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      event: 'tick',
      i: 99,
    })
  }))

test('a log that cannot be written is no reason to fail', () =>
  inHome((home) => {
    mkdirSync(home.file('log'))
    logFile(home.file('log'), home.file('oldLog'))('line\n')
  }))

test.run()
