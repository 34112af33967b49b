import { lstat, mkdir, rename, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { VaultId } from '../../shared/ids.js'
import { CofferError } from '../../shared/errors.js'
import { systemCode } from '../../shared/system-error.js'
import { reasonOf } from './disk.js'
import { LevelStore } from './level.js'
import { syncDir } from './level-db.js'
import { SealedStore, type SealedOptions } from './sealed.js'
import { storageError } from './store.js'

/** Where a vault's database is: `<home>/vaults/<vaultId>`. */
export function vaultDir(home: string, vaultId: VaultId): string {
  return join(home, 'vaults', vaultId)
}

/**
 * Opens, or makes, the database of one vault under `home` (which exists); folders are 0700. Throws
 * `storage` (corrupt: `doctor` calls repairOrQuarantine) and `cannot-decrypt`.
 */
export async function openVaultStore<Name extends string>(
  home: string,
  options: SealedOptions<Name>,
): Promise<SealedStore<Name>> {
  const dir = vaultDir(home, options.vaultId)
  try {
    await makeFolder(join(home, 'vaults'))
    await finishReplacement(dir)
    await makeFolder(dir)
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    throw storageError(reasonOf(cause), `${dir} can't be opened`, cause)
  }
  const store = await LevelStore.open(dir)
  try {
    return await SealedStore.open(store, options)
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The vaults that have a database under `home`, in no order; other folders there are passed over. */
export async function listVaultDirs(home: string): Promise<readonly string[]> {
  try {
    const names = await readdir(join(home, 'vaults'))
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw storageError(reasonOf(error), `${home} can't be read`, error)
  }
}

/** A repair moves the damaged folder away before it moves the new one in: here after a crash between. */
export async function finishReplacement(dir: string): Promise<void> {
  if (await isFolder(dir)) return
  if (!(await isFolder(`${dir}.new`))) return
  await rename(`${dir}.new`, dir)
  await syncDir(join(dir, '..'))
}

async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return
  await mkdir(path, { mode: 0o700 })
  await syncDir(join(path, '..'))
}

/** Whether there is a folder; anything else in its place (a link too) is refused. */
async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await lstat(path)).isDirectory()) return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw error
  }
  throw storageError('corrupt', `${path} is not a folder`)
}
