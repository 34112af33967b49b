import { fromUtf8, utf8, type Bytes } from '../../../../shared/bytes.js'
import type { Role } from '../../../../shared/log/roles.js'
import type { VaultKind } from '../../../../shared/log/link.js'
import { createReplica } from '../create.js'
import { planMember, planRemoval, planRole, planRotation, type Plan } from '../removing.js'
import { Replica } from '../replica.js'
import type { Space } from '../records.js'
import { reload, testEnv, testIdentity, type TestDevice } from './devices.js'

// For tests only: people who share a vault through one log.

/** A device named `user/device`, and the log that all of them read. */
export class Team {
  readonly log: Bytes[] = []
  readonly devices = new Map<string, TestDevice>()
  readonly #kind: VaultKind

  constructor(founder: string, kind: VaultKind = 'project') {
    this.#kind = kind
    const { store, env } = testEnv(founder)
    const identity = testIdentity(founder, founder.split('/')[0])
    const { replica, ops } = createReplica(env, identity, { kind: this.#kind, label: founder })
    store.write(ops)
    const one = { identity, store, env, replica }
    this.devices.set(founder, one)
    this.log.push(...replica.chainEntries(0))
  }

  of(name: string): TestDevice {
    const known = this.devices.get(name)
    if (known !== undefined) return known
    const [founder] = this.devices.values()
    if (founder === undefined) throw new TypeError('nobody is here')
    const { store, env } = testEnv(name)
    const identity = testIdentity(name, name.split('/')[0])
    const replica = new Replica(env, identity, founder.replica.vaultId)
    const made = { identity, store, env, replica }
    this.devices.set(name, made)
    return made
  }

  /** The device reads the log on from where it is: reasons of the alarms. */
  read(name: string, log: readonly Bytes[] = this.log): string[] {
    const one = this.of(name)
    const { pos } = one.replica.cursor
    const outcome = one.replica.ingest(pos + 1, log.slice(pos), 1)
    one.store.write(outcome.ops)
    return outcome.alarms.map(({ reason }) => reason)
  }

  readAll(): void {
    for (const name of this.devices.keys()) this.read(name)
  }

  /** Adds what `by` plans on what it has read; the link stands in the log at once. */
  link(by: string, plan: (parts: Parts) => Plan | undefined): void {
    this.read(by)
    const { replica, env, store } = this.of(by)
    const { chain, graph } = replica
    const planned = plan({ chain, graph, random: env.random })
    if (planned === undefined) throw new TypeError('nothing to do')
    const { ops, entry } = replica.propose(planned.action, planned.wraps)
    store.write(ops)
    this.log.push(entry)
    this.read(by)
  }

  /** `by` lets a person in, with these devices. */
  member(by: string, names: readonly string[], role: Role): void {
    const statements = names.map((name) => this.of(name).identity.statement)
    this.link(by, (parts) => planMember(parts, statements, role, () => ''))
  }

  remove(by: string, ...names: readonly string[]): void {
    const devices = new Set(names.map((name) => this.of(name).identity.device))
    this.link(by, (parts) => planRemoval(parts, devices))
  }

  role(by: string, name: string, role: Role): void {
    const { userId } = this.of(name).identity
    this.link(by, (parts) => planRole(parts, this.of(by).identity.device, userId, role))
  }

  rotate(by: string): void {
    this.link(by, (parts) => planRotation(parts))
  }

  /** One write of a device, sealed; with `hidden` it isn't in the log yet. Gives its entries. */
  write(
    by: string,
    name: string,
    value: string,
    options: { hidden?: boolean; space?: Space } = {},
  ): Bytes[] {
    const { replica, store } = this.of(by)
    const bytes = utf8(value)
    store.write(replica.write([{ space: options.space ?? 'secret', name, value: bytes }]).ops)
    const sealed = replica.sealNext({ entries: 1, bytes: 1 })
    store.write(sealed?.ops ?? [])
    const bodies = (sealed?.entries ?? []).map(({ body }) => body)
    if (options.hidden !== true) this.log.push(...bodies)
    return bodies
  }

  /** What a device serves for a name, as text. */
  value(of: string, name: string, space: Space = 'secret'): string | undefined {
    const { replica } = this.of(of)
    const found = replica.get(space, name)
    return found && fromUtf8(replica.value(found.winner))
  }

  /** The device `name` with nothing on its disk yet, to be known as `as`. */
  anew(name: string, as: string): void {
    const { identity, replica } = this.of(name)
    const { store, env } = testEnv(as)
    const empty = new Replica(env, identity, replica.vaultId)
    this.devices.set(as, { identity, store, env, replica: empty })
  }

  /** The device as a restart finds it. */
  restart(name: string): void {
    const one = this.of(name)
    this.devices.set(name, { ...one, replica: reload(one) })
  }
}

type Parts = Parameters<typeof planRotation>[0]
