import { Buffer } from 'node:buffer'
import { fstatSync } from 'node:fs'
import { displayLines } from '../shared/display.js'

// A value is its bytes, to a file or pipe. On a terminal it may be a teammate's that would clear the screen, answer in
// the person's name or hide its end: there, what isn't visible is shown by its code.

const TOLD = Buffer.from(
  'coffer: warning: escaped: a terminal would obey parts of this; -n gives the bytes as they are\n',
)

export type Shown = { readonly stdout: Buffer; readonly stderr: Buffer }

/** An answer as it may be written; `exact`: bytes were asked for, whatever they are. */
export function shownOn(answer: Shown, exact: boolean, isTerminal: () => boolean): Shown {
  const { stdout, stderr } = answer
  if (exact || stdout.length === 0 || !isTerminal()) return answer
  const content = stdout.toString()
  const visible = displayLines(content)
  if (visible === content) return answer
  return { stdout: Buffer.from(visible), stderr: Buffer.concat([stderr, TOLD]) }
}

/** Whether stdout is a terminal, or something else (/dev/null) that stores nothing; `isTTY` would load half of Node. */
export function stdoutIsTerminal(): boolean {
  try {
    return fstatSync(1).isCharacterDevice()
  } catch {
    return false
  }
}
