import type { Key } from 'ink'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AppEvent } from '../model/event.js'
import { KeyReader } from './keys.js'

const NONE: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
}

const names = (events: readonly AppEvent[]): string[] =>
  events.map((one) =>
    one.kind === 'key' ? one.key.name : one.kind === 'paste' ? `paste:${one.text}` : one.kind,
  )

test('keys typed faster than they are read are single keys', () => {
  const keys = new KeyReader()
  assert.equal(names(keys.read('jk \x7f', NONE)), ['j', 'k', 'space', 'backspace'])
  assert.equal(names(keys.read('', { ...NONE, return: true })), ['enter'])
  assert.equal(names(keys.read('s', { ...NONE, ctrl: true })), ['ctrl-s'])
  assert.equal(names(keys.read('', { ...NONE, tab: true, shift: true })), ['shift-tab'])
})

test('what was pasted is text, whatever it holds, and comes at once', () => {
  const keys = new KeyReader()
  assert.equal(names(keys.read('[200~', NONE)), [])
  assert.equal(names(keys.read('dq\rL', NONE)), [])
  assert.equal(names(keys.read('', { ...NONE, return: true })), [])
  assert.equal(names(keys.read('end', NONE)), [])
  assert.equal(names(keys.read('[201~', NONE)), ['paste:dq\nL\nend'])
  assert.equal(names(keys.read('q', NONE)), ['q'])
})

test('a paste whose end never comes is left by ^C', () => {
  const keys = new KeyReader()
  keys.read('[200~', NONE)
  assert.equal(names(keys.read('lost', NONE)), [])
  assert.equal(names(keys.read('c', { ...NONE, ctrl: true })), ['ctrl-c'])
  assert.equal(names(keys.read('q', NONE)), ['q'])
})

test.run()
