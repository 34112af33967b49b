// A device of the person that has turned bad: let in by the book, it signs what no program of ours would.
import { randomBytes } from 'node:crypto'
import { encode } from '../../../../shared/codec.js'
import { sign, signKeyPair } from '../../../../shared/crypto/sign.js'
import { idOf, type InviteKey, type VaultId } from '../../../../shared/ids.js'
import { fingerprintOf, inviteSeed, parseInviteCode } from '../../../../shared/log/code.js'
import { deviceIdOf, makeStatement } from '../../../../shared/log/device.js'
import { joinRequestBodyCodec, joinRequestCodec } from '../../../../shared/log/link.js'
import { LOG_START } from '../../../../shared/protocol/relay.js'
import { boxKeyPair } from '../../../../daemon/core/crypto/seal.js'
import { type Identity } from '../../../../daemon/core/vault/chain.js'
import { type NewChange } from '../../../../daemon/core/vault/change.js'
import { Replica } from '../../../../daemon/core/vault/replica.js'
import { testEnv, type TestStore } from '../../../../daemon/core/vault/testing/devices.js'
import { TestClient } from '../../../../sync-server/testing/client.js'
import { contextOf } from '../local.js'
import { type HostileRelay } from './relay.js'
import { type Player, type Project } from './stage.js'

type Held = { readonly replica: Replica; readonly store: TestStore }

export class Rogue {
  readonly identity: Identity
  /** What its clock says: milliseconds since 1970. */
  now: () => number = Date.now
  readonly #client: TestClient
  readonly #vaults = new Map<VaultId, Held>()

  private constructor(identity: Identity, client: TestClient) {
    this.identity = identity
    this.#client = client
  }

  /** Joins as any device does; `host` lets it in. */
  static async join(relay: HostileRelay, host: Player): Promise<Rogue> {
    const expires = 3_600_000
    const { code } = await host.client.call('deviceAdd', { context: contextOf(), expires })
    const { vaultId, link, secret, user } = parseInviteCode(code)
    if (user === undefined) throw new Error('a code for somebody else')
    const pair = signKeyPair(new Uint8Array(randomBytes(32)))
    const box = boxKeyPair(new Uint8Array(randomBytes(32)))
    const keys = { sign: pair.publicKey, box: box.publicKey }
    const device = deviceIdOf(keys)
    const statement = makeStatement(keys, user, pair.privateKey)
    const invite = signKeyPair(inviteSeed(secret))
    const body = encode(joinRequestBodyCodec, {
      vaultId,
      inviteKey: idOf<InviteKey>(invite.publicKey),
      inviteLink: link,
      statement,
    })
    const request = encode(joinRequestCodec, {
      body,
      inviteSignature: sign('join-invite', body, invite.privateKey),
      deviceSignature: sign('join-device', body, pair.privateKey),
    })
    const who = { id: device, keys, pair, userId: user }
    const client = await TestClient.connect(relay.real.url, idOf(hexBytes(relay.key)), who)
    await client.get('join', { vaultId, request }, 'joined')
    const fingerprint = fingerprintOf(vaultId, link, statement)
    await host.client.call('deviceConfirm', { context: contextOf(), fingerprint })
    return new Rogue({ device, userId: user, statement, sign: pair, box }, client)
  }

  /** Everything that the relay has of a vault, read by its own replica. */
  async #read(vaultId: VaultId): Promise<Held> {
    const known = this.#vaults.get(vaultId)
    if (known !== undefined) return known
    const { store, env } = testEnv(`rogue ${this.identity.device}`)
    const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
    const replica = new Replica({ ...env, random, now: () => this.now() }, this.identity, vaultId)
    const opened = await this.#client.get('open', { vaultId, after: LOG_START }, 'opened')
    while (replica.cursor.pos < opened.head.pos) {
      const { body } = await this.#client.take('entries', ({ body }) => body.vaultId === vaultId)
      store.write(replica.ingest(body.from, body.entries, opened.generation).ops)
    }
    const held = { replica, store }
    this.#vaults.set(vaultId, held)
    return held
  }

  /** Writes one transaction, checked by nobody, and has the relay take it. */
  write(project: Pick<Project, 'vaultId'>, changes: readonly NewChange[]): Promise<void> {
    return this.writeAll(project, [changes])
  }

  /** Several transactions, which must fit one frame. */
  async writeAll(
    { vaultId }: Pick<Project, 'vaultId'>,
    transactions: readonly (readonly NewChange[])[],
  ): Promise<void> {
    const { replica, store } = await this.#read(vaultId)
    const entries = transactions.flatMap((changes) => {
      store.write(replica.write(changes).ops)
      const sealed = replica.sealNext({ entries: 1, bytes: 1 })
      store.write(sealed?.ops ?? [])
      return (sealed?.entries ?? []).map(({ body }) => body)
    })
    await this.#client.get('append', { vaultId, base: LOG_START, entries }, 'appended')
  }

  close(): void {
    this.#client.socket.terminate()
  }
}

function hexBytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
