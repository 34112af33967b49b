import { closeSync, lstatSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { LIMITS } from '../../shared/limits.js'
import { HOME_FILES } from '../../shared/protocol/socket-path.js'
import { systemCode } from '../../shared/system-error.js'

// Who starts a daemon when many find none: `make -j20` shall not start twenty, of which nineteen end at the home's lock.
// The turn spares work and guards nothing; that is the lock's part. So whatever is odd about it counts as one's turn.

/** Gives the turn to the next. */
export type Turn = () => void

/**
 * Takes the turn to start the daemon of `home`; undefined while another process has it: look for the daemon again soon.
 * A turn ends with its process, or after LIMITS.startTurn. (SPEC section 10)
 */
export function takeTurn(home: string): Turn | undefined {
  const path = `${home}/${HOME_FILES.starting}`
  if (written(path)) return () => giveBack(path)
  if (isTaken(path)) return undefined
  if (!removed(path)) return () => undefined
  return written(path) ? () => giveBack(path) : undefined
}

const OWN = `${process.pid}\n`

/** True where nothing can be written, too: then the daemon says what is wrong. */
function written(path: string): boolean {
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o600)
  } catch (error) {
    return systemCode(error) !== 'EEXIST'
  }
  try {
    writeSync(fd, OWN)
  } catch {
    // A full disk: a file that says nothing would hold the others up.
    removed(path)
  } finally {
    closeSync(fd)
  }
  return true
}

function isTaken(path: string): boolean {
  try {
    const stat = lstatSync(path)
    if (!stat.isFile() || Math.abs(Date.now() - stat.mtimeMs) > LIMITS.startTurn) return false
    const pid = Number(read(path))
    // Not a number yet: it is being written.
    return !(Number.isSafeInteger(pid) && pid > 0) || isAlive(pid)
  } catch {
    return false
  }
}

function read(path: string): string {
  return lstatSync(path).size > LIMITS.homeFile ? '' : readFileSync(path, 'utf8')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

function giveBack(path: string): void {
  try {
    if (read(path) === OWN) unlinkSync(path)
  } catch {
    // It is another's by now, or gone.
  }
}

function removed(path: string): boolean {
  try {
    unlinkSync(path)
    return true
  } catch (error) {
    return systemCode(error) === 'ENOENT'
  }
}
