import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { ReadStream } from 'node:tty'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Terminal } from './terminal.js'

const SCREEN = '\u001b[?1049'

/** A keyboard that tells each change of its mode. */
class Keyboard extends ReadStream {
  readonly #told: (mode: string) => void

  constructor(told: (mode: string) => void) {
    super(openSync('/dev/ptmx', 'r'))
    this.#told = told
  }

  override setRawMode(raw: boolean): this {
    this.#told(raw ? 'keys' : 'lines')
    return this
  }
}

/** What a terminal was told, in order: how to take what is typed, and which screen (h: the second, l: the first). */
function told(flags: 'r' | 'w', body: (terminal: Terminal) => void): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'coffer-terminal-'))
  const file = path.join(folder, 'output')
  writeFileSync(file, '')
  const output = openSync(file, flags)
  let order = ''
  let read = 0
  const drawn = (): void => {
    const [, ...screens] = readFileSync(file, 'utf8').slice(read).split(SCREEN)
    read = readFileSync(file).length
    order += screens.map((one) => ` ${one.charAt(0)}`).join('')
  }
  const input = new Keyboard((mode) => {
    drawn()
    order += ` ${mode}`
  })
  try {
    body(new Terminal({ input, output, size: () => ({ columns: 80, rows: 24 }) }, false))
    drawn()
  } finally {
    input.destroy()
    closeSync(output)
    rmSync(folder, { recursive: true })
  }
  return order.trimStart()
}

test('what is typed is taken key by key before the first thing is drawn, and until the last is erased', () => {
  const order = told('w', (terminal) => {
    terminal.enter()
    terminal.enter()
    terminal.leave()
    terminal.leave()
    terminal.enter()
  })
  assert.is(order, 'keys h l lines keys h')
})

test('a terminal that is gone is asked for nothing more', () => {
  const order = told('r', (terminal) => {
    terminal.enter()
    assert.ok(terminal.isGone)
    terminal.leave()
  })
  assert.is(order, 'keys')
})

test.run()
