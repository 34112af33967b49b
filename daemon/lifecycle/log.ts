import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { systemCode } from '../../shared/system-error.js'

export type Level = 'info' | 'warn' | 'error'
export type Fields = { readonly [name: string]: string | number | boolean }

/**
 * The daemon's log. Events are fixed words and fields are codes, counts, ids and times: never a name, a value, a
 * label or a message, all of which may hold a secret.
 */
export type Log = {
  /** One line; `event` is a fixed word such as `started`. */
  event(level: Level, event: string, fields?: Fields): void
  /** An unexpected error: its class, code and stack frames, not its message. */
  failure(event: string, error: unknown): void
}

/** Log lines of JSON go to `write`, each with its newline. */
export function jsonLog(write: (line: string) => void, now: () => number): Log {
  const event = (level: Level, name: string, fields: Fields = {}): void => {
    write(
      `${JSON.stringify({ time: new Date(now()).toISOString(), level, event: name, ...fields })}\n`,
    )
  }
  return {
    event,
    failure: (name, error) => {
      event('error', name, describe(error))
    },
  }
}

function describe(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = systemCode(error)
  const system = code === undefined ? {} : { code }
  const coded =
    error instanceof CofferError && error.reason !== undefined ? { reason: error.reason } : {}
  // The message stands before the frames, and may hold lines that look like one.
  const { stack = '', message } = error
  const traced = stack.slice(stack.indexOf(message) + message.length)
  const frames = traced.split('\n').filter((line) => /^\s+at /.test(line))
  const at = frames.slice(0, 8).map((line) => line.trim().slice(3, 200))
  return { error: error.name, ...system, ...coded, at: at.join(' < ') }
}

/**
 * Appends to `path` (0600), moving it to `old` when it has grown over the cap. A full disk loses lines, nothing else.
 * The returned function appends one line.
 */
export function logFile(
  path: string,
  old: string,
  cap: number = LIMITS.logFile,
): (line: string) => void {
  let fd: number | undefined
  let size = 0
  const open = (): number => {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW
    const opened = openSync(path, flags, 0o600)
    size = fstatSync(opened).size
    return opened
  }
  return (line) => {
    try {
      fd ??= open()
      if (size > 0 && size + Buffer.byteLength(line) > cap) {
        closeSync(fd)
        fd = undefined
        renameSync(path, old)
        fd = open()
      }
      size += writeSync(fd, line)
    } catch {
      // There is nowhere to say it: the log is the place.
    }
  }
}
