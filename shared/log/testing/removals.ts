import { concat, type Bytes, utf8 } from '../../bytes.js'
import { hash } from '../../crypto/hash.js'
import { idOf, type ChangesetHash, type DeviceId } from '../../ids.js'
import type { Action, Cut, EpochStart } from '../link.js'
import { epochAt, readersOf, roleAt, type Membership } from '../membership.js'
import { lossesOf, roleSteps } from '../change-role.js'
import { descendantsOf } from '../removal.js'
import { RIGHTS, type Role } from '../roles.js'
import { actor, emptyWraps, roleOf, userOf } from './actors.js'

// For tests only: links that take rights away, made as an honest author would on the membership before them, unless the
// words say otherwise.

/** The hash of a changeset that only tests know: number `seq` of a device. */
export function changesetOf(device: string, seq: number): ChangesetHash {
  return idOf(hash('test-changeset', utf8(`${device}/${seq}`)))
}

/** `cut:ann/desk:3` among the words: the changeset 3 of that device is its last that counts. */
function cutsIn(words: readonly string[]): Cut[] {
  const cuts = words.flatMap((word) => {
    const [verb, device = '', seq = ''] = word.split(':')
    if (verb !== 'cut') return []
    return [{ device: actor(device).id, seq: Number(seq), hash: changesetOf(device, Number(seq)) }]
  })
  return cuts.toSorted((a, b) =>
    a.device < b.device ? -1 : a.device > b.device ? 1 : a.seq - b.seq,
  )
}

/** What follows `verb:` in one of the words. */
function option(words: readonly string[], verb: string): string | undefined {
  return words.find((word) => word.startsWith(`${verb}:`))?.slice(verb.length + 1)
}

const bytes72 = (text: string): Bytes => {
  const one = hash('test-before', utf8(text))
  return concat(one, one, one.slice(0, 8))
}

function epochOf(m: Membership, name: string, without: ReadonlySet<DeviceId>): EpochStart {
  const readers = readersOf(m).filter(({ id }) => !without.has(id))
  return {
    commitment: hash('test-epoch', utf8(name)),
    box: hash('test-epoch-box', utf8(name)),
    wraps: emptyWraps(...readers.map(({ id }) => id)).hash,
    base: epochAt(m),
    before: bytes72(name),
  }
}

const reads = (m: Membership, id: DeviceId): boolean => RIGHTS[roleAt(m, id) ?? 'viewer'].reads

function epochWhere(
  m: Membership,
  words: readonly string[],
  needed: boolean,
  without: ReadonlySet<DeviceId>,
): { epoch?: EpochStart } {
  const said = option(words, 'epoch')
  if (said === 'none' || (said === undefined && !needed)) return {}
  return { epoch: epochOf(m, said ?? `${m.hashes.length}`, without) }
}

function remove(m: Membership, names: string, words: readonly string[]): Action {
  const named = new Set(names.split(',').map((name) => actor(name).id))
  const kept = new Set(
    (option(words, 'keep') ?? '')
      .split(',')
      .filter(Boolean)
      .map((name) => actor(name).id),
  )
  const [first = actor('nobody').id] = named
  const userId = m.devices.get(first)?.userId ?? userOf('nobody')
  const alone = words.includes('alone')
  const rest = alone ? [] : [...descendantsOf(m, userId, named)].filter((id) => !kept.has(id))
  const devices = [...named, ...rest].toSorted()
  const epoch = epochWhere(
    m,
    words,
    devices.some((id) => reads(m, id)),
    new Set(devices),
  )
  return {
    kind: 'remove',
    body: { devices, cuts: cutsIn(words), kept: [...kept].toSorted(), ...epoch },
  }
}

function changeRole(
  m: Membership,
  by: string,
  user: string,
  role: Role,
  words: readonly string[],
): Action {
  const userId = userOf(user)
  const author = m.devices.get(actor(by).id)
  const steps = author === undefined ? [] : roleSteps(m, author, userId, role)
  const { reading, begin } = lossesOf(steps)
  const ids = new Set(reading.map(({ device }) => device.id))
  const recipients = begin.map(({ device }) => device.id)
  const wraps = recipients.length > 0 ? { wraps: emptyWraps(...recipients).hash } : {}
  const body = {
    userId,
    role,
    cuts: cutsIn(words),
    ...epochWhere(m, words, reading.length > 0, ids),
    ...wraps,
  }
  return { kind: 'change-role', body }
}

function addMember(names: string, role: Role): Action {
  const devices = names
    .split(',')
    .map((name) => actor(name))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const wraps = RIGHTS[role].reads ? emptyWraps(...devices.map(({ id }) => id)) : emptyWraps()
  const statements = devices.map(({ statement }) => statement)
  const labels = devices.map(() => utf8('label'))
  return { kind: 'add-member', body: { statements, role, wraps: wraps.hash, labels } }
}

/**
 * Verbs: `remove D D[,D] [keep:D,D] [cut:D:SEQ] [epoch:NAME|none] [alone]`, `role D USER ROLE […]`, `rotate D [epoch:NAME]`,
 * `rewrap D D`, `raise D cut:D:SEQ`, `member D D[,D] ROLE`. undefined: it is none of them.
 */
export function removalAction(
  words: readonly string[],
  before: () => Membership,
): Action | undefined {
  const [verb = '', by = '', second = '', third = ''] = words
  switch (verb) {
    case 'remove':
      return remove(before(), second, words)
    case 'role':
      return changeRole(before(), by, second, roleOf(third), words)
    case 'rotate': {
      const m = before()
      const name = option(words, 'epoch') ?? `${m.hashes.length}`
      return { kind: 'rotate', body: { epoch: epochOf(m, name, new Set()) } }
    }
    case 'rewrap': {
      const { id } = actor(second)
      return { kind: 'rewrap', body: { device: id, wraps: emptyWraps(id).hash } }
    }
    case 'raise':
      return { kind: 'raise-cut', body: { cuts: cutsIn(words) } }
    case 'member':
      return addMember(second, roleOf(third))
    default:
      return undefined
  }
}
