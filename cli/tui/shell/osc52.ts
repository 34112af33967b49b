import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'

// The clipboard of the terminal itself (xterm's control sequence OSC 52): it reaches the person's own machine through
// ssh. It can be written, and read by nobody whom the terminal's owner doesn't trust a good deal more than us.

/** Base64 digits that every terminal with OSC 52 takes; xterm ends a sequence at 100,000 bytes. */
export const OSC52_LIMIT = 74_994

/** GNU screen passes on strings of fewer than 768 bytes. */
const SCREEN_PIECE = 240

/** Puts text (base64) on the terminal's clipboard; nothing clears it. */
export function osc52(base64: string, { TMUX: tmux, STY: screen }: NodeJS.ProcessEnv): string {
  const sequence = `\x1b]52;c;${base64}\x07`
  if ((tmux ?? '') !== '') return `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}\x1b\\`
  if ((screen ?? '') === '') return sequence
  let out = ''
  for (let at = 0; at < sequence.length; at += SCREEN_PIECE) {
    out += `\x1bP${sequence.slice(at, at + SCREEN_PIECE)}\x1b\\`
  }
  return out
}

/** A terminal by its file, told from another one that may have the same file later. */
export type TerminalFile = { readonly path: string; readonly changed: number }

/** The terminal that this process was started on; undefined where it has none or its file isn't there. */
export function controllingTerminal(): TerminalFile | undefined {
  try {
    return terminalFile(process.platform === 'linux' ? ownOnLinux() : ownByPs())
  } catch {
    return undefined
  }
}

/** @throws when it isn't there */
export function terminalFile(path: string): TerminalFile {
  const stat = statSync(path)
  if (!stat.isCharacterDevice()) throw new TypeError('no terminal')
  // What is written to a terminal changes no inode there; elsewhere that isn't sure.
  return { path, changed: process.platform === 'linux' ? stat.ctimeMs : stat.ino }
}

/** Majors of pseudo terminals, and how many of them there are with each. */
const PTS_MAJOR = 136
const PTS_EACH = 256

function ownOnLinux(): string {
  const stat = readFileSync('/proc/self/stat', 'latin1')
  // The program's name may hold blanks and brackets; behind the last one the fields are plain.
  const device = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4])
  const major = (device >> 8) & 0xfff
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00)
  return `/dev/pts/${(major - PTS_MAJOR) * PTS_EACH + minor}`
}

function ownByPs(): string {
  const said = execFileSync('ps', ['-o', 'tty=', '-p', String(process.pid)], { encoding: 'utf8' })
  return `/dev/${said.trim()}`
}
