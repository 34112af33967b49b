// What the system tells a program that has the terminal.

export type SignalHandlers = {
  readonly resized: () => void
  readonly suspended: () => void
  readonly continued: () => void
  readonly ended: (code: number) => void
  readonly crashed: (error: unknown) => void
}

/** Exit codes of a program that a signal ended, as shells see them. */
const ENDS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const

/** SIGINT and SIGQUIT: what a terminal sends to everybody on it. */
export const TYPED: readonly number[] = [ENDS.SIGINT, ENDS.SIGQUIT]

/** Listens until the returned function is called. */
export function onSignals(handlers: SignalHandlers): () => void {
  const all: [string, (...args: unknown[]) => void][] = [
    ['SIGWINCH', handlers.resized],
    ['SIGTSTP', handlers.suspended],
    ['SIGCONT', handlers.continued],
    ['uncaughtException', handlers.crashed],
    ['unhandledRejection', handlers.crashed],
    ...Object.entries(ENDS).map(([signal, code]): [string, () => void] => [
      signal,
      () => {
        handlers.ended(code)
      },
    ]),
  ]
  for (const [name, hear] of all) process.on(name, hear)
  return () => {
    for (const [name, hear] of all) process.off(name, hear)
  }
}
