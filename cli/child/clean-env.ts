/** What `run --clean-env` keeps of the caller's variables: where programs, files and people's language are found. */
export const KEPT_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'COLORTERM',
  'TMPDIR',
  'TZ',
  'LANG',
  'LANGUAGE',
  'LC_*',
] as const

/** Those of `env` that a clean environment keeps. @param more others to keep, though never coffer's own */
export function cleanEnvironment(
  env: NodeJS.ProcessEnv,
  more: readonly string[] = [],
): NodeJS.ProcessEnv {
  const kept = new Set<string>([...KEPT_VARIABLES, ...more])
  const entries = Object.entries(env).filter(
    ([name]) => (kept.has(name) || name.startsWith('LC_')) && !name.startsWith('COFFER_'),
  )
  return Object.fromEntries(entries)
}
