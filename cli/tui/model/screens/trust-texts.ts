import type { Result } from '../../../../shared/protocol/local.js'
import { vaultLabel } from '../vault.js'
import type { Alarm } from '../world.js'
import type { VaultInfo } from './trust-rows.js'
import { agoWords, moment } from '../views/time.js'

// What is read in full, as lines of a text.

const GAP = ''

function at(now: number, time: number): string {
  return `${moment(time)} UTC (${agoWords(now, time)})`
}

export function alarmText(now: number, { vault, reason, first, newest, readAt }: Alarm): string[] {
  return [
    `${reason} in ${vaultLabel(vault)}`,
    readAt === null ? 'Nobody has read it yet.' : `Read ${at(now, readAt)}.`,
    GAP,
    `First: ${at(now, first.at)}`,
    first.message,
    ...(newest === undefined ? [] : [GAP, `Newest: ${at(now, newest.at)}`, newest.message]),
    GAP,
    'An alarm is something that an honest relay and honest devices never do. Reading and writing go on.',
  ]
}

/** What is said of a vault in one or two words where something is the matter. */
export function vaultState({ state, role, queued, conflicts, warnings }: VaultInfo): string {
  if (state !== 'ready') return state
  if (warnings.some(({ code }) => code === 'fork')) return 'fork'
  if (conflicts > 0) return `${conflicts} conflicts`
  if (queued > 0) return `${queued} queued`
  return warnings[0]?.code ?? role ?? 'not in'
}

const STATES: { readonly [S in VaultInfo['state']]: string } = {
  ready: 'all of it is here',
  loading: 'entries still arrive',
  damaged: "its store can't be read: d (doctor) mends it from the relay",
  removed: 'this device was taken out, and reads what it had',
}

export function vaultText(now: number, one: VaultInfo): string[] {
  const { vault, checkpoint } = one
  return [
    `${vaultLabel(vault)}: ${STATES[one.state]}`,
    `role: ${one.role ?? 'none'}`,
    `secrets: ${one.secrets}`,
    `queued for the relay: ${one.queued}`,
    `conflicts: ${one.conflicts}`,
    `place in the relay's log: ${one.pos ?? 'none yet'}`,
    `key generation: ${one.epoch}`,
    `relay last answered: ${one.syncedAt === null ? 'not since the daemon started' : at(now, one.syncedAt)}`,
    `another device's last head: ${one.confirmedAt === null ? 'none: unconfirmed' : at(now, one.confirmedAt)}`,
    ...(checkpoint === null
      ? []
      : [`newest snapshot: up to ${checkpoint.pos}, ${checkpoint.changes} changes`]),
    `vault: ${vault.vaultId}`,
    ...one.warnings.map(({ code, message }) => `! ${code}: ${message}`),
  ]
}

export function verifiedText({ vaults, warnings }: Result<'verify'>): string[] {
  const lines = vaults.flatMap(
    ({ vault, fingerprint, links, changesets, items, unopened, pos }) => [
      `${fingerprint}  ${vaultLabel(vault)}`,
      `  ${links} links, ${changesets} changesets, ${items} items${
        unopened > 0 ? ` (${unopened} not opened: no key here)` : ''
      }, log ${pos}`,
    ],
  )
  return [
    'Everything here holds. Another device that has read the same log shows the same fingerprints: compare them, and no relay can have shown you two histories.',
    GAP,
    ...lines,
    ...warnings.map(({ message }) => `! ${message}`),
  ]
}

const MARKS = { ok: 'ok       ', warning: '! warning', failure: '× FAILURE' } as const

export function doctorText({ checks }: Result<'doctor'>): string[] {
  return checks.flatMap(({ name, level, message, next }) => [
    `${MARKS[level]}  ${name}: ${message}`,
    ...(next === undefined || level === 'ok' ? [] : [`             next: ${next}`]),
  ])
}

type Entry = Result<'audit'>['entries'][number]

function whoOf({ author }: Entry): string {
  const device = author.device ?? author.deviceId.slice(0, 12)
  return author.user === undefined ? device : `${author.user} on ${device}`
}

function whatOf({ name, space, devices = [], role }: Entry): string {
  const whom = devices.map((one) => one.name ?? one.deviceId.slice(0, 12)).join(', ')
  const what = name === undefined ? whom : space === 'secret' ? name : `${space ?? ''} ${name}`
  return [what, role === undefined ? '' : `as ${role}`].filter(Boolean).join(' ')
}

/** The newest first: it is what somebody looks for. */
export function auditText({ entries, more, warnings }: Result<'audit'>): string[] {
  const lines = entries.toReversed().map((entry) => {
    const time = entry.at === null ? '-'.padEnd(16) : moment(entry.at)
    const link = entry.link === undefined ? '' : ` (link ${entry.link})`
    const cut = entry.void ? ' (cut off: it counts for nothing)' : ''
    return `${time}  ${whoOf(entry)}  ${entry.action}${link} ${whatOf(entry)}${cut}`
  })
  return [
    ...warnings.map(({ message }) => `! ${message}`),
    ...(lines.length === 0 ? ['nothing yet'] : lines),
    ...(more ? [GAP, 'There is more: coffer audit --limit N'] : []),
  ]
}
