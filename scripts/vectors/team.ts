import { utf8 } from '../../shared/bytes.js'
import { bytesOf, type DeviceId } from '../../shared/ids.js'
import type { Action, Cut, EpochStart } from '../../shared/log/link.js'
import { readersOf, type Membership } from '../../shared/log/membership.js'
import type { Role } from '../../shared/log/roles.js'
import {
  epochStart,
  genesisContext,
  sealBefore,
  vaultContext,
} from '../../daemon/core/crypto/epoch.js'
import { ANN, ChainBuilder, type Chain, type Label } from './chain.js'
import { Builder } from './history.js'
import { invite, person, seed, type FrozenWraps, type Person } from './people.js'

// A team of the frozen vectors whose members come, change their roles and go: its chain, and what they write meanwhile.

export const DESK = person('bob/desk')
export const PHONE = person('bob/phone')
export const TABLET = person('bob/tablet')
/** Bob's recovery device. */
export const PAPER = person('bob/paper')
export const CAT = person('cat/desk')
export const DAN = person('dan/desk')
/** With which Dan comes back. */
export const DAN_NEW = person('dan/new')
/** Administers after Cat. */
export const FAY = person('fay/desk')
export const CREW = [ANN, DESK, PHONE, TABLET, PAPER, CAT, DAN, DAN_NEW, FAY]
export const TV = invite('bob/tv')

export const epochKey = (epoch: number): Uint8Array => seed(`team epoch ${epoch}`)
const NONCE = seed('team nonce').slice(0, 16)
const byId = (a: { id: DeviceId }, b: { id: DeviceId }): number => (a.id < b.id ? -1 : 1)

export class Team {
  readonly links: ChainBuilder
  readonly history: Builder

  constructor(frozen: FrozenWraps) {
    this.links = new ChainBuilder(frozen, 'vectors: team', epochKey)
    this.#genesis()
    this.history = new Builder(this.chain, 'vectors: team history', epochKey)
  }

  get membership(): Membership {
    if (this.links.membership === undefined) throw new TypeError('no genesis')
    return this.links.membership
  }

  get chain(): Chain {
    const { membership, links } = this
    return { vaultId: membership.vaultId, links: links.links, membership }
  }

