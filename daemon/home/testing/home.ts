import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareHome, type Home } from '../home.js'

/** Runs `use` in a fresh 0700 folder that is gone afterwards. */
export async function inFolder(use: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-test-'))
  chmodSync(folder, 0o700)
  try {
    await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs `use` in a prepared home of the caller's. */
export async function inHome(use: (home: Home) => Promise<void> | void): Promise<void> {
  await inFolder((folder) => use(prepareHome(join(folder, 'home'), process.geteuid?.() ?? 0)))
}

/** Waits until `holds` is true, looking every few milliseconds. @throws Error naming `what` after ten seconds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
