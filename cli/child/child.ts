import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { constants } from 'node:os'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { decodePlainAnswer, type PlainExec } from '../../shared/protocol/plain.js'
import { systemCode } from '../../shared/system-error.js'

// `run`'s child: as if the shell had started it in coffer's place.

/** Signals that somebody sends to coffer and means the child. */
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const
/** Signals that the terminal sends to the whole foreground group: the child has got them already. */
const IGNORED = ['SIGINT', 'SIGQUIT'] as const

/** How a child ended. */
export type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'failed'; readonly code: 126 | 127; readonly message: string }

/** The child's variables. A token for CI never reaches one. */
export function childEnvironment(exec: PlainExec, own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const env =
    exec.policy === 'preserve' ? { ...exec.environment, ...own } : { ...own, ...exec.environment }
  delete env['COFFER_TOKEN']
  return env
}

export type Started = {
  readonly child: ChildProcess | undefined
  /** Never rejects. */
  readonly ended: Promise<Ending>
}

/** Starts the command, with coffer's own variables, stdin, stdout and stderr unless told otherwise. */
export function startChild(
  exec: PlainExec,
  { own = process.env, stdio = 'inherit' }: { own?: NodeJS.ProcessEnv; stdio?: StdioOptions } = {},
): Started {
  const [file = '', ...args] = exec.argv
  let child: ChildProcess
  try {
    child = spawn(file, args, { stdio, env: childEnvironment(exec, own) })
  } catch (error) {
    return { child: undefined, ended: Promise.resolve(cannotStart(file, error)) }
  }
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(cannotStart(file, error))
    })
    child.once('exit', (code, signal) => {
      resolve(signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal })
    })
  })
  return { child, ended }
}

function cannotStart(file: string, error: unknown): Ending {
  const reason = systemCode(error) ?? 'unknown'
  const words: { readonly [code: string]: string } = {
    ENOENT: 'there is no such program',
    EACCES: 'it may not be executed',
    E2BIG: 'arguments and variables together are too large',
  }
  const shown = displayText(file)
  const message = `coffer: cannot-start: '${shown}': ${words[reason] ?? reason}\n`
  return { kind: 'failed', code: reason === 'ENOENT' ? 127 : 126, message }
}

/** Passes signals on to whatever child `current` names, until the returned function is called. */
export function forwardSignals(current: () => ChildProcess | undefined): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    current()?.kill(signal)
  }
  const ignore = (): void => undefined
  for (const signal of FORWARDED) process.on(signal, pass)
  for (const signal of IGNORED) process.on(signal, ignore)
  return () => {
    for (const signal of FORWARDED) process.off(signal, pass)
    for (const signal of IGNORED) process.off(signal, ignore)
  }
}

/** Ends this process as the child ended: its code, its signal (128+N as shells see it), or 126/127. */
export function endLike(ending: Ending): void {
  if (ending.kind === 'exit') {
    process.exitCode = ending.code
  } else if (ending.kind === 'failed') {
    process.stderr.write(ending.message)
    process.exitCode = ending.code
  } else {
    // A signal that Node ignores (SIGPIPE) doesn't end us: then the number says the same.
    process.exitCode = 128 + constants.signals[ending.signal]
    process.removeAllListeners(ending.signal)
    process.kill(process.pid, ending.signal)
  }
}

/**
 * Runs the command to its end and makes this process end alike.
 * @param own the variables that it inherits
 */
export async function runToEnd(
  exec: PlainExec,
  own: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const running: { child?: ChildProcess | undefined } = {}
  const stop = forwardSignals(() => running.child)
  const { child, ended } = startChild(exec, { own })
  running.child = child
  const ending = await ended
  stop()
  endLike(ending)
}

/**
 * Runs what a plain answer says, to its end.
 * @returns 'full' when it says that only the full program can
 * @throws CofferError `format`, `internal` when it says nothing
 */
export async function runAnswer(bytes: Uint8Array): Promise<'ran' | 'full'> {
  const { exec } = decodePlainAnswer(bytes)
  if (exec === undefined) {
    throw new CofferError('internal', 'the daemon answered run with nothing to run')
  }
  if (exec.policy === 'full') return 'full'
  await runToEnd(exec)
  return 'ran'
}