  #genesis(): void {
    const table = this.links.table('genesis', genesisContext(NONCE), [ANN])
    const label = { subject: bytesOf(ANN.id), text: ANN.name }
    const body = {
      kind: 'project' as const,
      nonce: NONCE,
      statement: ANN.statement,
      epoch: epochStart(epochKey(1), table.hash),
      label: this.links.label(label.subject, label.text),
    }
    const rest = { wraps: table.bytes, to: [ANN], label }
    this.links.add('genesis', ANN, { kind: 'genesis', body }, rest)
  }

  /** A table with the key in force. */
  #current(name: string, to: readonly Person[]): { bytes: Uint8Array; hash: Uint8Array } {
    return this.links.table(name, vaultContext(this.membership.vaultId), to)
  }

  member(name: string, by: Person, devices: readonly Person[], role: Role, reads = true): void {
    const sorted = devices.toSorted(byId)
    const to = reads ? sorted : []
    const table = this.#current(name, to)
    const labels: Label[] = sorted.map(({ id, name: text }) => ({ subject: bytesOf(id), text }))
    const body = {
      statements: sorted.map(({ statement }) => statement),
      role,
      wraps: table.hash,
      labels: labels.map(({ subject, text }) => this.links.label(subject, text)),
    }
    const rest = { wraps: table.bytes, to, labels }
    this.links.add(name, by, { kind: 'add-member', body }, rest)
  }

  own(name: string, by: Person, joiner: Person, role: Role, recovery = false): void {
    this.links.letIn(name, by, joiner, true, (wraps, label) => {
      const body = { statement: joiner.statement, role, wraps, label }
      return { kind: 'add-device', body: recovery ? { ...body, recovery: 1 } : body }
    })
  }

  /** An action that gives the key in force to `to`. */
  gives(
    name: string,
    by: Person,
    to: readonly Person[],
    action: (wraps: Uint8Array) => Action,
  ): void {
    const table = this.#current(name, to)
    this.links.add(name, by, action(table.hash), { wraps: table.bytes, to })
  }

  /**
   * An action that starts an epoch for all who read now, but `without`.
   * @param how `base`: by default the epoch in force; `sealed`: the key in its box, by default the base's; `more`: further
   * epochs whose keys it holds
   */
  starts(
    name: string,
    by: Person,
    without: readonly Person[],
    action: (epoch: EpochStart) => Action,
    how: { readonly base?: number; readonly sealed?: Uint8Array; readonly more?: number[] } = {},
  ): void {
    const { vaultId } = this.membership
    const { base = this.links.epoch, sealed = epochKey(base), more = [] } = how
    const epoch = this.links.epoch + 1
    const out = new Set(without.map(({ id }) => id))
    const to = readersOf(this.membership).flatMap(({ id }) =>
      CREW.filter((one) => one.id === id && !out.has(id)),
    )
    const table = this.links.table(name, vaultContext(vaultId), to, epoch)
    const key = epochKey(epoch)
    const box = (at: number, old: Uint8Array): Uint8Array =>
      sealBefore(key, old, { vaultId, base: at, epoch }, this.links.random)
    const start = { ...epochStart(key, table.hash), base, before: box(base, sealed) }
    const further = more.map((at) => ({ base: at, before: box(at, epochKey(at)) }))
    const whole = further.length === 0 ? start : { ...start, more: further }
    this.links.add(name, by, action(whole), { wraps: table.bytes, to })
  }

  /** Cuts at these changesets, in order. */
  cuts(...names: readonly string[]): Cut[] {
    const place = ({ device, seq, hash }: Cut): string => `${device} ${seq} ${hash}`
    return names
      .map((name) => this.history.head(name))
      .toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
  }
}

/** Who comes: Bob with two devices that bring two more, Cat who administers, Dan who at first sees nothing. */
function arrivals(team: Team): void {
  team.member('member-bob', ANN, [DESK, PHONE], 'writer')
  team.own('add-tablet', DESK, TABLET, 'writer')
  team.own('add-recovery', PHONE, PAPER, 'writer', true)
  team.member('member-cat', ANN, [CAT], 'admin')
  team.member('member-dan', CAT, [DAN], 'viewer', false)
  team.gives('role-up', CAT, [DAN], (wraps) => {
    const body = { userId: DAN.userId, role: 'writer' as const, cuts: [], wraps }
    return { kind: 'change-role', body }
  })
  team.links.invite('invite-own', DESK, TV, 'reader', true)
}

/** What was written before anybody went. */
function before({ history }: Team): void {
  history.write('ann-1', ANN, { n: 5 }, [
    { name: 'A', value: utf8('ann') },
    { name: 'B', value: utf8('ann') },
  ])
  history.write('desk-1', DESK, { n: 6, deps: ['ann-1'] }, [
    { name: 'A', value: utf8('desk 1'), parents: [history.change('ann-1', 0)] },
    { name: 'C', value: utf8('desk 1') },
  ])
  history.write('desk-2', DESK, { n: 7 }, [{ name: 'D', value: utf8('desk 2') }])
  history.write('dan-1', DAN, { n: 6 }, [{ name: 'E', value: utf8('dan 1') }])
  // He signs a number twice: his cut names both.
  history.write('dan-1-again', DAN, { n: 6, after: null }, [
    { name: 'E', value: utf8('dan 1 again') },
  ])
  history.write('cat-1', CAT, { n: 7 }, [
    { space: 'setting', name: 'policy', value: utf8('cat') },
    { space: 'vault', name: 'directory', value: utf8('cat') },
  ])
  history.write('phone-1', PHONE, { n: 7, deps: ['cat-1'] }, [
    { space: 'setting', name: 'policy', value: utf8('bob'), parents: [history.change('cat-1', 0)] },
    { space: 'setting', name: `device/${PHONE.id}`, value: utf8('own device') },
    { space: 'setting', name: `device/${DESK.id}`, value: utf8('own other device') },
    { space: 'setting', name: `user/${PHONE.userId}/editor`, value: utf8('own user') },
    { space: 'vault', name: 'directory', parents: [history.change('cat-1', 1)] },
  ])
}

