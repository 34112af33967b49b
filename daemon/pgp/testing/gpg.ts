import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Debian's gpg on the other side, in a keyring of its own below the test's folder.

export type Gpg = {
  readonly folder: string
  /** Runs gpg with `input` on stdin; gives its stdout. Throws when it fails. */
  readonly run: (args: readonly string[], input?: string | Uint8Array) => string
  /** Makes a key without a passphrase. `how`: as `--quick-gen-key` takes it. */
  readonly make: (user: string, how?: readonly string[]) => void
  readonly publicKey: (user: string) => string
  readonly privateKey: (user: string) => string
  readonly end: () => void
}

const QUIET = ['--batch', '--quiet', '--no-tty', '--pinentry-mode', 'loopback']

export function gpg(): Gpg {
  const folder = mkdtempSync(join(tmpdir(), 'gpg'))
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', GNUPGHOME: folder, LC_ALL: 'C.UTF-8' }
  const stdio: ['pipe', 'pipe', 'pipe'] = ['pipe', 'pipe', 'pipe']
  const run = (args: readonly string[], input: string | Uint8Array = ''): string =>
    execFileSync('gpg', [...QUIET, ...args], { env, input, stdio, encoding: 'utf8' })
  return {
    folder,
    run,
    make: (user, how = ['default', 'default', 'never']) => {
      run(['--passphrase', '', '--quick-gen-key', user, ...how])
    },
    publicKey: (user) => run(['--armor', '--export', user]),
    privateKey: (user) => run(['--armor', '--export-secret-keys', user]),
    end: () => {
      execFileSync('gpgconf', ['--kill', 'all'], { env, stdio })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
