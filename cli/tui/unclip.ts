import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs'
import { clearBy } from './shell/clipboard-programs.js'
import { digestOf, replacementOf, type EraserOrder } from './shell/eraser.js'
import { terminalFile, type TerminalFile } from './shell/osc52.js'

// The process behind a copied value: waits, takes it off the clipboard if it is still there, and ends. What it is told
// comes whole over stdin, from shell/eraser.ts of the same version; whoever dies before that was said copied nothing.

/** Looked at again and again: the timers of a machine that slept would let a value stay as much longer. */
const LOOK = 1000

function main(): void {
  const order = JSON.parse(readFileSync(0, 'utf8')) as EraserOrder
  const [started, wall] = [performance.now(), Date.now()]
  const left = (): number => order.ms - Math.max(performance.now() - started, Date.now() - wall)
  const look = (): void => {
    if (left() <= 0) end()
    else setTimeout(look, Math.min(LOOK, left()))
  }
  const end = (): void => {
    erase(order)
    process.exit(0)
  }
  // Ended by the system: too early is better than never.
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  // Only then is it copied. Who has ended by now copies nothing.
  writeSync(1, 'ready')
  look()
}

function erase(order: EraserOrder): void {
  const { salt, digest, erasing } = order
  const later = replacementOf(order)
  if (erasing.kind === 'terminal') {
    if (later === undefined) clearTerminal(erasing.file, erasing.sequence)
    return
  }
  // What a later copy put there, too, stays its time; what lies beneath another one goes.
  const isOurs = (content: Uint8Array): boolean =>
    digestOf(salt, content) === digest &&
    (later === undefined || digestOf(later.salt, content) !== later.digest)
  clearBy(erasing.name, isOurs, process.env)
}

/** Unseen by whoever works there now. A terminal that is gone, or another by the same name, is left alone. */
function clearTerminal({ path, changed }: TerminalFile, sequence: string): void {
  if (terminalFile(path).changed !== changed) return
  // Without NOCTTY it would become this process's own terminal.
  const { O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants
  const terminal = openSync(path, O_WRONLY | O_NOCTTY | O_NONBLOCK)
  writeSync(terminal, sequence)
  closeSync(terminal)
}

try {
  main()
} catch {
  // Nobody hears it: what can't be cleared ends here.
  process.exitCode = 1
}
