import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { Buffer } from 'node:buffer'
import { resolve } from 'node:path'
import type { Socket } from 'node:net'
import { fromUtf8 } from '../../shared/bytes.js'
import { warningLine } from '../../shared/complaint.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { AS_RUNNER, BUNDLE, ENROLL, readEnrollLine } from '../../shared/protocol/runner-start.js'
import { systemWords } from '../../shared/system-error.js'
import { startForOne } from './daemon-spawn.js'
import { cutAnswer, type OpenAnswer } from '../hot.js'
import type { Io } from '../io.js'
import { hungUp, silent } from '../refusals.js'
import { BUNDLE_FILE, TOKEN, TOKEN_FILE } from './runner-env.js'
import { readDescriptor } from '../files/descriptor.js'

// Acting as a runner: the token is read here, and given to a process that lives for one command.

/**
 * The token that the variables give. COFFER_TOKEN is taken out of them: no child inherits it.
 * @throws CofferError `usage` for two, `home` (reason `file-mode`) for a file that others may read, `limit`
 */
export function takeToken({ env, err }: Io): string {
  const [value = '', file = ''] = [env[TOKEN], env[TOKEN_FILE]]
  delete env[TOKEN]
  if (value !== '' && file !== '') {
    throw new CofferError('usage', `${TOKEN} and ${TOKEN_FILE} are both set`, {
      reason: 'two-tokens',
      next: `unset ${TOKEN}`,
    })
  }
  if (file !== '') return readToken(file)
  if (value === '') throw noToken()
  const message = `${TOKEN} stands where other processes of yours can see it: prefer a file of mode 0600 and ${TOKEN_FILE}`
  err(warningLine({ code: 'token-variable', message }))
  return value
}

function noToken(): CofferError {
  return new CofferError('usage', 'a bundle is opened by the token of its runner', {
    reason: 'no-token',
    next: `set ${TOKEN_FILE} to the file of the token`,
  })
}

/** How the runner's process is told of a bundle: the one given, or the variable's. */
function bundleWords({ env, cwd }: Io, given: string | undefined): string[] {
  const file = given ?? env[BUNDLE_FILE] ?? ''
  return file === '' ? [] : [BUNDLE, resolve(cwd(), file)]
}

function readToken(path: string): string {
  let fd: number
  try {
    // A named pipe put there must not hold the command.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw new CofferError('usage', `can't read ${path}: ${systemWords(error)}`, {
      reason: 'unreadable',
      next: `name the runner's token file in ${TOKEN_FILE}`,
      cause: error,
    })
  }
  try {
    const stat = fstatSync(fd)
    const mine = [process.geteuid?.(), 0].includes(stat.uid)
    if (!stat.isFile() || !mine || (stat.mode & 0o077) !== 0) throw openToOthers(path)
    const bytes = readDescriptor(fd, LIMITS.tokenText)
    if (bytes.length > LIMITS.tokenText) throw new CofferError('limit', `${path} is too long`)
    return fromUtf8(new Uint8Array(bytes)) ?? ''
  } finally {
    closeSync(fd)
  }
}

function openToOthers(path: string): CofferError {
  return new CofferError('home', `${path} is not a file of yours that nobody else may read`, {
    reason: 'file-mode',
    next: `chmod 600 ${path}`,
  })
}

/**
 * Sends a plain request to a runner's process and reads its answer.
 * @param bundle the file that it reads in the relay's place, if not the variable's
 * @throws CofferError `internal`, `timed-out`
 */
export function exchangeAsRunner(io: Io, request: Buffer, bundle?: string): Promise<OpenAnswer> {
  const { child, peer } = startForOne(
    AS_RUNNER,
    takeToken(io),
    { env: io.env },
    bundleWords(io, bundle),
  )
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const close = (): void => {
      peer.destroy()
      child.kill()
    }
    const fail = (error: CofferError): void => {
      reject(error)
      close()
    }
    peer.setTimeout(LIMITS.plainAnswer, () => fail(silent()))
    peer.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const answer = cutAnswer(received)
      if (answer !== undefined) resolve({ ...answer, close })
    })
    peer.on('end', () => fail(hungUp()))
    peer.on('error', (error) => fail(hungUp(error)))
    child.on('error', (error) => fail(hungUp(error)))
    peer.write(request)
  })
}

/** A connection to a runner's process, which ends with it. It reads secrets, and refuses everything else. */
export function connectAsRunner(io: Io): Socket {
  const words = bundleWords(io, undefined)
  const { child, peer } = startForOne(AS_RUNNER, takeToken(io), { env: io.env }, words)
  peer.on('close', () => child.kill())
  return peer
}

/**
 * Answers a runner's invite: makes a key, shows the fingerprint, waits to be let in. Gives the token.
 * @throws CofferError what the enrolment says; `timed-out`
 */
export function enrollRunner(
  io: Io,
  code: string,
  timeout: number,
  show: (fingerprint: string) => void,
): Promise<string> {
  const { child, peer } = startForOne(ENROLL, code, { env: io.env })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail(notConfirmed()), timeout)
    const end = (): void => {
      clearTimeout(timer)
      peer.destroy()
      child.kill()
    }
    const fail = (error: CofferError): void => {
      end()
      reject(error)
    }
    let said = ''
    const take = (line: string): void => {
      const heard = readEnrollLine(line)
      if (heard.kind === 'fingerprint') return show(heard.text)
      if (heard.kind === 'error') return fail(heard.error)
      end()
      resolve(heard.text)
    }
    peer.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const lines = said.split('\n')
      said = lines.pop() ?? ''
      try {
        for (const line of lines) take(line)
      } catch (error) {
        fail(error instanceof CofferError ? error : hungUp(error))
      }
    })
    peer.on('end', () => fail(hungUp()))
    peer.on('error', (error) => fail(hungUp(error)))
  })
}

function notConfirmed(): CofferError {
  return new CofferError('timed-out', 'nobody has confirmed this runner yet', {
    reason: 'not-confirmed',
    next: 'enroll again: it shows another fingerprint then',
  })
}
