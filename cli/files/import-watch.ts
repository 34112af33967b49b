import { watch, type FSWatcher } from 'chokidar'
import { dirname } from 'node:path'
import { complaint } from '../../shared/complaint.js'
import { CofferError, ERROR_CODES } from '../../shared/errors.js'
import { known } from '../fail.js'
import { importFile, importSummary } from './import-file.js'
import type { Format } from '../interop/assignments.js'
import type { Session } from '../session.js'

/** A file that is still being written has changed within this many milliseconds. */
const SETTLE = 100

/**
 * Stores the file now and after each change, one transaction each, until SIGINT or SIGTERM. A mistake in the file is
 * said and waited out: the next save may mend it.
 * @throws CofferError what importFile throws the first time; `storage` when the folder can't be watched
 */
export async function watchImport(
  session: Session,
  file: string,
  format: Format | undefined,
): Promise<void> {
  const store = async (): Promise<void> => {
    const result = await importFile(session, { file, format, dryRun: false })
    if (session.json) session.show(result)
    else session.io.err(`coffer: imported: ${importSummary(result)}\n`)
  }
  const watcher = watchFile(session.path(file))
  try {
    // Watched before it is read: no save falls between.
    await readiness(watcher)
    let work = store()
    const again = (): void => {
      work = work.then(store).catch((error: unknown) => {
        session.io.err(complaint(known(error)))
      })
    }
    watcher.on('add', again).on('change', again)
    await work
    session.io.err('coffer: watching\n')
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve).once('SIGTERM', resolve)
    })
    await watcher.close()
    await work
  } finally {
    await watcher.close()
  }
  session.io.exit(ERROR_CODES.cancelled)
}

/** Watches its folder for it alone: a file that is removed and made anew stays watched. */
function watchFile(path: string): FSWatcher {
  const folder = dirname(path)
  return watch(folder, {
    depth: 0,
    ignored: (one) => one !== folder && one !== path,
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: SETTLE, pollInterval: SETTLE / 4 },
  })
}

function readiness(watcher: FSWatcher): Promise<void> {
  return new Promise((resolve, reject) => {
    watcher.once('ready', resolve)
    // Once it runs, a folder that can't be watched for a while is no reason to stop.
    watcher.on('error', (cause) => {
      reject(
        new CofferError('storage', "the file's folder can't be watched", {
          reason: 'watch',
          next: 'see whether the system allows more watches (fs.inotify.max_user_watches)',
          cause,
        }),
      )
    })
  })
}
