import type { Bytes } from '../../shared/bytes.js'
import { encode } from '../../shared/codec.js'
import { vaultFingerprint } from '../../daemon/core/vault/verify.js'
import type { LogHash, UserId } from '../../shared/ids.js'
import { fingerprintOf, formatInviteCode } from '../../shared/log/code.js'
import { entryIdOf, logNext, logStart } from '../../shared/log/entry.js'
import { signedHead } from '../../shared/log/head.js'
import { headOf } from '../../shared/log/membership.js'
import { signedCodec } from '../../shared/log/signed.js'
import { signAuth, signChallenge, transcriptCodec } from '../../shared/protocol/relay-handshake.js'
import { ANN, BOB, BOB_PHONE, FIRST, RELAY_2, SECOND, type Chain } from './chain.js'
import type { Builder } from './history.js'
import { hex, person, seed, type Invite, type Json, type Person } from './people.js'

// The relay's log of the frozen vectors, and what devices say about it and to it.

const NOW = 1_700_000_200_000
const URL = 'wss://relay.example:8443'

/** The log: links and changesets in an order that a relay may have kept. */
export function logEntries(chain: Chain, history: Builder): { name: string; body: Bytes }[] {
  const link = (name: string): { name: string; body: Bytes }[] =>
    chain.links.filter((one) => one.name === name).map((one) => ({ name, body: one.entry }))
  const changeset = (name: string): { name: string; body: Bytes }[] =>
    history.get(name).entries.map((body) => ({ name, body }))
  const early = ['genesis', 'relay', 'invite', 'admit', 'add', 'add-viewer'].flatMap(link)
  const late = ['invite-own', 'withdraw'].flatMap(link)
  const written = ['put', 'delete'].flatMap(changeset)
  return [...early, ...written, ...late, ...['three', 'sibling'].flatMap(changeset)]
}

export function logJson(chain: Chain, history: Builder): Json {
  const { vaultId, membership } = chain
  let logHash: LogHash = logStart(vaultId)
  const start = logHash
  const entries = logEntries(chain, history).map(({ name, body }) => {
    const entryId = entryIdOf(body)
    logHash = logNext(logHash, entryId)
    return { name, entryId, logHash }
  })
  const head = {
    vaultId,
    device: ANN.id,
    memberHead: headOf(membership),
    generation: 1,
    pos: entries.length,
    logHash,
    time: NOW,
  }
  const signed = signedHead.make(head, ANN.sign.privateKey)
  return {
    start,
    entries,
    head: { signed: hex(encode(signedCodec, signed)), author: ANN.name, ...head },
    fingerprint: vaultFingerprint(membership, { ...head, reading: 0 }),
    invites: [
      inviteJson(chain, 'invite', FIRST, BOB),
      inviteJson(chain, 'invite-own', SECOND, BOB_PHONE, { user: BOB.userId }),
      inviteJson(chain, 'invite', FIRST, BOB, { title: 'Grüße & Co' }),
    ],
    handshake: handshakeJson(),
  }
}

function inviteJson(
  { vaultId, links }: Chain,
  name: string,
  invite: Invite,
  joiner: Person,
  rest: { readonly user?: UserId; readonly title?: string } = {},
): Json {
  const link = links.find((one) => one.name === name)?.hash
  if (link === undefined) throw new TypeError('no invite')
  const code = { url: URL, relay: RELAY_2, vaultId, link, secret: invite.secret }
  return {
    ...code,
    secret: hex(invite.secret),
    user: rest.user ?? null,
    title: rest.title ?? null,
    code: formatInviteCode({ ...code, ...rest }),
    key: invite.key,
    joiner: joiner.name,
    fingerprint: fingerprintOf(vaultId, link, joiner.statement),
  }
}

function handshakeJson(): Json {
  const transcript = {
    relayKey: RELAY_2,
    origin: URL,
    clientNonce: seed('client nonce'),
    relayNonce: seed('relay nonce'),
    deviceId: ANN.id,
  }
  return {
    transcript: hex(encode(transcriptCodec, transcript)),
    device: ANN.name,
    challenge: hex(signChallenge(transcript, person('relay/two').sign.privateKey)),
    auth: hex(signAuth(transcript, ANN.sign.privateKey)),
  }
}
