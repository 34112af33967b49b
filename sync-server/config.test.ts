import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../shared/errors.js'
import { isLoopback, parseConfig, type Config } from './config.js'
import { parseTokens } from './registration.js'

const BASE = ['--data', '/d', '--listen']

function parsed(...args: string[]): Config {
  const config = parseConfig(args)
  if (typeof config === 'string') throw new Error(config)
  return config
}

function refused(...args: string[]): string {
  try {
    parseConfig(args)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'usage') return error.message
    throw error
  }
  return assert.unreachable(`accepted: ${args.join(' ')}`) as never
}

test('defaults: open on loopback, token elsewhere and behind a proxy', () => {
  const local = parsed(...BASE, '127.0.0.1:0')
  assert.equal(
    [local.host, local.port, local.registration, local.quota, local.json],
    ['127.0.0.1', 0, 'open', 256 * 2 ** 20, false],
  )
  const tokens = ['--registration-file', 't']
  assert.is(parsed(...BASE, '[::1]:80', '--behind-proxy', ...tokens).registration, 'token')
  assert.is(parsed(...BASE, '127.0.0.1:80', ...tokens).registration, 'token')
  const tls = ['--tls-cert', 'c', '--tls-key', 'k']
  assert.is(parsed(...BASE, '0.0.0.0:443', ...tls, ...tokens).registration, 'token')
  assert.is(parsed(...BASE, '0.0.0.0:443', ...tls, '--registration', 'open').registration, 'open')
  assert.match(refused(...BASE, '0.0.0.0:443', ...tls), '--registration-file')
})

test('plain ws stays on loopback unless a proxy is named', () => {
  for (const host of ['0.0.0.0', '10.1.2.3', '[::]', 'relay.example', '127.evil.example']) {
    assert.match(refused(...BASE, `${host}:80`), 'plain ws')
  }
  assert.ok(parsed(...BASE, '0.0.0.0:80', '--behind-proxy', '--registration', 'closed'))
  assert.match(refused(...BASE, '127.0.0.1:80', '--tls-cert', 'c'), 'go together')
})

test('loopback', () => {
  for (const host of ['127.0.0.1', '127.8.9.10', '::1', 'localhost']) assert.ok(isLoopback(host))
  for (const host of ['::', '128.0.0.1', '127.0.0.1.evil', 'localhost.evil', '']) {
    assert.not(isLoopback(host))
  }
})

test('numbers, words and addresses are checked', () => {
  const ok = [...BASE, '127.0.0.1:1']
  assert.is(parsed(...ok, '--quota', '3G').quota, 3 * 2 ** 30)
  assert.is(parsed(...ok, '--quota', '70000').quota, 70_000)
  assert.equal(parsed(...ok, '--origin', 'wss://A.example', '--origin', 'ws://b:1').origins, [
    'wss://a.example:443',
    'ws://b:1',
  ])
  const wrong: string[][] = [
    ['--quota', '1'],
    ['--quota', '1T'],
    ['--quota', '-5'],
    ['--rate', '0'],
    ['--max-connections', '1e3'],
    ['--registration', 'maybe'],
    ['--log-level', 'loud'],
    ['--origin', 'https://relay.example'],
    ['--origin', 'wss://relay.example/path'],
    ['--unknown'],
    ['positional'],
  ]
  for (const args of wrong) refused(...ok, ...args)
  for (const listen of [
    '',
    '127.0.0.1',
    '127.0.0.1:',
    ':80',
    '127.0.0.1:99999',
    '[::1:80',
    'a b:1',
  ]) {
    refused(...BASE, listen)
  }
  refused('--listen', '127.0.0.1:1')
  assert.is(parseConfig(['--help']), 'help')
  assert.is(parseConfig(['--version']), 'version')
})

test('a registration file: a token a line', () => {
  assert.equal(parseTokens('# c\n a \n\nb\r\n#d'), ['a', 'b'])
})

test.run()
