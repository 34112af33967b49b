// System calls as `strace -f -yy -x -o FILE` writes them, in the order in which they began and ended.
import { existsSync, readFileSync } from 'node:fs'

export type SystemCall = {
  readonly pid: number
  readonly name: string
  /** Between the parentheses, descriptors with what they are: `23</tmp/x>, "…", 10`. */
  readonly args: string
  /** Lines of the trace where it began and where it ended; the same when nothing came between. */
  readonly begin: number
  readonly end: number
  readonly result: number
}

const WHOLE = /^(\d+) +(\w+)\(([^]*)\) += (-?\d+)/
const BEGUN = /^(\d+) +(\w+)\(([^]*?) ?<unfinished \.\.\.>$/
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>([^]*)\) += (-?\d+)/

/** The finished calls of a trace, by their ends. */
export function parseTrace(text: string): SystemCall[] {
  const calls: SystemCall[] = []
  const open = new Map<string, { name: string; args: string; begin: number }>()
  for (const [line, content] of text.split('\n').entries()) {
    const whole = WHOLE.exec(content)
    const begun = whole === null ? BEGUN.exec(content) : null
    const resumed = whole === null && begun === null ? RESUMED.exec(content) : null
    if (whole !== null) {
      const [, pid, name = '', args = '', result] = whole
      calls.push({
        pid: Number(pid),
        name,
        args,
        begin: line,
        end: line,
        result: Number(result),
      })
    } else if (begun !== null) {
      const [, pid = '', name = '', args = ''] = begun
      open.set(pid, { name, args, begin: line })
    } else if (resumed !== null) {
      const [, pid = '', , rest = '', result] = resumed
      const before = open.get(pid)
      open.delete(pid)
      if (before === undefined) continue
      const { name, args, begin } = before
      const call = { name, args: args + rest, begin, end: line, result: Number(result) }
      calls.push({ pid: Number(pid), ...call })
    }
  }
  return calls
}

export function readTrace(file: string): SystemCall[] {
  return existsSync(file) ? parseTrace(readFileSync(file, 'utf8')) : []
}

/** The path of the first argument's file, for files that are databases' logs. */
export function logOf(call: SystemCall): string | undefined {
  return /^\d+<(\/[^>]*\/\d{6}\.log)>/.exec(call.args)?.[1]
}

/** The bytes that a call reads or writes, as far as strace was told to print them, one character each. */
export function bytesOf(call: SystemCall): string {
  const args = call.args.replace(/^\d+<(?:(?:UNIX|TCP)[^\]]*\]|[^>]*)>/, '')
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, quoted = '']) =>
      quoted.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, char?: string) =>
        hex === undefined ? unescaped(char ?? '') : String.fromCharCode(parseInt(hex, 16)),
      ),
    )
    .join('')
}

const unescaped = (char: string): string => ({ n: '\n', t: '\t', r: '\r' })[char] ?? char

/**
 * The log files with bytes written before `line` that no completed fdatasync or fsync before `line` covers.
 * A sync covers what was written before it began.
 */
export function unsynced(calls: readonly SystemCall[], line: number): string[] {
  const dirty = new Map<string, number>()
  for (const call of calls.filter(({ end }) => end < line)) {
    const log = logOf(call)
    if (log === undefined) continue
    if (/^p?writev?(64)?$/.test(call.name)) dirty.set(log, call.end)
    const covers = /^f(data)?sync$/.test(call.name) && call.result === 0
    if (covers && (dirty.get(log) ?? Infinity) <= call.begin) dirty.delete(log)
  }
  return [...dirty.keys()]
}
