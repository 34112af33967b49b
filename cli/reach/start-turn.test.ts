import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inWorld } from '../testing/daemon.js'
import { LIMITS } from '../../shared/limits.js'
import { takeTurn } from './start-turn.js'

const inHome = (check: (home: string, file: string) => void): Promise<void> =>
  inWorld((world) => {
    mkdirSync(world.home, { mode: 0o700 })
    check(world.home, join(world.home, 'starting'))
    return Promise.resolve()
  })

test('one has the turn until it gives it back', () =>
  inHome((home, file) => {
    const turn = takeTurn(home)
    assert.is(readFileSync(file, 'utf8'), `${process.pid}\n`)
    assert.is(takeTurn(home), undefined)
    turn?.()
    assert.not(existsSync(file))
    assert.ok(takeTurn(home))
  }))

test('the turn of the dead, and one that lasts too long or is from the future, is over', () =>
  inHome((home, file) => {
    const { pid } = spawnSync('true')
    writeFileSync(file, `${pid}\n`)
    const turn = takeTurn(home)
    assert.ok(turn)
    turn?.()
    for (const past of [LIMITS.startTurn + 1000, -LIMITS.startTurn - 1000]) {
      writeFileSync(file, `${process.ppid}\n`)
      assert.is(takeTurn(home), undefined)
      const at = new Date(Date.now() - past)
      utimesSync(file, at, at)
      takeTurn(home)?.()
      assert.not(existsSync(file))
    }
  }))

test('one that is being written is taken, and what another has written since stays', () =>
  inHome((home, file) => {
    writeFileSync(file, '')
    assert.is(takeTurn(home), undefined)
    rmSync(file)
    const turn = takeTurn(home)
    writeFileSync(file, `${process.ppid}\n`)
    turn?.()
    assert.ok(existsSync(file))
  }))

test('what is odd holds nobody up', () =>
  inHome((home, file) => {
    mkdirSync(file)
    const turn = takeTurn(home)
    assert.ok(turn)
    turn?.()
    assert.ok(existsSync(file))
    assert.ok(takeTurn(join(home, 'none')))
  }))

test.run()
