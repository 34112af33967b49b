import { fromUtf8, utf8, type Bytes } from '../../../../shared/bytes.js'
import { encode } from '../../../../shared/codec.js'
import { hash } from '../../../../shared/crypto/hash.js'
import { sign, signKeyPair } from '../../../../shared/crypto/sign.js'
import { bytesOf, idOf, type InviteKey } from '../../../../shared/ids.js'
import { encodeWraps, joinRequestBodyCodec } from '../../../../shared/log/link.js'
import type { Role } from '../../../../shared/log/roles.js'
import { sealLabel } from '../../crypto/epoch.js'
import type { NewChange } from '../change.js'
import { createReplica } from '../create.js'
import { encodeGrant, grantName, type Grant } from '../grants.js'
import { planMember, type Plan } from '../removing.js'
import { Replica } from '../replica.js'
import { testEnv, testIdentity, type TestDevice } from './devices.js'
import { take } from './pair.js'

// For tests only: a project of several people and machines, whose log is a list that its devices append to.

/** A project that `owner` founded, and its log. */
export class Crew {
  readonly log: Bytes[] = []
  readonly owner: TestDevice
  now = 1_000_000

  constructor(kind: 'project' | 'org' = 'project') {
    const { store, env } = testEnv('owner', () => this.now)
    const identity = testIdentity('owner', 'owner')
    const { replica, ops } = createReplica(env, identity, { kind, label: 'owner' })
    store.write(ops)
    this.owner = { identity, store, env, replica }
    this.log.push(...replica.chainEntries(0))
    take(this.owner, this.log)
  }

  /** A device that knows nothing of the vault yet. */
  device(name: string): TestDevice {
    const { store, env } = testEnv(name, () => this.now)
    const identity = testIdentity(name, name)
    return { identity, store, env, replica: new Replica(env, identity, this.owner.replica.vaultId) }
  }

  /** The device after a restart that lost its memory and its disk: all that it knows it reads from the log. */
  again(one: TestDevice): TestDevice {
    const { identity } = one
    const { store, env } = testEnv(`${identity.device} again`, () => this.now)
    const replica = new Replica(env, identity, this.owner.replica.vaultId)
    return { identity, store, env, replica }
  }

  link({ action, wraps }: Plan, by = this.owner): void {
    take(by, this.log)
    const { ops, entry } = by.replica.propose(action, wraps)
    by.store.write(ops)
    this.log.push(entry)
    const [alarm] = take(by, this.log).alarms
    if (alarm !== undefined) throw new TypeError(`refused: ${alarm.reason}`)
  }

  member(name: string, role: Exclude<Role, 'runner'>): TestDevice {
    const one = this.device(name)
    const { chain, graph } = this.owner.replica
    const parts = { chain, graph, random: this.owner.env.random }
    this.link(planMember(parts, [one.identity.statement], role, () => name))
    take(one, this.log)
    return one
  }

  runner(name: string): TestDevice {
    return this.joined(name, 'runner')
  }

  /** A device of somebody new who answered an invite for a role that doesn't read. */
  joined(name: string, role: 'runner' | 'sealer' | 'viewer'): TestDevice {
    const one = this.device(name)
    const { replica, env } = this.owner
    const pair = signKeyPair(hash('test-invite', utf8(name)))
    const inviteKey = idOf<InviteKey>(pair.publicKey)
    const label = (subject: Bytes): Bytes =>
      sealLabel(replica.chain.current().key, subject, name, env.random)
    const invite = { inviteKey, role, expires: 9e12 }
    this.link({
      action: { kind: 'invite', body: { ...invite, label: label(pair.publicKey) } },
    })
    const body = encode(joinRequestBodyCodec, {
      vaultId: replica.vaultId,
      inviteKey,
      inviteLink: replica.chain.known().invites.get(inviteKey)?.link ?? idOf(new Uint8Array(32)),
      statement: one.identity.statement,
    })
    const request = {
      body,
      inviteSignature: sign('join-invite', body, pair.privateKey),
      deviceSignature: sign('join-device', body, one.identity.sign.privateKey),
    }
    const { bytes: wraps, hash: wrapsHash } = encodeWraps([])
    const admitted = { request, wraps: wrapsHash, label: label(bytesOf(one.identity.device)) }
    this.link({ action: { kind: 'admit', body: admitted }, wraps })
    take(one, this.log)
    return one
  }

  /** One transaction, sealed and in the log. @returns its entries */
  write(by: TestDevice, changes: readonly NewChange[]): Bytes[] {
    take(by, this.log)
    const entries = this.apart(by, changes)
    this.log.push(...entries)
    take(by, this.log)
    return entries
  }

  /** One transaction, sealed by a device that has read what it has, and not in the log. */
  apart(by: TestDevice, changes: readonly NewChange[]): Bytes[] {
    by.store.write(by.replica.write(changes).ops)
    const sealed = by.replica.sealNext({ entries: 100, bytes: 1 << 26 })
    by.store.write(sealed?.ops ?? [])
    return (sealed?.entries ?? []).map(({ body }) => body)
  }

  grant(runner: TestDevice, names: readonly string[], more: Partial<Grant> = {}): void {
    const { device } = runner.identity
    const value = encodeGrant({ names, expires: 9e12, label: 'runner', ...more })
    this.write(this.owner, [{ space: 'setting', name: grantName(device), value }])
  }
}

/** A put of a secret. */
export function put(name: string, value: string, sealedTo?: readonly TestDevice[]): NewChange {
  const change = { space: 'secret' as const, name, value: utf8(value) }
  if (sealedTo === undefined) return change
  return { ...change, sealedTo: sealedTo.map(({ identity }) => identity.device) }
}

/** What a device reads under a name: its value, or why it reads none. */
export function read({ replica }: TestDevice, name: string): string {
  const current = replica.get('secret', name)
  if (current === undefined) return 'nothing'
  try {
    return fromUtf8(replica.value(current.winner)) ?? 'broken'
  } catch (error) {
    return error instanceof Error && 'reason' in error ? String(error.reason) : 'broken'
  }
}