/** Dan sees nothing any more; what Bob's desk writes later says that it didn't know of its removal. */
function departures(team: Team): void {
  const { history } = team
  team.starts('role-down', CAT, [DAN], (epoch) => {
    const cuts = team.cuts('dan-1', 'dan-1-again')
    return { kind: 'change-role', body: { userId: DAN.userId, role: 'viewer', cuts, epoch } }
  })
  history.write('dan-2', DAN, { n: 7, after: 'dan-1' }, [{ name: 'E', value: utf8('dan 2') }])
  history.write('desk-3', DESK, { n: 8 }, [
    { name: 'C', value: utf8('desk 3'), parents: [history.change('desk-1', 1)] },
  ])
  history.write('desk-4', DESK, { n: 8 }, [
    { name: 'B', value: utf8('desk 4'), parents: [history.change('ann-1', 1)] },
  ])
  history.write('desk-5', DESK, { n: 8 }, [{ name: 'A', parents: [history.change('desk-1', 0)] }])
  history.write('phone-2', PHONE, { n: 8, deps: ['desk-4'] }, [
    { name: 'B', value: utf8('phone 2'), parents: [history.change('desk-4', 0)] },
  ])
  team.starts('remove', ANN, [DESK], (epoch) => {
    const body = { devices: [DESK.id], cuts: team.cuts('desk-2'), kept: [TABLET.id], epoch }
    return { kind: 'remove', body }
  })
  history.write('ann-2', ANN, { n: 9, deps: ['desk-2'] }, [
    { name: 'D', value: utf8('ann 2'), parents: [history.change('desk-2', 0)] },
  ])
}

/** Bob's phone starts an epoch whose box opens no key; the one that Ann starts leads past it, too. */
function mending(team: Team): void {
  const rotate = (epoch: EpochStart): Action => ({ kind: 'rotate', body: { epoch } })
  team.starts('rotate-bad', PHONE, [], rotate, { sealed: seed('no key') })
  team.history.write('phone-3', PHONE, { n: 10 }, [{ name: 'G', value: utf8('phone 3') }])
  team.starts('rotate', ANN, [], rotate, { more: [3] })
  team.gives('rewrap', CAT, [PHONE], (wraps) => {
    return { kind: 'rewrap', body: { device: PHONE.id, wraps } }
  })
}

function returns(team: Team): void {
  const { history, links } = team
  links.add('raise-cut', CAT, { kind: 'raise-cut', body: { cuts: team.cuts('desk-3') } })
  const nothing = { devices: [DAN.id], cuts: [], kept: [] }
  links.add('remove-viewer', CAT, { kind: 'remove', body: nothing })
  team.member('member-back', ANN, [DAN_NEW], 'writer')
  const lower = { userId: CAT.userId, role: 'reader' as const, cuts: team.cuts('cat-1') }
  links.add('role-lower', ANN, { kind: 'change-role', body: lower })
  team.member('member-fay', ANN, [FAY], 'admin')
  history.write('cat-2', CAT, { n: 15 }, [{ name: 'F', value: utf8('cat 2') }])
  history.write('dan-new-1', DAN_NEW, { n: 16, deps: ['dan-1-again'] }, [
    {
      name: 'E',
      parents: [history.change('dan-1', 0), history.change('dan-1-again', 0)],
    },
  ])
}

export function makeTeam(frozen: FrozenWraps): Team {
  const team = new Team(frozen)
  arrivals(team)
  before(team)
  departures(team)
  mending(team)
  returns(team)
  return team
}
