import type { Mutation } from './mutation.js'

// Two branches of a membership chain: what is one, what it stops, and who ends it.

const TEST = 'daemon/core/vault/forks.test.ts'
const FORKS = 'daemon/core/vault/forks.ts'

export const FORKED: readonly Mutation[] = [
  {
    attack: 12,
    without: 'the stop of writes in a fork',
    patches: [
      {
        file: 'daemon/core/vault/replica.ts',
        was: 'this.#drafts.maySend && !this.isForked',
        now: 'this.#drafts.maySend',
      },
    ],
    test: {
      file: TEST,
      name: 'attack 12: in a fork reads go on and writes stop, on both sides, also after a restart',
    },
    red: ['writes stop'],
  },
  {
    attack: 12,
    without: 'the look whether who ends a fork is an owner here, too',
    patches: [
      {
        file: 'shared/log/fork.ts',
        was: "if (roleAt(of, author) !== 'owner') continue",
        now: 'if (roleAt(by, author) === undefined) continue',
      },
    ],
    test: {
      file: TEST,
      name: 'attack 12: an owner whom this branch has removed leads nobody over to another',
    },
    red: ['nobody is led over'],
  },
  {
    attack: 12,
    without: "the owner's right to end a fork",
    patches: [
      {
        file: 'shared/log/fork.ts',
        was: "if (role !== 'owner') refuse('not-authorised', 'only an owner ends a fork')",
        now: '',
      },
    ],
    test: { file: 'shared/log/fork.test.ts', name: 'an owner ends a fork, and nobody else' },
    red: ['tampering/not-authorised', 'holds'],
  },
  {
    attack: 51,
    without: 'the patience with a link that nobody builds on',
    patches: [
      {
        file: FORKS,
        was: 'if (before === undefined) return { ops, alarms: [], foreign: false }',
        now: '',
      },
    ],
    test: {
      file: TEST,
      name: 'attack 51: a link that lost a race and that nobody builds on is no fork',
    },
    red: ['no fork'],
  },
  {
    attack: 51,
    without: 'the look whether who builds on a branch is in',
    patches: [
      {
        file: FORKS,
        was: 'if (role === undefined || !RIGHTS[role].writes || proved) return []',
        now: "if (!RIGHTS[role ?? 'owner'].writes || proved) return []",
      },
      {
        file: FORKS,
        was: 'return !ended && roleAt(m, device) !== undefined',
        now: "return !ended && roleAt(m, device) !== 'runner'",
      },
    ],
    test: {
      file: TEST,
      name: 'attack 51: what a device that is out builds on its own link stops nobody',
    },
    red: ['nobody stops'],
  },
]
