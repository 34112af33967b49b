import { fileURLToPath } from 'node:url'

/** The checkout's root, with a slash at its end; compiled files live in dist/scripts/tooling. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Prints one line on stdout. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Seconds since `started` (a `performance.now()` reading), with one decimal: `3.2`. */
export function seconds(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1)
}
