import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { fromHex, fromUtf8 } from '../../shared/bytes.js'
import { CofferError, hasCode } from '../../shared/errors.js'
import type { RelayKey } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { relayOf } from '../../shared/log/membership.js'
import { RIGHTS } from '../../shared/log/roles.js'
import type { Params, Result } from '../../shared/protocol/local.js'
import type { Warning } from '../../shared/protocol/local-common.js'
import { systemWords } from '../../shared/system-error.js'
import { parseRelayUrl } from '../sync/address.js'
import { addressOf } from './binding.js'
import { DIRECTORY_SPACE, encodeRecord } from './people/directory.js'
import { addLink } from './links.js'
import { ownRole, type Session } from './session.js'
import type { RelaySettings } from './settings.js'
import { syncAll } from './sync.js'
import type { Held } from './vaults.js'

/** How long `relay set` waits for the upload of what is there. It goes on afterwards by itself. */
const UPLOAD_WAIT = 60_000

export type Progress = (phase: string, done: number, total: number | null) => void

function isKey(text: string): text is RelayKey {
  return fromHex(text)?.length === 32
}

function relayKey(typed: string): RelayKey {
  const key = typed.trim().toLowerCase()
  if (isKey(key)) return key
  throw new CofferError('format', "the relay's key is 64 hex digits", {
    reason: 'relay-key',
    next: 'copy it from the line that the relay printed when it started',
  })
}

/** A small text file that the caller named. @throws CofferError `usage`, `limit`, `format` */
async function readText(path: string, max: number): Promise<string> {
  try {
    // A named pipe that nobody writes to would hold one of the few threads that open files.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const buffer = new Uint8Array(max + 1)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      if (bytesRead > max)
        throw new CofferError('limit', `${path} has more than ${max} bytes`, {
          reason: 'too-large',
        })
      const content = fromUtf8(buffer.subarray(0, bytesRead))
      if (content === undefined)
        throw new CofferError('format', `${path} is not UTF-8`, { reason: 'not-utf8' })
      return content
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof CofferError) throw error
    throw new CofferError('usage', `can't read ${path}: ${systemWords(error)}`, {
      reason: 'unreadable',
      next: 'name a file that you may read',
    })
  }
}

async function relaySettings(params: Params<'relaySet'>): Promise<RelaySettings> {
  const { href } = parseRelayUrl(params.url.trim())
  const url = href.replace(/\/$/, '')
  const key = relayKey(params.key)
  if (url.length > LIMITS.relayUrl) {
    throw new CofferError('limit', `the relay's URL is longer than ${LIMITS.relayUrl} characters`, {
      reason: 'too-large',
    })
  }
  const ca = params.ca === undefined ? undefined : await readText(params.ca, LIMITS.configFile)
  const { registrationFile: file } = params
  const token =
    file === undefined ? undefined : (await readText(file, 4 * LIMITS.registrationToken)).trim()
  if (token !== undefined && token.length > LIMITS.registrationToken) {
    throw new CofferError(
      'limit',
      `the registration token is longer than ${LIMITS.registrationToken} characters`,
      { reason: 'too-large' },
    )
  }
  return {
    url,
    key,
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { registration: token }),
  }
}

/** Refuses to leave vaults behind on another relay. */
function checkSame({ settings }: Session, key: RelayKey): void {
  const { relay } = settings.current
  if (relay === undefined || relay.key === key) return
  throw new CofferError('usage', `this home's vaults are on the relay ${relay.url}`, {
    reason: 'other-relay',
    next: 'give the key of that relay, whose URL may be another now',
  })
}

/** Speaks to the relay once, so that a mistyped URL or key changes nothing. */
async function probe({ sync, vaults }: Session, relay: RelaySettings): Promise<void> {
  const options = { timeout: LIMITS.linkTimeout, relay: addressOf(relay) }
  try {
    await sync.fetchChain(vaults.userVault, 0, options)
  } catch (error) {
    // It knows nothing of the vault yet, and has proven its key by saying so.
    if (!(error instanceof CofferError) || error.code !== 'not-found') throw error
  }
}

/**
 * Sets the home's relay, and brings every vault that has none to it.
 * @throws CofferError `unreachable`, `tampering` (another key), `relay-refused`, `usage`, `format`
 */
export async function setRelay(
  session: Session,
  params: Params<'relaySet'>,
  progress: Progress,
  signal: AbortSignal,
): Promise<Result<'relaySet'>> {
  const { sync, settings } = session
  const relay = await relaySettings(params)
  checkSame(session, relay.key)
  progress('connecting', 0, null)
  await probe(session, relay)
  settings.update({ relay })
  sync.setRelay(addressOf(relay))
  const uploaded = await adoptRelay(session)
  const warnings: Warning[] = []
  try {
    // The directories may name vaults that this device isn't let into yet: they hold nobody up.
    const options = { timeout: UPLOAD_WAIT, signal, onProgress: progress }
    warnings.push(...(await syncAll(session, options)).warnings)
  } catch (error) {
    if (!isPassing(error)) throw error
    warnings.push({ code: 'queued', message: 'not all is uploaded yet: it goes on by itself' })
  }
  return { url: relay.url, key: relay.key, uploaded, warnings }
}

function isPassing(error: unknown): boolean {
  return hasCode(error, 'timed-out', 'unreachable', 'cancelled')
}

/** Gives the home's relay to each open vault that has none and that this device manages; tells how many. */
export async function adoptRelay(session: Session): Promise<number> {
  const { relay } = session.settings.current
  if (relay === undefined) return 0
  let adopted = 0
  for (const held of session.vaults.all()) {
    if (await adoptOne(session, held, relay)) adopted++
    await nameRelay(session, held, relay)
  }
  return adopted
}

async function adoptOne(
  session: Session,
  { shell }: Held,
  { key }: RelaySettings,
): Promise<boolean> {
  if (shell === undefined) return false
  return addLink(session, shell, (replica) => {
    const role = ownRole(session, replica)
    const { membership } = replica
    if (role === undefined || membership === undefined || !RIGHTS[role].manages) return undefined
    return relayOf(membership) === undefined
      ? { action: { kind: 'relay', body: { relay: key } } }
      : undefined
  })
}

/** Writes the relay's URL into the directory entry of a vault that is on it. */
async function nameRelay(
  session: Session,
  { vaultId, record, shell }: Held,
  { url, key }: RelaySettings,
): Promise<void> {
  const { vaults } = session
  const membership = shell?.replica.membership
  if (record === undefined || membership === undefined || relayOf(membership) !== key) return
  if (record.url === url && record.relay === key) return
  const above = record.kind === 'org' ? vaults.user : vaults.opened(vaults.orgOf(vaultId)?.vaultId)
  const role = above && ownRole(session, above.replica)
  // A directory's entries count from those who manage it only.
  if (role === undefined || !RIGHTS[role].manages) return
  const value = encodeRecord({ ...record, url, relay: key })
  await above?.write((replica) =>
    replica.get(DIRECTORY_SPACE, vaultId) === undefined
      ? []
      : [{ space: DIRECTORY_SPACE, name: vaultId, value }],
  )
}
