import type { Mutation } from './mutation.js'

// What is withheld, rolled back or quietly done, where a person or a repository asks.

const DEMANDS = 'daemon/service/trust/demands.test.ts'
const BEHIND = 'attack 57: what is behind the lock is refused, by a machine without memory always'
const LOCK = 'daemon/core/vault/lock-file.ts'
const LOCKS = {
  file: 'daemon/core/vault/lock-file.test.ts',
  name: 'attack 56: a lock of another vault, relay, chain or history is told from one that is ahead',
}

export const TRUST: readonly Mutation[] = [
  {
    attack: 39,
    without: 'alarms kept by reason',
    patches: [
      {
        file: 'daemon/core/vault/alarms.ts',
        was: 'const known = this.#records.get(reason)',
        now: 'const known = this.#records.values().next().value',
      },
    ],
    test: {
      file: 'daemon/core/vault/alarms.test.ts',
      name: 'no flood of one alarm pushes another out',
    },
    red: ['two-logs first'],
  },
  {
    attack: 40,
    without: 'the news of who another device let in',
    patches: [
      {
        file: 'daemon/core/vault/news.ts',
        was: 'if (deed !== undefined) out.push(',
        now: "if (deed !== undefined && deed.kind !== 'joined') out.push(",
      },
    ],
    test: {
      file: 'daemon/vault/notices.test.ts',
      name: 'attack 40: whoever another device lets in is told once, and stays until it is read',
    },
    red: ['names(theirs, b)'],
  },
  {
    attack: 47,
    without: 'the age that a reader asks for',
    patches: [
      {
        file: 'daemon/service/trust/fresh.ts',
        was: 'if (age !== undefined && age <= maxAge) return',
        now: 'if (age !== undefined) return',
      },
    ],
    test: {
      file: DEMANDS,
      name: 'attack 47: what nobody confirmed, or too long ago, is not read where an age was asked for',
    },
    red: ['too-old'],
  },
  {
    attack: 47,
    without: "another device's word where an age is asked for",
    patches: [
      {
        file: 'daemon/service/trust/fresh.ts',
        was: 'if (age !== undefined && age <= maxAge) return',
        now: 'if ((age ?? 0) <= maxAge) return',
      },
    ],
    test: {
      file: DEMANDS,
      name: 'attack 47: what nobody confirmed, or too long ago, is not read where an age was asked for',
    },
    red: ['unconfirmed'],
  },
  {
    attack: 56,
    without: "the lock's vault",
    patches: [
      {
        file: LOCK,
        was: "if (vaultId !== replica.vaultId) refuse('lock-vault', 'the lock file is of another vault')",
        now: '',
      },
    ],
    test: LOCKS,
    red: ['tampering/lock-vault', 'holds'],
  },
  {
    attack: 56,
    without: "the lock's links",
    patches: [
      {
        file: LOCK,
        was: "if (m.hashes[n] !== hash) refuse('lock-fork', `the lock file has another link ${n}`)",
        now: '',
      },
    ],
    test: LOCKS,
    red: ['tampering/lock-fork', 'holds'],
  },
  {
    attack: 57,
    without: 'the refusal of what is behind the lock',
    patches: [
      {
        file: 'daemon/service/trust/lock.ts',
        was: "if (strictness === 'warn' && !loading.has(shell.vaultId)) {",
        now: 'if (!loading.has(shell.vaultId)) {',
      },
    ],
    test: { file: DEMANDS, name: BEHIND },
    red: ['lock-behind', 'nothing was refused'],
  },
  {
    attack: 57,
    without: 'the strictness of who has no memory',
    patches: [
      {
        file: 'daemon/service/trust/lock.ts',
        was: "if (strictness === 'warn' && !loading.has(shell.vaultId)) {",
        now: "if (strictness === 'warn') {",
      },
    ],
    test: { file: DEMANDS, name: BEHIND },
    red: ["lock: 'warn'", 'nothing was refused'],
  },
]
