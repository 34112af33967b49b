import { Buffer } from 'node:buffer'
import { complaint } from '../shared/complaint.js'
import { CofferError } from '../shared/errors.js'
import { exitOf } from '../shared/protocol/plain-argv.js'
import { writeAll } from './hot.js'

/** The CofferError that an exception is; a foreign one becomes `internal`, without its text. */
export function known(error: unknown): CofferError {
  if (error instanceof CofferError) return error
  return new CofferError('internal', 'coffer failed', {
    next: 'run coffer doctor',
    cause: error,
  })
}

/** Says what failed on stderr and takes its exit code as a command line has it. */
export function fail(error: unknown, argv: readonly string[]): void {
  const failure = known(error)
  process.exitCode = exitOf(failure, argv)
  writeAll(2, Buffer.from(complaint(failure)))
}
