import type { Mutation } from './mutation.js'

// What a relay does on the wire: logs shown, withheld and told apart, logins, floods.

const HEADS = 'daemon/core/vault/heads.ts'
const HOSTILE = 'daemon/core/vault/hostile.test.ts'
const READING = 'daemon/core/sync/reading.ts'
const SENDING = 'daemon/core/sync/sending.test.ts'
const RIGHTS = 'daemon/core/vault/attacks-rights.test.ts'

export const RELAY: readonly Mutation[] = [
  {
    attack: 3,
    without: 'the fingerprint at a confirmation',
    patches: [
      {
        file: 'daemon/service/devices.ts',
        was: 'const found = all.find((one) => one.fingerprint === fingerprint)',
        now: 'const found = all.find((one) => one.fingerprint.length === fingerprint.length)',
      },
    ],
    test: {
      file: 'daemon/service/join-refused.test.ts',
      name: 'a fingerprint counts only when it is whole and right',
    },
    red: ["['not-found', 'no-request']"],
  },
  {
    attack: 3,
    without: 'the whole of the fingerprint',
    patches: [
      {
        file: 'daemon/service/devices.ts',
        was: 'if (bytes?.length === 10) return',
        now: 'if (bytes !== undefined) return',
      },
    ],
    test: {
      file: 'daemon/service/join-refused.test.ts',
      name: 'a fingerprint counts only when it is whole and right',
    },
    red: ["['format', 'fingerprint']"],
  },
  {
    attack: 5,
    without: "the vault's id on a genesis",
    patches: [
      {
        file: 'daemon/core/vault/chain.ts',
        was: 'if (opened.vaultId !== this.vaultId) {',
        now: "if (opened.kind === 'project' && opened.devices.size === 0) {",
      },
    ],
    test: {
      file: 'daemon/service/join-refused.test.ts',
      name: 'a genesis in place of another is refused',
    },
    red: ['fake-genesis'],
  },
  {
    attack: 5,
    without: "the code's invite in the chain",
    patches: [
      {
        file: 'daemon/service/join.ts',
        was: 'const invite = [...membership.invites.values()].find(({ link }) => link === code.link)',
        now: 'const [invite] = membership.invites.values()',
      },
      {
        file: 'daemon/service/join.ts',
        was: 'if (!membership.hashes.includes(code.link) || invite === undefined) {',
        now: 'if (invite === undefined) {',
      },
    ],
    test: {
      file: 'daemon/service/join-refused.test.ts',
      name: 'a chain that is not of the code is refused',
    },
    red: ['invite-missing'],
  },
  {
    attack: 9,
    without: 'the look whether a changeset is known',
    patches: [
      {
        file: 'daemon/core/vault/intake.ts',
        was: 'if (this.#parts.graph.has(hash)) {',
        now: 'if (this.#parts.graph.has(hash) && hash === this.#parts.chain.vaultId) {',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attacks 9, 13: an old change shown again, or as a newer one, rolls nothing back',
    },
    red: ['reasons(outcome)', 'equivocation'],
  },
  {
    attack: 9,
    without: 'the turn of sequence numbers',
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'if (header.seq !== (tail?.seq ?? 0) + 1)',
        now: 'if (header.seq < 0)',
      },
    ],
    test: { file: 'shared/log/changeset.test.ts', name: 'a device writes in turn' },
    red: ['tampering/bad-seq'],
  },
  {
    attack: 10,
    without: "other devices' heads past one's own place",
    patches: [
      {
        file: HEADS,
        was: 'if (known === undefined || isPast(head, known)) this.#ahead.set(head.device, head)',
        now: '',
      },
    ],
    test: {
      file: HOSTILE,
      name: "a signed head past the relay's log is remembered, whatever else is said of it",
    },
    red: ['b.replica.ahead', 'generation'],
  },
  {
    attack: 11,
    without: 'the alarm that a log is withheld',
    patches: [{ file: READING, was: 'noteWithheld(w, { generation, pos: head.pos })', now: '' }],
    test: {
      file: 'daemon/core/sync/hostile.test.ts',
      name: 'a relay that shows less than another device has signed to have read is asked once, then told on',
    },
    red: ['log-withheld'],
  },
  {
    attack: 12,
    without: 'the comparison of logs',
    patches: [
      {
        file: HEADS,
        was: 'if (this.#logHash(head.pos, cursor) !== head.logHash) {',
        now: 'if (this.#logHash(head.pos, cursor) === undefined) {',
      },
    ],
    test: {
      file: 'daemon/core/vault/replica.test.ts',
      name: 'signed heads agree on one log and tell two apart',
    },
    red: ['two-logs'],
  },
  {
    attack: 12,
    without: 'the alarm at a second link of one number',
    patches: [
      {
        file: 'daemon/core/vault/chain.ts',
        was: 'if (known !== undefined) return this.#again(link, signed, known)',
        now: 'if (known !== undefined) return NOTHING',
      },
    ],
    test: {
      file: HOSTILE,
      name: 'a link in the place of another blames nobody who did not sign it',
    },
    red: ['foreign-vault', 'bad-signature'],
  },
  {
    attack: 13,
    without: "an invite's single use",
    patches: [
      {
        file: 'shared/log/rules.ts',
        was: "if (invite.state !== 'open') refuse('invite-used', `the invite is ${invite.state}`)",
        now: '',
      },
    ],
    test: {
      file: 'shared/log/joining.test.ts',
      name: 'an invite serves once, and not after it was withdrawn',
    },
    red: ['tampering/invite-used'],
  },
  {
    attack: 13,
    without: "the relay's fresh nonce",
    patches: [
      { file: 'sync-server/server.ts', was: 'randomBytes(32)', now: 'randomBytes(32).fill(1)' },
    ],
    test: {
      file: 'sync-server/handshake.test.ts',
      name: 'a replayed handshake is refused: the relay’s nonce is new each time',
    },
    red: ['not.equal', 'nonce'],
  },
  {
    attack: 16,
    without: 'the refusal of ws:// beyond loopback',
    patches: [
      {
        file: 'daemon/sync/address.ts',
        was: "if (url.protocol === 'ws:' && !isLoopback(url.hostname)) {",
        now: "if (url.protocol === 'ws:' && !isLoopback(url.hostname) && url.port === 'x') {",
      },
    ],
    test: {
      file: 'daemon/sync/address.test.ts',
      name: 'wss:// anywhere, ws:// on loopback alone, and nothing but host and port',
    },
    red: ["error.reason === 'relay-url'", 'ws://relay.example'],
  },
  {
    attack: 26,
    without: "the relay's pinned key",
    patches: [
      {
        file: 'daemon/sync/handshake.ts',
        was: 'const pinned = challenge.relayKey === this.#address.key',
        now: 'const pinned = true',
      },
    ],
    test: {
      file: 'daemon/sync/connection.test.ts',
      name: 'who holds another key, or signs something else, is not spoken to',
    },
    red: ['tampering/relay-key'],
  },
  {
    attack: 26,
    without: 'the origin that the client dialled',
    patches: [
      {
        file: 'sync-server/core/authenticate.ts',
        was: "if (!origins.includes(hello.origin)) refuse('origin', 'the client dialled another origin')",
        now: '',
      },
    ],
    test: {
      file: 'sync-server/core/session.test.ts',
      name: 'hello twice, a wrong origin, a wrong signature',
    },
    red: ['origin'],
  },
  {
    attack: 27,
    without: 'the cap before decoding',
    patches: [
      {
        file: 'shared/codec.ts',
        was: 'if (bytes.length > maxBytes) {',
        now: 'if (maxBytes < 0) {',
      },
    ],
    test: { file: 'shared/protocol/relay.test.ts', name: 'frames are capped both ways' },
    red: ['oversize', 'malformed'],
  },
  {
    attack: 27,
    without: 'the cap of a frame on the wire',
    patches: [{ file: 'daemon/sync/connection.ts', was: 'maxPayload: LIMITS.frame,', now: '' }],
    test: {
      file: 'daemon/sync/connection.test.ts',
      name: 'whatever is no message of the protocol ends the connection with a code, and nothing else',
    },
    red: ['ws-err-unsupported-message-length', 'limit/oversize'],
  },
  {
    attack: 50,
    without: 'the alarm at an acknowledgement that is not true',
    patches: [{ file: READING, was: 'if (lies > 0) falseAcknowledgement(w, lies)', now: '' }],
    test: {
      file: SENDING,
      name: 'an acknowledged entry that is not at its place is an alarm, and is sent again',
    },
    red: ['false-acknowledgement'],
  },
  {
    attack: 50,
    without: 'what was on the wire, kept to be sent again',
    patches: [
      {
        file: 'daemon/core/sync/sending.ts',
        was: '({ id }) => !flying.has(id) && !s.claims.has(id) && !s.doubts.has(id),',
        now: '({ id }) => !flying.has(id),',
      },
    ],
    test: {
      file: SENDING,
      name: 'nothing leaves the outbox by an acknowledgement, and nothing is sent twice meanwhile',
    },
    red: ["h.sent('append').length"],
  },
  {
    attack: 51,
    without: "the own link's word that it lost",
    patches: [
      {
        file: 'daemon/core/vault/chain.ts',
        was: "const reason = own ? 'withdrawn-link' : 'fork'",
        now: "const reason = own ? 'fork' : 'fork'",
      },
    ],
    test: {
      file: HOSTILE,
      name: 'a link in the place of another blames nobody who did not sign it',
    },
    red: ['withdrawn-link'],
  },
  {
    attack: 58,
    without: "the device's signature over its head",
    patches: [{ file: HEADS, was: 'signedHead.check(signed, device.keys.sign)', now: '' }],
    test: {
      file: HOSTILE,
      name: "attack 58: freshness is another device's signed word, not the relay's, nor one's own",
    },
    red: ['bad-signature'],
  },
]
