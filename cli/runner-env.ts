// The variables that make coffer act as a runner.

export const TOKEN_FILE = 'COFFER_TOKEN_FILE'
export const TOKEN = 'COFFER_TOKEN'

/** Whether a token says that coffer acts as a runner; an empty variable counts as unset. */
export function isRunner(env: NodeJS.ProcessEnv): boolean {
  return (env[TOKEN_FILE] ?? '') !== '' || (env[TOKEN] ?? '') !== ''
}
