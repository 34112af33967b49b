import { Buffer } from 'node:buffer'
import { closeSync, openSync } from 'node:fs'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { systemCode, systemWords } from '../../shared/system-error.js'
import { readDescriptor } from './descriptor.js'
import { askHidden } from '../prompt.js'
import type { Session } from '../session.js'

// Where values and files of values come from, and how much of them is read.

export type ValueSources = {
  /** On the command line, if given. */
  readonly value: string | undefined
  readonly file: string | undefined
  readonly stdin: boolean
  readonly allowEmpty: boolean
}

/**
 * The value that a command shall store, byte for byte.
 * @throws CofferError `usage` for two sources or none, or an empty value that wasn't asked for; `limit`; `storage`
 */
export async function readValue(session: Session, sources: ValueSources): Promise<Uint8Array> {
  const { value, file, stdin, allowEmpty } = sources
  const given = [value !== undefined, file !== undefined, stdin].filter(Boolean).length
  if (given > 1) {
    throw new CofferError('usage', 'a value, --file and --stdin exclude each other', {
      reason: 'two-sources',
      next: 'give one of them',
    })
  }
  if (value !== undefined) return fromArgument(session, value)
  const bytes =
    file === undefined
      ? await readStandard(session, stdin, allowEmpty)
      : readPath(session.path(file), LIMITS.value)
  checkSize(bytes)
  if (bytes.length > 0 || allowEmpty) return bytes
  throw new CofferError('usage', 'the value is empty', {
    reason: 'empty-value',
    next: "say --allow-empty if that is meant, or give '' as the value",
  })
}

function fromArgument(session: Session, value: string): Uint8Array {
  if (session.io.errIsTerminal) {
    session.warn([
      {
        code: 'value-on-command-line',
        message:
          'shell history and the process list have seen this value; give it by a pipe or --file',
      },
    ])
  }
  const bytes = Buffer.from(value)
  checkSize(bytes)
  return bytes
}

async function readStandard(
  session: Session,
  asked: boolean,
  allowEmpty: boolean,
): Promise<Uint8Array> {
  const kind = session.io.inputKind()
  if (kind === 'data') return session.io.input(LIMITS.value)
  if (kind === 'terminal') {
    return asked ? session.io.input(LIMITS.value) : askHidden(session.io, 'secret value: ')
  }
  if (asked && allowEmpty) return new Uint8Array(0)
  throw new CofferError('usage', 'there is no value: stdin is closed or /dev/null', {
    reason: 'no-input',
    next: 'pipe the value in, or give --file FILE',
  })
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length <= LIMITS.value) return
  throw new CofferError('limit', `a value has at most ${LIMITS.value} bytes`, {
    reason: 'too-large',
  })
}

/** A file, or standard input for `-`, of at most `cap` bytes. @throws CofferError `usage`, `limit`, `storage`. */
export async function readInputFile(
  session: Session,
  typed: string,
  cap: number,
): Promise<Uint8Array> {
  if (typed !== '-') return capped(readPath(session.path(typed), cap), cap)
  if (session.io.inputKind() === 'nothing') {
    throw new CofferError('usage', 'stdin is closed or /dev/null', {
      reason: 'no-input',
      next: 'pipe the file in, or name it',
    })
  }
  return capped(await session.io.input(cap), cap)
}

function capped(bytes: Uint8Array, cap: number): Uint8Array {
  if (bytes.length <= cap) return bytes
  throw new CofferError('limit', `the file has more than ${cap} bytes`, {
    reason: 'too-large',
    next: 'split it',
  })
}

/** The file's bytes; reads at most one byte more than `cap`. @throws CofferError `storage`, `usage`. */
export function readPath(path: string, cap: number): Uint8Array {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw unreadable(path, error)
  }
  try {
    return readDescriptor(fd, cap)
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    closeSync(fd)
  }
}

function unreadable(path: string, error: unknown): CofferError {
  const ours = ['ENOENT', 'EACCES', 'EISDIR'].includes(systemCode(error) ?? '')
  return new CofferError(ours ? 'usage' : 'storage', `can't read ${path}: ${systemWords(error)}`, {
    reason: 'unreadable',
    next: 'name a file that you may read',
    cause: error,
  })
}
