import type { Mutation } from './mutation.js'

// What a relay does to ciphertexts, keys and signed bytes.

const CHANGESET = 'shared/log/changeset.test.ts'
const EPOCH = 'daemon/core/crypto/epoch.test.ts'

export const BYTES: readonly Mutation[] = [
  {
    attack: 16,
    without: "the suite in a changeset's rules",
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'if (header.version !== VERSION || header.suite !== SUITE) {',
        now: 'if (header.version === 0) {',
      },
    ],
    test: {
      file: CHANGESET,
      name: 'a changeset of another vault, author, version or signature is refused',
    },
    red: ['format/suite'],
  },
  {
    attack: 16,
    without: "the suite in a link's rules",
    patches: [
      {
        file: 'shared/log/rules.ts',
        was: 'if (link.version !== VERSION || link.suite !== SUITE) {',
        now: 'if (link.version === 0) {',
      },
    ],
    test: {
      file: 'shared/log/validate.test.ts',
      name: 'a link of another vault, place or author is refused',
    },
    red: ['format/suite'],
  },
  {
    attack: 17,
    without: "the value's hash in the signed header",
    patches: [
      {
        file: 'shared/log/entry.ts',
        was: 'item.value !== undefined && equal(partHash(item.value), header.value))',
        now: 'item.value !== undefined)',
      },
    ],
    test: { file: CHANGESET, name: 'attacks 17, 20: no byte of a ciphertext can be turned' },
    red: ['tampering/bad-item', 'value'],
  },
  {
    attack: 18,
    without: 'vault, epoch and device in a wrapped key',
    patches: [
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: 'equal(plain, wrapPlain(key, at.vault, at.epoch, at.device)) &&',
        now: '',
      },
    ],
    test: {
      file: EPOCH,
      name: 'a wrap that is missing, moved, corrupted, or of another vault, epoch or key is refused',
    },
    red: ['another vault', 'tampering/bad-wrap'],
  },
  {
    attack: 19,
    without: 'the tag in a signature',
    patches: [
      {
        file: 'shared/crypto/sign.ts',
        was: 'return sodium.crypto_sign_detached(concat(domain(type), body), privateKey)',
        now: 'return sodium.crypto_sign_detached(body, privateKey)',
      },
      {
        file: 'shared/crypto/sign.ts',
        was: 'return sodium.crypto_sign_verify_detached(signature, concat(domain(type), body), publicKey)',
        now: 'return sodium.crypto_sign_verify_detached(signature, body, publicKey)',
      },
    ],
    test: {
      file: 'shared/log/entry.test.ts',
      name: 'a signature holds for its kind, its bytes and its key alone',
    },
    red: ['verify(kind, signature, body, pair.publicKey)'],
  },
  {
    attack: 20,
    without: "the meta's hash in the signed header",
    patches: [
      {
        file: 'shared/log/entry.ts',
        was: 'equal(partHash(item.meta), header.meta) &&',
        now: 'header.meta.length === 32 &&',
      },
    ],
    test: { file: CHANGESET, name: 'attacks 17, 20: no byte of a ciphertext can be turned' },
    red: ['tampering/bad-item', 'meta'],
  },
  {
    attack: 20,
    without: "the author's signature over a changeset",
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'signedHeader.check(signed, device.keys.sign)',
        now: 'signedHeader.read(signed)',
      },
    ],
    test: {
      file: CHANGESET,
      name: 'a changeset of another vault, author, version or signature is refused',
    },
    red: ['tampering/bad-signature'],
  },
  {
    attack: 25,
    without: 'the padding',
    patches: [
      {
        file: 'daemon/core/crypto/seal.ts',
        was: 'const out = new Uint8Array(bucket)',
        now: 'const out = new Uint8Array(bytes.length + 4)',
      },
    ],
    test: { file: EPOCH, name: 'names, values and equal values of one size look alike' },
    red: ['new Set(sizes).size'],
  },
  {
    attack: 25,
    without: 'the random nonce',
    patches: [
      {
        file: 'daemon/core/crypto/seal.ts',
        was: 'const nonce = random(NONCE)',
        now: 'const nonce = random(NONCE).fill(0)',
      },
    ],
    test: { file: EPOCH, name: 'names, values and equal values of one size look alike' },
    red: ['not.equal(one.box, two.box)'],
  },
  {
    attack: 28,
    without: 'the refusal of keys that a schema lacks',
    patches: [
      {
        file: 'shared/codec.ts',
        was: "if (seen !== raw.size) return malformed(path, 'unknown key')",
        now: '',
      },
    ],
    test: {
      file: 'shared/codec.test.ts',
      name: 'maps are ordered, without doubles, unknown or missing keys',
    },
    red: ['format/malformed'],
  },
  {
    attack: 28,
    without: 'the tag in hashes and signatures of signed things',
    patches: [
      {
        file: 'shared/crypto/hash.ts',
        was: 'const tag = utf8(`coffer/v1/${type}\\0`)',
        now: "const tag = utf8('coffer/v1/')",
      },
    ],
    test: {
      file: 'shared/log/entry.test.ts',
      name: 'a body read as another kind is refused, and two kinds of one body have two hashes',
    },
    red: ["hash('changeset', link.body)"],
  },
  {
    attack: 18,
    without: "the table's hash in its link",
    patches: [
      {
        file: 'shared/log/wraps.ts',
        was: "if (expected !== undefined && table !== undefined && !equal(hash('wraps', table), expected))",
        now: 'if (expected !== undefined && table !== undefined && table.length === 0)',
      },
    ],
    test: {
      file: 'shared/log/validate.test.ts',
      name: 'a table of wraps is the one that the link names, for exactly its new readers',
    },
    red: ['tampering/bad-wraps', 'holds'],
  },
  {
    attack: 23,
    without: 'the second reckoning of a snapshot',
    patches: [
      {
        file: 'daemon/core/vault/snapshot.ts',
        was: "if (!same) badSnapshot('it leaves out, or adds, what this device finds otherwise')",
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/vault/snapshot.test.ts',
      name: 'attack 23: the co-signer finds what a snapshot leaves out, adds or bends',
    },
    red: ['said({ count: 5 })', 'holds'],
  },
  {
    attack: 23,
    without: "the root over a snapshot's rows",
    patches: [
      {
        file: 'daemon/core/vault/base.ts',
        was: "if (!holds) badSnapshot('its rows are not what was signed')",
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/vault/snapshot.test.ts',
      name: 'attack 23: entries or rows that the relay changes, holds back or adds do not count',
    },
    red: ['tampering/bad-snapshot', 'holds'],
  },
  {
    attack: 23,
    without: 'the way from a leaf to the root',
    patches: [
      {
        file: 'shared/log/snapshot-tree.ts',
        was: 'if (!equal(climb(leafHash(proof), index, snapshot.leaves, path), snapshot.root))',
        now: 'if (climb(leafHash(proof), index, snapshot.leaves, path) === snapshot.root)',
      },
    ],
    test: {
      file: 'shared/log/snapshot-tree.test.ts',
      name: 'attack 23: a leaf that was changed, cut, moved or is another proves nothing',
    },
    red: ['said({ rows: ', 'holds'],
  },
  {
    attack: 24,
    without: 'the end of what a snapshot leaves out',
    patches: [
      {
        file: 'daemon/core/vault/base.ts',
        was: 'if (!live.has(id)) continue',
        now: 'if (live.size < 0) continue',
      },
    ],
    test: {
      file: 'daemon/core/vault/snapshot.test.ts',
      name: 'attack 24: what was deleted while a device was away does not come back with it',
    },
    red: ['seen(b).slice(1), seen(a)', 'replaced='],
  },
  {
    attack: 53,
    without: 'what a checkpoint has made final',
    patches: [
      {
        file: 'shared/log/checkpoint.ts',
        was: "if (!above) refuse('below-checkpoint', 'it voids changes that a checkpoint covers')",
        now: '',
      },
    ],
    test: {
      file: 'shared/log/checkpoint.test.ts',
      name: 'attack 53: a cut voids nothing that a checkpoint covers',
    },
    red: ['tampering/below-checkpoint', 'holds'],
  },
  {
    attack: 54,
    without: 'the second person',
    patches: [
      {
        file: 'shared/log/checkpoint.ts',
        was: 'if (!mayWitness(m, maker, author.device))',
        now: 'if (maker.id === undefined)',
      },
    ],
    test: {
      file: 'shared/log/checkpoint.test.ts',
      name: "attack 54: one's own second device confirms nothing while another user could",
    },
    red: ['tampering/own-witness', 'holds'],
  },
]
