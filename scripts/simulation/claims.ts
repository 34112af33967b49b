import { roleAt, type Membership } from '../../shared/log/membership.js'
import { RIGHTS, type Role } from '../../shared/log/roles.js'
import type { SimDevice } from './device.js'
import { NAMES } from './promises.js'
import { foldOf, mayHold, voidIn } from './reference.js'
import type { Rogue } from './rogue.js'
import type { SimRelay } from './relay.js'

// What must hold at any time of a run, and what at its end, of those who came, went, or lost a right.

export type Cast = {
  readonly relay: SimRelay
  readonly devices: readonly SimDevice[]
  readonly rogues: readonly Rogue[]
}

const reads = (role: string): boolean => RIGHTS[role as Role].reads

/** Claims that hold whenever a device has changed; throws where one doesn't. */
export function watch(device: SimDevice, { relay, rogues }: Cast): void {
  const { name, replica, parts } = device
  const isVoid = voidIn(replica)
  const lost = new Set(replica.lost().map(({ id }) => id))
  for (const one of NAMES) {
    const fold = foldOf(replica.history('secret', one), isVoid)
    const shown = (replica.current('secret', one)?.siblings ?? []).map(({ id }) => id).join()
    const due = fold.live.map(({ id }) => id).join()
    if (shown !== due) throw new Error(`${name} shows ${shown} of ${one}, not ${due}`)
    for (const id of fold.lost) {
      if (!lost.delete(id)) throw new Error(`${name} doesn't list ${id} of ${one} as lost`)
    }
  }
  if (lost.size > 0) throw new Error(`${name} lists ${[...lost].join()} as lost`)
  checkRogues(device, rogues)
  const m = relay.newest.membership
  if (m === undefined) return
  const may = mayHold(m, parts.identity.device, reads)
  for (const epoch of replica.chain.keys.keys()) {
    if (!may.has(epoch)) throw new Error(`${name} holds the key of epoch ${epoch}`)
  }
}

/** What a removed member wrote shows nowhere once its removal is known, unless somebody let it count. */
function checkRogues({ name, replica }: SimDevice, rogues: readonly Rogue[]): void {
  for (const { device, removedAt, notes } of rogues) {
    const m = replica.membership
    const cut = m?.devices
      .get(device.parts.identity.device)
      ?.cuts.find(({ from }) => from === removedAt)
    if (m === undefined || cut === undefined) continue
    const written = new Set(notes)
    const raised = cut.heads.some((head) =>
      NAMES.some((one) =>
        replica
          .history('secret', one)
          .some(({ place, note = '' }) => place?.changeset === head.hash && written.has(note)),
      ),
    )
    if (raised) continue
    for (const one of NAMES) {
      const shown = replica.current('secret', one)?.siblings ?? []
      const bad = shown.find(({ note = '' }) => written.has(note))
      if (bad !== undefined) throw new Error(`${name} shows ${bad.note}, written after a removal`)
    }
  }
}

/** Where a device stands by the newest chain. */
export function roleOf(m: Membership, { parts }: SimDevice): Role | undefined {
  return roleAt(m, parts.identity.device)
}

/** Those who are in the vault at the end. */
export function activeOf({ relay, devices }: Cast): SimDevice[] {
  const m = relay.newest.membership
  return m === undefined ? [] : devices.filter((one) => roleOf(m, one) !== undefined)
}

/** Those of them who may read. */
export function readersOf(cast: Cast): SimDevice[] {
  const m = cast.relay.newest.membership
  return activeOf(cast).filter((one) => m !== undefined && reads(roleOf(m, one) ?? 'viewer'))
}

/** What became of everything that was promised to a person. */
export function judgePromises(cast: Cast, failures: string[]): void {
  const m = cast.relay.newest.membership
  const readers = readersOf(cast)
  const seen = readers.map((reader) => ({ reader, notes: notesOf(reader) }))
  for (const { reader, notes } of seen) {
    if (new Set(notes.keys()).size !== notes.size)
      failures.push(`${reader.name} has a change twice`)
  }
  for (const device of cast.devices) {
    const record = m?.devices.get(device.parts.identity.device)
    const stayed =
      record?.cuts.length === 0 && RIGHTS[roleAt(m as Membership, record.id) ?? 'viewer'].writes
    const own = notesOf(device)
    for (const note of device.promised) {
      const mine = own.get(note)
      if (mine === undefined) failures.push(`${device.name} lost its own ${note}`)
      for (const { reader, notes } of seen) {
        const there = notes.get(note)
        if (stayed && there !== 'counts')
          failures.push(`${reader.name}: ${note} is ${there ?? 'lost'}`)
        if (mine === 'draft' && there !== undefined && reader !== device) {
          failures.push(`${reader.name} has ${note}, which is a draft of ${device.name}`)
        }
      }
    }
  }
}

/** What each change is on a device, by its note. */
function notesOf({ replica }: SimDevice): Map<string, 'draft' | 'counts' | 'void'> {
  const isVoid = voidIn(replica)
  const out = new Map<string, 'draft' | 'counts' | 'void'>()
  for (const one of NAMES) {
    for (const { note = '', place } of replica.history('secret', one)) {
      if (place === undefined) out.set(note, 'draft')
      else out.set(note, isVoid(place.changeset) ? 'void' : 'counts')
    }
  }
  return out
}

/** Those who were removed and, though they can ask, don't know it. */
export function unaware({ relay, devices }: Cast): SimDevice[] {
  const m = relay.newest.membership
  if (m === undefined) return []
  return devices.filter((device) => {
    const { membership, chain } = device.replica
    return membership !== undefined && roleOf(m, device) === undefined && chain.role !== undefined
  })
}
