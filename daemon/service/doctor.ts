import { decode } from '../../shared/codec.js'
import { CofferError } from '../../shared/errors.js'
import type { Bytes } from '../../shared/bytes.js'
import type { VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { changeRecordCodec, TABLES, type Op, type Table } from '../core/vault/records.js'
import { checkHome, type Check } from '../lifecycle/doctor.js'
import type { Home } from '../home/home.js'
import { repairOrQuarantine, type Repair } from '../store/doctor.js'
import { vaultDir } from '../store/open.js'
import type { VaultStore } from '../vault/vault-store.js'
import { otherRelaysOf, relayStateOf } from './trust/announce.js'
import { refOf } from './place.js'
import type { Progress } from './relay.js'
import type { Session } from './session.js'
import type { Held } from './vaults.js'

/** How long `doctor --repair` waits for what it fetches again; it goes on afterwards by itself. */
const REFETCH_WAIT = 60_000

/** What the relay doesn't have: goes over into a rebuilt database, everything else is fetched again. */
const OWN: readonly Table[] = ['draft', 'draftValue', 'change', 'outbox', 'alarm', 'witness']
/** First bytes of their database keys, and of the record that names the layout. */
const OWN_BYTES = new Set([0, ...OWN.map((table) => TABLES[table].byte.charCodeAt(0))])

function shownName(session: Session, vaultId: VaultId): string {
  const ref = refOf(session, vaultId)
  if (ref === undefined || ref.kind === 'user') return 'your own vault'
  return ref.project === undefined
    ? `org ${ref.org ?? ''}`
    : `project ${ref.org ?? ''}/${ref.project}`
}

function failureText(error: unknown): string {
  return error instanceof CofferError ? error.message : 'it failed unexpectedly'
}

/** Whether the vault's records can be fetched from a relay again. */
function hasRelay({ settings, vaults }: Session, { vaultId, record }: Held): boolean {
  if (record?.url !== undefined) return true
  return vaultId === vaults.userVault && settings.current.relay !== undefined
}

/** Everything that can be looked at, and with `repair` mended. */
export async function examine(
  home: Home,
  now: () => number,
  session: Session | undefined,
  repair: boolean,
  progress: Progress,
): Promise<readonly Check[]> {
  const newestKnown = session === undefined ? 0 : newest(session)
  const checks: Check[] = [...checkHome({ home, now, newestKnown })]
  if (session === undefined) {
    const message = 'the vaults were not looked at: the home is locked'
    return [...checks, { name: 'store', level: 'warning', message, next: 'run coffer unlock' }]
  }
  // A directory that was mended may name vaults that nobody knew of before.
  const seen = new Set<VaultId>()
  const unseen = (): Held | undefined =>
    session.vaults.all().find(({ vaultId }) => !seen.has(vaultId))
  for (let held = unseen(); held !== undefined; held = unseen()) {
    progress(repair ? 'repairing' : 'verifying', seen.size, session.vaults.all().length)
    seen.add(held.vaultId)
    checks.push(await examineVault(session, held, repair))
    if (repair) await session.vaults.discover()
  }
  return [...checks, ...relayChecks(session), ...alarms(session)]
}

function newest({ vaults }: Session): number {
  const times = vaults.all().map(({ shell }) => shell?.replica.latestClock ?? 0)
  return Math.max(0, ...times)
}

async function examineVault(session: Session, held: Held, repair: boolean): Promise<Check> {
  const what = shownName(session, held.vaultId)
  try {
    const unopened = (await held.shell?.damaged()) ?? []
    const broken = held.failure ?? (unopened.length > 0 ? true : undefined)
    if (broken === undefined) return { name: 'store', level: 'ok', message: `${what} is sound` }
    if (!repair) {
      const message =
        unopened.length > 0
          ? `${unopened.length} records of ${what} don't open`
          : `${what} can't be opened: ${failureText(held.failure)}`
      return { name: 'store', level: 'failure', message, next: 'run coffer doctor --repair' }
    }
    return await repairVault(session, held, what, unopened)
  } catch (error) {
    const next = error instanceof CofferError ? error.next : undefined
    return {
      name: 'store',
      level: 'failure',
      message: `${what}: ${failureText(error)}`,
      ...(next === undefined ? {} : { next }),
    }
  }
}

async function repairVault(
  session: Session,
  held: Held,
  what: string,
  unopened: readonly Bytes[],
): Promise<Check> {
  const { vaults, home, loading } = session
  const { vaultId } = held
  const fetch = hasRelay(session, held)
  const keep = (key: Bytes): boolean => !fetch || OWN_BYTES.has(key[0] ?? 0)
  await vaults.release(vaultId)
  let repair: Repair
  try {
    repair = await repairOrQuarantine(vaultDir(home.path, vaultId), keep, unopened)
    if (repair.outcome === 'rebuilt' && fetch) {
      loading.begin(vaultId)
      await vaults.edit(vaultId, dropSealed)
    }
  } finally {
    await vaults.reopen(vaultId, held.record)
  }
  const after = vaults.all().find((one) => one.vaultId === vaultId)
  if (after?.failure !== undefined) {
    const message = `${what} can't be mended: ${failureText(after.failure)}`
    const next = 'join again from another device, or bring the home back from a backup'
    return { name: 'store', level: 'failure', message, next }
  }
  return repaired(session, vaultId, what, repair, fetch)
}

/** Of the changes only drafts stay: what was sealed comes again, with its values. */
async function dropSealed(store: VaultStore): Promise<void> {
  const ops: Op[] = []
  for await (const { table, key, value } of store.rows(['change'])) {
    const { place } = decode(changeRecordCodec, value, 'a change record', LIMITS.storeValue)
    if (place !== undefined) ops.push({ table, key, value: undefined })
  }
  await store.batch(ops)
}

async function repaired(
  session: Session,
  vaultId: VaultId,
  what: string,
  repair: Repair,
  fetch: boolean,
): Promise<Check> {
  if (repair.outcome === 'sound') return { name: 'store', level: 'ok', message: `${what} is sound` }
  const aside = `the damaged files are in ${repair.aside}`
  if (!fetch) {
    const message = `${what} was mended as far as it could be read, and has no relay; ${aside}`
    return { name: 'store', level: 'warning', message, next: 'see with coffer ls what is left' }
  }
  try {
    await session.sync.barrier([vaultId], { timeout: REFETCH_WAIT })
    return { name: 'store', level: 'ok', message: `${what} came back from the relay; ${aside}` }
  } catch (error) {
    const message = `${what} waits for the relay to come back whole (${failureText(error)}); ${aside}`
    return { name: 'store', level: 'warning', message, next: 'run coffer sync' }
  }
}

function relayChecks(session: Session): Check[] {
  const [own, others] = [relayStateOf(session), otherRelaysOf(session)]
  const rest = others.map(relayCheck)
  if (own !== null) return [relayCheck(own), ...rest]
  const message =
    rest.length === 0
      ? 'no relay is set: what is here is here only'
      : 'no relay is set for your own secrets: they are here only'
  const next = 'run coffer relay set URL --relay-key KEY'
  return [{ name: 'relay', level: 'ok', message, next }, ...rest]
}

function relayCheck({ url, state, problem }: NonNullable<ReturnType<typeof relayStateOf>>): Check {
  const name = 'relay'
  if (state === 'connected') return { name, level: 'ok', message: `connected to ${url}` }
  const why = problem === null ? state : problem.message
  return { name, level: 'warning', message: `${url}: ${why}`, next: 'run coffer sync' }
}

function alarms(session: Session): Check[] {
  return session.vaults.all().flatMap(({ vaultId, shell }) =>
    (shell?.alarms ?? []).map(({ reason, detail }): Check => {
      const message = `${shownName(session, vaultId)}: ${detail} (${reason})`.slice(
        0,
        LIMITS.message,
      )
      return { name: 'alarm', level: 'warning', message }
    }),
  )
}
