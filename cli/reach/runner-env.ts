// The variables that make coffer act as a runner.

export const TOKEN_FILE = 'COFFER_TOKEN_FILE'
export const TOKEN = 'COFFER_TOKEN'
/** The file that a runner reads in the relay's place. */
export const BUNDLE_FILE = 'COFFER_BUNDLE'

/** Whether the variables say that coffer acts as a runner; an empty one counts as unset. */
export function isRunner(env: NodeJS.ProcessEnv): boolean {
  return [TOKEN_FILE, TOKEN, BUNDLE_FILE].some((name) => (env[name] ?? '') !== '')
}
