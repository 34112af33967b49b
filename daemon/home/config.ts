import { fromUtf8, utf8 } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import { integer, object, optional, type Infer } from '../../shared/protocol/schema.js'
import { readPrivate, writeAtomic } from './files.js'
import type { Home } from './home.js'

/** `config.json`: what a person may set by hand. Every field is optional; an unknown one is refused. */
export const configSchema = object({
  /** Minutes without use after which the daemon locks itself, up to a week; absent: never. */
  autoLock: optional(integer(1, 7 * 24 * 60)),
  /** Entries of a vault's log between two checkpoints, by which relays prune; absent: 50,000. */
  checkpointAfter: optional(integer(LIMITS.checkpointAfterMin, LIMITS.checkpointAfterMax)),
})
export type Config = Infer<typeof configSchema>

/** The home's configuration; all defaults when there is no file. @throws CofferError `format`, `limit`, `home`. */
export function readConfig(home: Home): Config {
  const path = home.file('config')
  const bytes = readPrivate(path, { maxBytes: LIMITS.configFile, uid: home.uid })
  if (bytes === undefined) return {}
  let value: unknown
  try {
    value = JSON.parse(fromUtf8(bytes) ?? '')
  } catch {
    throw new CofferError('format', `${path} is not JSON`, {
      reason: 'not-json',
      next: 'correct it, or remove it',
    })
  }
  return configSchema.check(value, path)
}

/** Replaces the configuration, atomically. */
export function writeConfig(home: Home, config: Config): void {
  writeAtomic(home.file('config'), utf8(`${JSON.stringify(config, null, 2)}\n`))
}
