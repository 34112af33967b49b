import type { Mutation } from './mutation.js'

// What members do, removed ones or current: rights at their places, cuts and new keys.

const ATTACKS = 'shared/log/attacks.test.ts'
const CHANGESET = 'shared/log/changeset.test.ts'
const REMOVAL = 'shared/log/removal.ts'
const RIGHTS = 'daemon/core/vault/attacks-rights.test.ts'
export const ROTATES =
  'attacks 21, 49: who ceases to read does so by a new key in the same link, or not at all'
const RETURNS =
  'attack 30: a removed device comes in again neither by itself, nor by its own, nor by half'
export const WITHHELD =
  'attacks 22, 49: a removal whose new key is withheld is not in force, and its true pair is'

export const KEYLESS = {
  file: REMOVAL,
  was: 'if ((epoch === undefined) === needed)',
  now: 'if (epoch !== undefined && !needed)',
}
const UNCUT = {
  file: 'daemon/core/vault/cuts.ts',
  was: 'memberN < from && counted[i]?.has(hash) !== true)',
  now: 'memberN < from && counted[i] === undefined)',
}
export const TABLE = {
  file: 'daemon/core/vault/chain.ts',
  was: '      checkTable(link, wraps)\n',
  now: '',
}

export const MEMBERS: readonly Mutation[] = [
  {
    attack: 21,
    without: 'the new key of a removal',
    patches: [KEYLESS],
    test: { file: ATTACKS, name: ROTATES },
    red: ['tampering/bad-epoch', 'holds'],
  },
  {
    attack: 22,
    without: 'the table in front of its link',
    patches: [TABLE],
    test: { file: RIGHTS, name: WITHHELD },
    red: ['reader', 'undefined'],
  },
  {
    attack: 29,
    without: 'the cut',
    patches: [UNCUT],
    test: {
      file: RIGHTS,
      name: 'attack 29: a removed member backdates a write, by its chain, its place or what it builds on',
    },
    red: ['known', 'backdated'],
  },
  {
    attack: 29,
    without: 'the chain that whoever builds on a change must know',
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'if (at.memberN > header.memberHead.n) {',
        now: 'if (at.memberN < 0) {',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attack 29: a removed member backdates a write, by its chain, its place or what it builds on',
    },
    red: ['member-head-back'],
  },
  {
    attack: 30,
    without: "the author's being active",
    patches: [
      {
        file: 'shared/log/validate.ts',
        was: 'const role = roleAt(m, link.author)',
        now: "const role = roleAt(m, link.author) ?? 'owner'",
      },
    ],
    test: { file: ATTACKS, name: RETURNS },
    red: ['tampering/unknown-author'],
  },
  {
    attack: 30,
    without: 'the memory of devices that were here',
    patches: [
      {
        file: 'shared/log/rules.ts',
        was: 'if (m.devices.has(id) || m.devices.knows(keys))',
        now: "if (id === '' && m.devices.knows(keys))",
      },
    ],
    test: { file: ATTACKS, name: RETURNS },
    red: ['tampering/device-known', 'unnoticed'],
  },
  {
    attack: 30,
    without: 'the memory of single keys',
    patches: [
      {
        file: 'shared/log/rules.ts',
        was: 'if (m.devices.has(id) || m.devices.knows(keys))',
        now: 'if (m.devices.has(id))',
      },
    ],
    test: { file: ATTACKS, name: RETURNS },
    red: ['tampering/device-known', 'cat/b with cat/z'],
  },
  {
    attack: 30,
    without: 'the withdrawal of its invites',
    patches: [
      {
        file: REMOVAL,
        was: 'withdraw(m, ({ author: by, userId: user }) => removed.has(by) || (whole && user === userId))',
        now: '',
      },
    ],
    test: { file: ATTACKS, name: RETURNS },
    red: ['tampering/invite-used', 'by its old invite'],
  },
  {
    attack: 31,
    without: 'the place behind the head',
    patches: [
      {
        file: 'shared/log/validate.ts',
        was: 'if (link.n !== head.n + 1 || link.prev !== head.hash)',
        now: 'if (link.n > head.n + 1)',
      },
    ],
    test: {
      file: ATTACKS,
      name: 'attack 31: of a removal and an addition at once the first holds, and the other only anew',
    },
    red: ['tampering/bad-chain'],
  },
  {
    attack: 32,
    without: 'the right to write',
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'if (role === undefined || !RIGHTS[role].writes)',
        now: 'if (role === undefined)',
      },
    ],
    test: {
      file: CHANGESET,
      name: 'a changeset stands where its member head says, with the rights of that place',
    },
    red: ['tampering/not-authorised', 'holds'],
  },
  {
    attack: 33,
    without: 'the readers of a new key, in plan and check',
    patches: [
      {
        file: 'daemon/core/vault/removing.ts',
        was: 'const readers = readersOf(m).filter(({ id }) => !without.has(id))',
        now: 'const readers = readersOf(m).filter(({ id }) => without.size >= 0 || id)',
      },
      {
        file: 'shared/log/wraps.ts',
        was: 'if (recipients.join() !== recipientsOf(m, link).join())',
        now: 'if (recipients.length < recipientsOf(m, link).length)',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attack 33: a removed member with the whole log and the whole relay has no key to what came after',
    },
    red: ["t.of('dan/d').replica.chain.keys.keys()"],
  },
  {
    attack: 33,
    without: 'the check of who is given a key',
    patches: [
      {
        file: 'shared/log/wraps.ts',
        was: 'if (recipients.join() !== recipientsOf(m, link).join())',
        now: 'if (recipients.length < 0)',
      },
    ],
    test: {
      file: 'shared/log/removal.test.ts',
      name: 'the wraps of a removal are for the readers that remain, and nobody else',
    },
    red: ['tampering/bad-wraps', 'holds'],
  },
  {
    attack: 34,
    without: 'the place at which a role counts',
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'const role = roleAt(m, header.device, n)',
        now: 'const role = roleAt(m, header.device)',
      },
    ],
    test: {
      file: CHANGESET,
      name: 'a changeset stands where its member head says, with the rights of that place',
    },
    red: ['tampering/not-authorised', 'holds'],
  },
  {
    attack: 35,
    without: 'the epoch in force',
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'if (header.epoch !== epochAt(m, n))',
        now: 'if (epochAt(m, n) < 1)',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attack 35: a write under an epoch that is over, or never was, counts for nobody',
    },
    red: ['wrong-epoch'],
  },
]
