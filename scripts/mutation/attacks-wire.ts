import type { Mutation } from './mutation.js'

// What a relay does on the wire and to whoever joins over it.

export const WIRE: readonly Mutation[] = [
  {
    attack: 3,
    without: 'the fingerprint at a confirmation',
    patches: [
      {
        file: 'daemon/service/devices/devices.ts',
        was: 'const found = all.find((one) => one.fingerprint === fingerprint)',
        now: 'const found = all.find((one) => one.fingerprint.length === fingerprint.length)',
      },
    ],
    test: {
      file: 'daemon/service/devices/join-refused.test.ts',
      name: 'a fingerprint counts only when it is whole and right',
    },
    red: ["['not-found', 'no-request']"],
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
      file: 'daemon/service/devices/join-refused.test.ts',
      name: 'a genesis in place of another is refused',
    },
    red: ['fake-genesis'],
  },
  {
    attack: 5,
    without: "the code's invite in the chain",
    patches: [
      {
        file: 'daemon/service/devices/join.ts',
        was: '.find(({ link }) => link === code.link)',
        now: '.find(({ link }) => link !== undefined)',
      },
      {
        file: 'daemon/service/devices/join.ts',
        was: 'hashes.includes(code.link)',
        now: 'hashes.includes(invite?.link ?? code.link)',
      },
    ],
    test: {
      file: 'daemon/service/devices/join-refused.test.ts',
      name: 'a chain that is not of the code is refused',
    },
    red: ['invite-missing'],
  },
  {
    attack: 13,
    without: "the relay's fresh nonce",
    patches: [
      {
        file: 'sync-server/server.ts',
        was: 'randomBytes(NONCE_LENGTH)',
        now: 'randomBytes(NONCE_LENGTH).fill(1)',
      },
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
      file: 'daemon/sync/handshake.test.ts',
      name: 'attack 26: a device answers the relay that it has pinned, on this connection, and no other',
    },
    red: ['another relay', 'tampering/relay-key', 'holds'],
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
    red: ['ws-err-unsupported-message-length'],
  },
  {
    attack: 13,
    without: "the device's signature over a login",
    patches: [
      {
        file: 'sync-server/core/authenticate.ts',
        was: 'if (!authHolds(challenge.transcript, signature, challenge.keys.sign)) {',
        now: 'if (signature.length !== 64) {',
      },
    ],
    test: {
      file: 'sync-server/core/session.test.ts',
      name: 'hello twice, a wrong origin, a wrong signature',
    },
    red: ['refused unauthenticated', 'wrong.at(-1)'],
  },
  {
    attack: 26,
    without: "the relay's key in what a device signs",
    patches: [
      {
        file: 'shared/protocol/relay-handshake.ts',
        was: "return sign('relay-auth', encode(transcriptCodec, transcript), privateKey)",
        now: "return sign('relay-auth', transcript.relayNonce, privateKey)",
      },
      {
        file: 'shared/protocol/relay-handshake.ts',
        was: "return verify('relay-auth', signature, encode(transcriptCodec, transcript), signKey)",
        now: "return verify('relay-auth', signature, transcript.relayNonce, signKey)",
      },
    ],
    test: {
      file: 'shared/protocol/relay.test.ts',
      name: 'a signature is worth nothing for another transcript or purpose',
    },
    red: ['authHolds(other, authSignature, device.publicKey)'],
  },
  {
    attack: 28,
    without: 'the sides to which kinds of messages belong',
    patches: [
      {
        file: 'shared/protocol/relay-handshake.ts',
        was: "return sign('relay-challenge', encode(transcriptCodec, transcript), privateKey)",
        now: "return sign('relay-auth', encode(transcriptCodec, transcript), privateKey)",
      },
      {
        file: 'shared/protocol/relay-handshake.ts',
        was: "return verify('relay-challenge', signature, encode(transcriptCodec, transcript), relayKey)",
        now: "return verify('relay-auth', signature, encode(transcriptCodec, transcript), relayKey)",
      },
    ],
    test: {
      file: 'shared/protocol/relay.test.ts',
      name: 'a signature is worth nothing for another transcript or purpose',
    },
    red: ['the domains are apart'],
  },
  {
    attack: 39,
    without: 'the longest wait that a relay may ask for',
    patches: [
      {
        file: 'daemon/core/sync/backoff.ts',
        was: 'return Math.min(retryAfter, pace.most)',
        now: 'return Math.max(retryAfter, pace.first)',
      },
    ],
    test: {
      file: 'daemon/core/sync/hostile.test.ts',
      name: 'a wait that a relay asks for is heeded for a minute, not for ages',
    },
    red: ['RETRY.most'],
  },
  {
    attack: 39,
    without: "the relay's quota of a vault",
    patches: [
      {
        file: 'sync-server/mailbox/rules.ts',
        was: 'if (cost > 0 && vault.bytes + cost > vault.quota + reserve) {',
        now: 'if (cost > 0 && vault.quota + reserve < 0) {',
      },
    ],
    test: {
      file: 'sync-server/limits.test.ts',
      name: 'a full vault refuses content, and still takes the link that closes an invite',
    },
    red: ['limit/quota'],
  },
]
