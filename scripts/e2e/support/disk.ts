// A small real disk: a tmpfs of 16 MiB, mounted where no other process sees it.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'

const MARK = 'TEST_OWN_MOUNTS'

/**
 * Runs the test file at hand again in a mount namespace of its own, which ends with the last process in it, and ends
 * this process with its exit code. Returns true in that second process, false where mounting isn't permitted.
 */
export function inOwnMounts(): boolean {
  if (process.env[MARK] === '1') return true
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const unshare = ['--mount', '--propagation', 'private', ...user]
  const probe = ['/bin/mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt']
  if (spawnSync('unshare', [...unshare, ...probe], { stdio: 'ignore' }).status !== 0) return false
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const { status } = spawnSync('unshare', [...unshare, ...again], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  })
  process.exit(status ?? 1)
}

export class SmallDisk {
  readonly folder: string
  readonly #fillers: string[] = []

  /** Mounts 16 MiB on `folder`, which is made. */
  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', folder])
  }

  /** False while something is open for writing there: the kernel closes a killed process's files in its own time. */
  remount(mode: 'ro' | 'rw'): boolean {
    return spawnSync('/bin/mount', ['-o', `remount,${mode}`, this.folder]).status === 0
  }

  /** Takes `bytes` of its space, or every byte that is left. */
  fill(bytes = Infinity): void {
    const file = `${this.folder}/filler-${this.#fillers.length}`
    this.#fillers.push(file)
    const fd = openSync(file, 'w')
    let left = bytes
    for (const size of [2 ** 20, 4096, 1]) {
      try {
        for (; left >= size; left -= size) writeSync(fd, new Uint8Array(size))
      } catch {
        // Full for this size.
      }
    }
    closeSync(fd)
  }

  /** Gives back what `fill` took. */
  free(): void {
    for (const file of this.#fillers.splice(0)) rmSync(file)
  }

  close(): void {
    execFileSync('/bin/umount', ['--lazy', this.folder])
  }
}
