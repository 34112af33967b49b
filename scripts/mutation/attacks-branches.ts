import type { Mutation } from './mutation.js'

// Devices that signed a number twice.

const BRANCHES = 'daemon/core/vault/branches.test.ts'
const LOG = 'sync-server/branches.test.ts'
const WRITER = 'sync-server/core/writer.ts'

export const BRANCHED: readonly Mutation[] = [
  {
    attack: 43,
    without: "the log's second branch",
    patches: [
      {
        file: WRITER,
        was: 'if (newest !== undefined && seq > 0 && seq <= newest.seq)',
        now: 'if (newest !== undefined && seq < 0)',
      },
    ],
    test: {
      file: LOG,
      name: 'attack 43: a number that was signed twice keeps both branches, each to be followed',
    },
    red: ['tampering/bad-seq'],
  },
  {
    attack: 43,
    without: 'the refusal of an old changeset cut into other entries',
    patches: [
      {
        file: WRITER,
        was: 'items.length < header.items.length)',
        now: 'items.length < 0)',
      },
    ],
    test: {
      file: LOG,
      name: 'attack 43: a second changeset of a number comes whole, so that no old one brought again bars its author',
    },
    red: ['tampering/two-hashes'],
  },
  {
    attack: 43,
    without: "the second branch's head in a cut",
    patches: [
      {
        file: 'daemon/core/vault/removing.ts',
        was: '.slice(0, LIMITS.cuts)',
        now: '.slice(0, Math.min(1, LIMITS.cuts))',
      },
    ],
    test: {
      file: BRANCHES,
      name: 'attack 43: a removal names the heads of both branches: everybody shows the same, whichever came first',
    },
    red: ['both heads are named'],
  },
]
