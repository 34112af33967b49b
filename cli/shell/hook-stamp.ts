import { writeFileSync } from 'node:fs'
import { HOME_FILES } from '../../shared/protocol/socket-path.js'
import { homeExists, homeOf } from '../reach/socket.js'

/** The file that tells shells with the hook to look again; it holds nothing but a random line. */
export function hookStamp(env: NodeJS.ProcessEnv): string {
  return `${homeOf(env)}/${HOME_FILES.hook}`
}

/** Has all shells with the hook look again at their next prompt. A home that can't be written has no such shells. */
export function touchHookStamp(env: NodeJS.ProcessEnv): void {
  try {
    if (!homeExists(homeOf(env))) return
    writeFileSync(hookStamp(env), `${crypto.randomUUID()}\n`, { mode: 0o600 })
  } catch {
    // They look when their folder or the file changes, as ever.
  }
}
