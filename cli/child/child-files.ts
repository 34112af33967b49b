import type { ChildProcess } from 'node:child_process'
import { endLike, forwardSignals, startChild, type Ending } from './child.js'
import type { SecretFiles } from './secret-files.js'

/**
 * Runs a command that reads secrets from files, and ends as it ends. The files are gone before this process is, however
 * the command or a signal ends it; only SIGKILL leaves them, for the next command that makes such files to take away.
 * @param make makes the files; signals are held from before that until the command has started
 * @param argv the command, which may name the files
 * @param own the variables that it inherits
 */
export async function runWithFiles(
  make: () => SecretFiles,
  argv: (files: SecretFiles) => readonly string[],
  environment: Readonly<Record<string, string>> = {},
  own: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const running: { child?: ChildProcess | undefined } = {}
  const stop = forwardSignals(() => running.child)
  let files: SecretFiles | undefined
  let ending: Ending
  try {
    files = make()
    const exec = { policy: 'override', argv: argv(files), environment } as const
    const { child, ended } = startChild(exec, { own })
    running.child = child
    ending = await ended
  } finally {
    files?.remove()
    stop()
  }
  endLike(ending)
}
