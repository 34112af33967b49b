// A failure as coffer's callers may rely on it: one line, a code of the table, that code's exit.
import * as assert from 'uvu/assert'
import { CofferError, ERROR_CODES, isErrorCode, type ErrorCode } from '../../../shared/errors.js'
import { type Running } from '../harness/program.js'

/** Waits for the end of a command that must fail as it should, and gives the code it named. */
export async function codeOf(running: Running): Promise<ErrorCode> {
  const { code: exit, out, err } = await running.ended
  const last = err.trimEnd().split('\n').at(-1) ?? ''
  const [, code = ''] = /^coffer: ([a-z-]+): ./.exec(last) ?? []
  if (!isErrorCode(code)) throw new Error(`no coded error: ${running.describe()}`)
  assert.is(exit, ERROR_CODES[code], running.describe())
  assert.is(out, '', `nothing on stdout: ${running.describe()}`)
  // Whatever a name or a file holds, no terminal obeys it.
  assert.not.match(err.replaceAll('\n', ''), /\p{Cc}/u, JSON.stringify(err))
  return code
}

/** The code with which a call was refused. */
export async function refusalOf(call: Promise<unknown>): Promise<ErrorCode> {
  try {
    await call
  } catch (error) {
    if (error instanceof CofferError) return error.code
    throw error
  }
  throw new Error('it was not refused')
}
