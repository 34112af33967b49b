import { watch } from 'chokidar'
import { complaint } from '../shared/complaint.js'
import { ERROR_CODES } from '../shared/errors.js'
import { known } from './fail.js'
import { importFile, importSummary } from './import-file.js'
import type { Format } from './interop/assignments.js'
import type { Session } from './session.js'

/** A file that is still being written has changed within this many milliseconds. */
const SETTLE = 100

/**
 * Stores the file now and after each change, one transaction each, until SIGINT or SIGTERM. A mistake in the file is
 * said and waited out: the next save may mend it.
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
  await store()
  let work = Promise.resolve()
  const again = (): void => {
    work = work.then(store).catch((error: unknown) => {
      session.io.err(complaint(known(error)))
    })
  }
  const watcher = watch(session.path(file), {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: SETTLE, pollInterval: SETTLE / 4 },
  })
  watcher.on('add', again).on('change', again)
  await new Promise<void>((resolve) => {
    watcher.once('ready', () => {
      session.io.err('coffer: watching\n')
    })
    process.once('SIGINT', resolve).once('SIGTERM', resolve)
  })
  await watcher.close()
  await work
  session.io.exit(ERROR_CODES.cancelled)
}
