import type { Mutation } from './mutation.js'

// What a stolen disk, a neighbour on the machine, a repository or a teammate's name does.

const KEYSTORE = 'daemon/keystore/keystore.test.ts'
const BOUNDS = 'Argon2id parameters out of bounds are refused before any work'
const BACKUP =
  'attack 43: a disk put back from a backup meets its own later writes before it signs again'

export const LOCAL: readonly Mutation[] = [
  {
    attack: 14,
    without: 'the floor of the work',
    patches: [
      {
        file: 'daemon/keystore/format.ts',
        was: 'if (memory < LIMITS.argon2MemoryMin || time < LIMITS.argon2Time) {',
        now: 'if (memory < 8 || time < 1) {',
      },
    ],
    test: { file: KEYSTORE, name: BOUNDS },
    red: ['tampering/weak-parameters', 'holds'],
  },
  {
    attack: 14,
    without: 'the parameters in the associated data',
    patches: [
      {
        file: 'daemon/core/crypto/passphrase.ts',
        was: 'return seal(key.reveal(), concat(domain(type), aad), plain.reveal(), random)',
        now: 'return seal(key.reveal(), domain(type), plain.reveal(), random)',
      },
      {
        file: 'daemon/core/crypto/passphrase.ts',
        was: 'const plain = open(key.reveal(), concat(domain(type), aad), sealed)',
        now: 'const plain = open(key.reveal(), concat(domain(type), aad.subarray(0, 0)), sealed)',
      },
    ],
    test: {
      file: KEYSTORE,
      name: 'local keys differ from each other and from the root; a box is of its type',
    },
    red: ["utf8('')", 'cannot-decrypt'],
  },
  {
    attack: 15,
    without: 'the ceiling of the work',
    patches: [
      {
        file: 'daemon/keystore/format.ts',
        was: 'if (memory > LIMITS.argon2MemoryMax || time > LIMITS.argon2TimeMax) {',
        now: 'if (memory > 2 ** 40) {',
      },
    ],
    test: { file: KEYSTORE, name: BOUNDS },
    red: ['limit/costly-parameters', 'holds'],
  },
  {
    attack: 41,
    without: 'the codes in place of what a terminal obeys',
    patches: [
      {
        file: 'shared/display.ts',
        was: 'return text.replace(HIDDEN, escapeCharacter)',
        now: 'return text',
      },
    ],
    test: { file: 'shared/display.test.ts', name: 'what a terminal obeys is shown by its code' },
    red: ['\\u{1b}[2J'],
  },
  {
    attack: 42,
    without: 'the key around the root',
    patches: [
      {
        file: 'daemon/core/crypto/passphrase.ts',
        was: 'return seal(key.reveal(), concat(domain(type), aad), plain.reveal(), random)',
        now: 'return seal(new Uint8Array(32), concat(domain(type), aad), plain.reveal(), random)',
      },
      {
        file: 'daemon/core/crypto/passphrase.ts',
        was: 'const plain = open(key.reveal(), concat(domain(type), aad), sealed)',
        now: 'const plain = open(new Uint8Array(32), concat(domain(type), aad), sealed)',
      },
    ],
    test: { file: KEYSTORE, name: 'the passphrase that made it opens it, another does not' },
    red: ["passphrase('wrong')", 'nothing was refused'],
  },
  {
    attack: 43,
    without: 'the look for own writes that the disk lacks',
    patches: [
      {
        file: 'daemon/core/vault/intake.ts',
        was: 'if (changes.some((change) => change.device === this.#identity.device)) {',
        now: 'if (changes.length < 0) {',
      },
    ],
    test: { file: 'daemon/core/vault/attacks-rights.test.ts', name: BACKUP },
    red: ['own-write-unknown'],
  },
  {
    attack: 43,
    without: 'the alarm at a number signed twice',
    patches: [
      {
        file: 'daemon/core/vault/inbound.ts',
        was: 'if (doubled) {',
        now: 'if (doubled && now < 0) {',
      },
    ],
    test: { file: 'daemon/core/vault/attacks-rights.test.ts', name: BACKUP },
    red: ['equivocation'],
  },
  {
    attack: 48,
    without: 'the refusal of scripts mixed in a word',
    patches: [
      {
        file: 'daemon/core/vault/reference.ts',
        was: "return isMixed(segment) ? 'mixed-script' : undefined",
        now: 'return undefined',
      },
    ],
    test: {
      file: 'daemon/core/vault/reference.test.ts',
      name: 'what is no reference is refused by its reason',
    },
    red: ['format/mixed-script', 'holds'],
  },
  {
    attack: 48,
    without: 'the refusal of hidden characters',
    patches: [
      {
        file: 'daemon/core/vault/reference.ts',
        was: "if (hasHidden(name)) return 'hidden-character'",
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/vault/reference.test.ts',
      name: 'what is no reference is refused by its reason',
    },
    red: ['format/hidden-character', 'holds'],
  },
  {
    attack: 55,
    without: 'most bits of the fingerprint',
    patches: [
      {
        file: 'shared/log/code.ts',
        was: 'return toBase32(sum.subarray(0, 10))',
        now: 'return toBase32(sum.subarray(0, 5))',
      },
    ],
    test: {
      file: 'shared/log/code.test.ts',
      name: 'a fingerprint is 16 characters, and another for anything that an attacker could change',
    },
    red: ['match'],
  },
  {
    attack: 60,
    without: "the look at who chose a child's variables",
    patches: [
      {
        file: 'daemon/service/place.ts',
        was: 'if (!isFree && !sameTarget(target, () => meant(without))) throw',
        now: 'if (!isFree && !sameTarget(target, () => target)) throw',
      },
    ],
    test: {
      file: 'daemon/service/hostile.test.ts',
      name: "attack 60: a cloned repository's .coffer.yaml loads no secret into run",
    },
    red: ["['refused', 'not-allowed']"],
  },
  {
    attack: 60,
    without: 'the bytes of what was allowed',
    patches: [
      {
        file: 'daemon/service/allowed.ts',
        was: 'one.path === path && equal(one.digest, digest)',
        now: 'one.path === path && !equal(one.digest, new Uint8Array(32))',
      },
    ],
    test: {
      file: 'daemon/service/allowed.test.ts',
      name: 'attack 60: an allowed file counts while it is the very one, and no longer',
    },
    red: ['changed'],
  },
  {
    attack: 60,
    without: 'the look at what a file maps in the selected project',
    patches: [
      {
        file: 'daemon/service/secrets/mapping.ts',
        was: 'if (!isAllowed(session, file)) throw notAllowed(path)',
        now: '',
      },
    ],
    test: {
      file: 'daemon/service/allowed.test.ts',
      name: 'attack 60: what a file maps is refused until it is allowed, in the selected project too',
    },
    red: ['nothing was refused'],
  },
  {
    attack: 61,
    without: 'the names that a loader obeys',
    patches: [
      {
        file: 'daemon/core/plain/variables.ts',
        was: 'if (isLoaderVariable(secret.name) && !allow.includes(secret.name)) throw loader(secret.name)',
        now: '',
      },
    ],
    test: { file: 'daemon/core/plain/plain.test.ts', name: 'secrets that are no variables' },
    red: ['refused/loader-variable', 'holds'],
  },
  {
    attack: 61,
    without: 'the beginnings of names that a loader obeys',
    patches: [
      {
        file: 'shared/loader-variables.ts',
        was: 'return LOADER_PREFIXES.some((prefix) => name.startsWith(prefix))',
        now: 'return LOADER_PREFIXES.includes(name)',
      },
    ],
    test: { file: 'daemon/core/plain/plain.test.ts', name: 'secrets that are no variables' },
    red: ["pair('LD_AUDIT')", 'refused/loader-variable', 'holds'],
  },
  {
    attack: 25,
    without: 'the hash in place of a name in the database',
    patches: [
      {
        file: 'daemon/store/sealed.ts',
        was: "return concat(first, sealing.keyedHash(keys.index, 'index', this.#vault, first, key))",
        now: 'return sealing === undefined ? keys.index : concat(first, key)',
      },
    ],
    test: {
      file: 'daemon/store/sealed.test.ts',
      name: 'neither names nor values are in the store, nor the same hash in another vault',
    },
    red: ['/canary/'],
  },
]
