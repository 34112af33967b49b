import type { Mutation } from './mutation.js'

// What a relay does to the log and the chain: who comes in by whose keys, and what stands where.

const CHANGESET = 'shared/log/changeset.test.ts'
const EPOCH = 'daemon/core/crypto/epoch.test.ts'
const JOINING = 'shared/log/joining.test.ts'
const PROVES = 'a join request proves code, keys, vault and invite'
const PLACE = 'the ciphertexts are the ones that were signed, each in its place'

export const PLACES: readonly Mutation[] = [
  {
    attack: 1,
    without: "the code's signature over a join request",
    patches: [
      {
        file: 'shared/log/joining.ts',
        was: "if (!verify('join-invite', inviteSignature, request.body, inviteKey))",
        now: 'if (inviteKey.length === 0 || inviteSignature.length === 0)',
      },
    ],
    test: { file: JOINING, name: PROVES },
    red: ['another code', 'tampering/bad-proof'],
  },
  {
    attack: 1,
    without: 'the keys in the fingerprint',
    patches: [
      {
        file: 'shared/log/code.ts',
        was: 'bytesOf(invite), statementBytes(joiner))',
        now: 'bytesOf(invite), statementBytes(joiner).subarray(0, 0))',
      },
    ],
    test: {
      file: 'shared/log/code.test.ts',
      name: 'a fingerprint is 16 characters, and another for anything that an attacker could change',
    },
    red: ['new Set([print, ...others]).size'],
  },
  {
    attack: 2,
    without: "the device's signature over a join request",
    patches: [
      {
        file: 'shared/log/joining.ts',
        was: "if (!verify('join-device', deviceSignature, request.body, body.statement.keys.sign)) {",
        now: 'if (deviceSignature.length === 0) {',
      },
    ],
    test: { file: JOINING, name: PROVES },
    red: ['no device key', 'tampering/bad-proof'],
  },
  {
    attack: 2,
    without: "the statement's signature over both keys and the user",
    patches: [
      {
        file: 'shared/log/rules.ts',
        was: 'if (!statementHolds(statement))',
        now: 'if (statement.signature.length === 0)',
      },
    ],
    test: { file: JOINING, name: PROVES },
    red: ['a box key that the device did not state', 'tampering/bad-proof'],
  },
  {
    attack: 4,
    without: "the author's signature over a link",
    patches: [
      {
        file: 'shared/log/validate.ts',
        was: 'signedLink.check(signed, author.keys.sign)',
        now: 'signedLink.read(signed)',
      },
    ],
    test: {
      file: 'shared/log/attacks.test.ts',
      name: 'attack 4: an approval is for the keys that were shown, whoever passes it on',
    },
    red: ['tampering/bad-signature'],
  },
  {
    attack: 6,
    without: 'the box around a wrapped key',
    patches: [
      {
        file: 'daemon/core/crypto/seal.ts',
        was: 'return sodium.crypto_box_seal(plain, publicKey)',
        now: 'return concat(publicKey, new Uint8Array(16), plain)',
      },
      {
        file: 'daemon/core/crypto/seal.ts',
        was: 'return sodium.crypto_box_seal_open(box, pair.publicKey, pair.privateKey)',
        now: 'return box.slice(48)',
      },
    ],
    test: {
      file: EPOCH,
      name: 'attack 6: what is sent to a joiner holds no key that its relay could read',
    },
    red: ['toHex(EPOCH)'],
  },
  {
    attack: 7,
    without: "the hashes of an item's ciphertexts in the signed header",
    patches: [
      {
        file: 'shared/log/entry.ts',
        was: 'equal(partHash(item.meta), header.meta) &&',
        now: 'header.meta.length === 32 &&',
      },
      {
        file: 'shared/log/entry.ts',
        was: 'item.value !== undefined && equal(partHash(item.value), header.value))',
        now: 'item.value !== undefined)',
      },
    ],
    test: { file: CHANGESET, name: PLACE },
    red: ["error.reason === 'bad-item'", 'throw'],
  },
  {
    attack: 7,
    without: "the place in an item's commitment",
    patches: [
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: "if (!equal(commitmentIn(context, key), sealed.commitment)) return fail('key-commitment')",
        now: '',
      },
    ],
    test: { file: EPOCH, name: 'a part opens at its own place and nowhere else' },
    red: ['tampering/key-commitment', 'tampering/bad-box'],
  },
  {
    attack: 7,
    without: "the place in an item's key and in its associated data",
    patches: [
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: "return keyedHash(epochKey, 'item-key', bytesOf(at.vaultId), bytesOf(at.device), context)",
        now: "return keyedHash(epochKey, 'item-key', bytesOf(at.vaultId), context.subarray(0, 0))",
      },
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: 'const box = seal(key, context, pad(plain), random)',
        now: 'const box = seal(key, plain.subarray(0, 0), pad(plain), random)',
      },
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: 'const padded = open(key, context, sealed.box)',
        now: 'const padded = open(key, context.subarray(0, 0), sealed.box)',
      },
    ],
    test: {
      file: EPOCH,
      name: 'a ciphertext moved together with a commitment made for its new place does not open there',
    },
    red: ['tampering/bad-box', 'holds'],
  },
  {
    attack: 8,
    without: "the vault in a changeset's rules",
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: "if (header.vaultId !== m.vaultId) refuse('foreign-vault', 'it belongs to another vault')",
        now: '',
      },
    ],
    test: {
      file: CHANGESET,
      name: 'a changeset of another vault, author, version or signature is refused',
    },
    red: ['tampering/foreign-vault'],
  },
  {
    attack: 8,
    without: "the vault in a link's rules",
    patches: [
      {
        file: 'shared/log/validate.ts',
        was: "if (link.vaultId !== m.vaultId) refuse('foreign-vault', 'it belongs to another vault')",
        now: '',
      },
    ],
    test: {
      file: 'shared/log/validate.test.ts',
      name: 'a link of another vault, place or author is refused',
    },
    red: ['tampering/foreign-vault'],
  },
]
