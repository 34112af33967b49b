import type { Mutation } from './mutation.js'

// What a member does with keys, clocks, floods and places that are its admins'.

export const KEYS: readonly Mutation[] = [
  ...[
    'equal(commitmentOf(key), at.start.commitment) &&',
    '&&\n    equal(epochBoxPair(key).publicKey, at.start.box)',
  ].map((was, i): Mutation => ({
    attack: 36,
    without: `the ${i === 0 ? 'commitment' : 'box key'} of an epoch's key`,
    patches: [{ file: 'daemon/core/crypto/epoch.ts', was, now: '' }],
    test: {
      file: 'daemon/core/crypto/epoch.test.ts',
      name: 'a wrap that is missing, moved, corrupted, or of another vault, epoch or key is refused',
    },
    red: ['tampering/bad-wrap', 'holds'],
  })),
  {
    attack: 37,
    without: "the commitment to an item's key",
    patches: [
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: "if (!equal(commitmentIn(context, key), sealed.commitment)) return fail('key-commitment')",
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/crypto/epoch.test.ts',
      name: 'a second key for one ciphertext is refused before it is tried',
    },
    red: ['tampering/key-commitment'],
  },
  {
    attack: 38,
    without: 'the flag on a clock far ahead',
    patches: [
      {
        file: 'daemon/core/vault/clock.ts',
        was: 'if (stamp.wall > now + LIMITS.clockAhead) return true',
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/vault/replica.test.ts',
      name: 'a clock far ahead is flagged and superseded by the next write',
    },
    red: ['winner.ahead'],
  },
  {
    attack: 39,
    without: 'the cap on what waits for links that never come',
    patches: [
      {
        file: 'daemon/core/vault/pending.ts',
        was: 'return !items && this.#strange >= LIMITS.pendingStrange',
        now: 'return false',
      },
      {
        file: 'daemon/core/vault/pending.ts',
        was: 'if (this.#strangeBytes >= LIMITS.pendingStrangeBytes) return true',
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/vault/hostile.test.ts',
      name: 'changesets of nobody, under links that never come, fill neither memory nor disk',
    },
    red: ['LIMITS.pendingStrange'],
  },
  {
    attack: 40,
    without: "a user vault's refusal of runners",
    patches: [
      {
        file: 'shared/log/joining.ts',
        was: "if (m.kind === 'user' && role === 'runner') refuse('foreign-user', 'a user vault has no runners')",
        now: '',
      },
    ],
    test: { file: 'shared/log/joining.test.ts', name: 'a user vault is private' },
    red: ['tampering/foreign-user', 'runner'],
  },
  {
    attack: 59,
    without: 'the right to manage, in directory and settings',
    patches: [
      {
        file: 'daemon/core/vault/cuts.ts',
        was: 'if (role !== undefined && RIGHTS[role].manages) return true',
        now: 'if (role !== undefined) return true',
      },
    ],
    test: {
      file: 'daemon/core/vault/removal.test.ts',
      name: 'in an org the directory and the settings are the admins’, but for what each says of itself',
    },
    red: ["t.value('ann/a', 'p', 'vault')"],
  },
]
