import type { Key as InkKey } from 'ink'
import type { AppEvent } from '../model/event.js'
import { named, typed, type Key } from '../model/key.js'

// From what Ink reads of a terminal to key presses and pastes. Bracketed paste (the terminal marks what is pasted) keeps
// pasted text from being taken for commands.

const PASTE_STARTS = '[200~'
const PASTE_ENDS = '[201~'

const CONTROLS: { readonly [char: string]: string } = {
  '\r': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\x7f': 'backspace',
  '\x1b': 'esc',
}

/** Remembers whether a paste is under way. */
export class KeyReader {
  readonly #lineFeed: string
  #pasted: string | undefined

  /** @param lineFeed the key of that byte: a terminal's Enter sends another one */
  constructor(lineFeed: 'enter' | 'ctrl-j' = 'enter') {
    this.#lineFeed = lineFeed
  }

  /** What one piece of input means: several keys, when they were typed faster than they were read. */
  read(input: string, key: InkKey): readonly AppEvent[] {
    if (input === PASTE_STARTS) {
      this.#pasted = ''
      return []
    }
    if (this.#pasted !== undefined) return this.#paste(input, key)
    const name = nameOf(input, key)
    if (name !== undefined) return [{ kind: 'key', key: named(name) }]
    return Array.from(input, (char) => {
      const key = char === '\n' ? named(this.#lineFeed) : keyOf(char)
      return { kind: 'key', key } as const
    })
  }

  #paste(input: string, key: InkKey): readonly AppEvent[] {
    const pasted = this.#pasted ?? ''
    // Terminals take control characters out of what they mark as pasted: this one was pressed, as the end never came.
    if (key.ctrl && input === 'c') {
      this.#pasted = undefined
      return [{ kind: 'key', key: named('ctrl-c') }]
    }
    if (input === PASTE_ENDS) {
      this.#pasted = undefined
      return [{ kind: 'paste', text: pasted.replace(/\r\n?/g, '\n') }]
    }
    this.#pasted = pasted + (key.return ? '\n' : key.tab ? '\t' : input)
    return []
  }
}

function keyOf(char: string): Key {
  const name = CONTROLS[char]
  if (name !== undefined) return named(name)
  const code = char.charCodeAt(0)
  return code < 0x20 ? named(`ctrl-${String.fromCharCode(code + 0x60)}`) : typed(char)
}

/** The name of a key that types nothing; undefined for text. */
function nameOf(input: string, key: InkKey): string | undefined {
  const plain: readonly (readonly [boolean, string])[] = [
    [key.upArrow, 'up'],
    [key.downArrow, 'down'],
    [key.leftArrow, 'left'],
    [key.rightArrow, 'right'],
    [key.pageUp, 'page-up'],
    [key.pageDown, 'page-down'],
    [key.home, 'home'],
    [key.end, 'end'],
    [key.return, 'enter'],
    [key.tab, key.shift ? 'shift-tab' : 'tab'],
    [key.backspace, 'backspace'],
    // Ink tells the backspace key of most terminals from the delete key no more: it is the one that people mean.
    [key.delete, 'backspace'],
  ]
  const found = plain.find(([held]) => held)?.[1]
  if (found !== undefined) return found
  if (key.escape && input === '') return 'esc'
  if (key.ctrl && /^[a-z]$/.test(input)) return `ctrl-${input}`
  if (key.meta && input.length === 1) return `alt-${input}`
  return input === '' ? 'none' : undefined
}
