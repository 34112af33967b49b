import type { Mutation } from './mutation.js'
import { KEYLESS, ROTATES, TABLE, WITHHELD } from './attacks-members.js'

// What members and thieves do around a removal: no new key, devices left behind, cuts that erase.

const ATTACKS = 'shared/log/attacks.test.ts'
const REMOVAL = 'shared/log/removal.ts'
const RIGHTS = 'daemon/core/vault/attacks-rights.test.ts'

export const CUTS: readonly Mutation[] = [
  {
    attack: 49,
    without: 'the new key of a removal',
    patches: [KEYLESS],
    test: { file: ATTACKS, name: ROTATES },
    red: ['tampering/bad-epoch', 'holds'],
  },
  {
    attack: 49,
    without: 'the table in front of its link',
    patches: [TABLE],
    test: { file: RIGHTS, name: WITHHELD },
    red: ['reader', 'undefined'],
  },
  {
    attack: 52,
    without: 'the refusal to leave unsaid what a removed device brought in',
    patches: [
      {
        file: REMOVAL,
        was: 'if (kept.some((id) => !rest.has(id)) || [...rest].some((id) => !keeps.has(id)))',
        now: 'if (kept.some((id) => !rest.has(id)) || keeps.size < 0)',
      },
    ],
    test: {
      file: ATTACKS,
      name: 'attack 52: what a thief let in before the revocation goes with the stolen device',
    },
    red: ['tampering/bad-removal', 'holds'],
  },
  {
    attack: 52,
    without: 'what those brought in whom a removed device had brought in',
    patches: [
      {
        file: REMOVAL,
        was: 'if (removed.has(addedBy) || found.has(addedBy)) found.add(id)',
        now: 'if (removed.has(addedBy)) found.add(id)',
      },
    ],
    test: {
      file: ATTACKS,
      name: 'attack 52: what a thief let in before the revocation goes with the stolen device',
    },
    red: ['what stays may have brought more', 'tampering/bad-removal', 'holds'],
  },
  {
    attack: 53,
    without: 'the refusal of a cut at 0',
    patches: [
      { file: REMOVAL, was: '!losing.has(device) || seq === 0))', now: '!losing.has(device)))' },
    ],
    test: {
      file: ATTACKS,
      name: 'attack 53: no cut erases more than a removal could, and none is made twice',
    },
    red: ['tampering/bad-cut', 'holds'],
  },
  {
    attack: 53,
    without: 'the refusal to lower a cut',
    patches: [
      {
        file: REMOVAL,
        was: "if (top(cut.heads) <= top(last.heads)) refuse('bad-cut', 'it lowers a cut')",
        now: '',
      },
    ],
    test: {
      file: ATTACKS,
      name: 'attack 53: no cut erases more than a removal could, and none is made twice',
    },
    red: ['tampering/bad-cut', 'holds'],
  },
  {
    attack: 53,
    without: 'the list of what a cut took',
    patches: [
      {
        file: 'daemon/core/vault/cuts.ts',
        was: 'return new Set([...cut, ...this.stray])\n',
        now: 'return NONE ?? cut\n',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attack 53: what a cut erased is listed, and comes back when the cut is raised',
    },
    red: ['lost.map'],
  },
  {
    attack: 53,
    without: 'what counted before a cut was raised',
    patches: [
      {
        file: REMOVAL,
        was: 'const heads = union(last.heads, cut.heads)',
        now: 'const heads = union([], cut.heads)',
      },
    ],
    test: {
      file: 'daemon/core/vault/removal.test.ts',
      name: 'a raised cut takes nothing back that counted',
    },
    red: ['counts', 'undefined'],
  },
]
