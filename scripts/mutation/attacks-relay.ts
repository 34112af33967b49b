import type { Mutation } from './mutation.js'

// What a relay does with the log: rolled back, withheld, forked, not as it was acknowledged.

const HEADS = 'daemon/core/vault/heads.ts'
const HOSTILE = 'daemon/core/vault/hostile.test.ts'
const READING = 'daemon/core/sync/reading.ts'
const SENDING = 'daemon/core/sync/sending.test.ts'
const RIGHTS = 'daemon/core/vault/attacks-rights.test.ts'

export const RELAY: readonly Mutation[] = [
  {
    attack: 9,
    without: 'the look whether a changeset is known',
    patches: [
      {
        file: 'daemon/core/vault/intake.ts',
        was: 'if (this.#parts.graph.has(hash)) {',
        now: 'if (this.#parts.graph.has(hash) && hash === this.#parts.chain.vaultId) {',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attacks 9, 13: an old change shown again, or as a newer one, rolls nothing back',
    },
    red: ['reasons(outcome)', 'equivocation'],
  },
  {
    attack: 9,
    without: 'the word of a change on what it supersedes',
    patches: [
      {
        file: 'daemon/core/vault/change.ts',
        was: 'kind, wall, counter, parents, size }',
        now: 'kind, wall, counter, parents: parents.slice(0, 0), size }',
      },
    ],
    test: {
      file: RIGHTS,
      name: 'attacks 9, 13: an old change shown again, or as a newer one, rolls nothing back',
    },
    red: ['siblings.length'],
  },
  {
    attack: 9,
    without: 'the turn of sequence numbers',
    patches: [
      {
        file: 'shared/log/changeset.ts',
        was: 'if (header.seq !== (tail?.seq ?? 0) + 1)',
        now: 'if (header.seq < 0)',
      },
    ],
    test: { file: 'shared/log/changeset.test.ts', name: 'a device writes in turn' },
    red: ['tampering/bad-seq'],
  },
  {
    attack: 10,
    without: "other devices' heads past one's own place",
    patches: [
      {
        file: HEADS,
        was: 'this.#ahead.set(head.device, hea',
        now: 'void (hea',
      },
    ],
    test: {
      file: HOSTILE,
      name: "a signed head past the relay's log is remembered, whatever else is said of it",
    },
    red: ['b.replica.ahead', 'generation'],
  },
  {
    attack: 11,
    without: 'the alarm that a log is withheld',
    patches: [{ file: READING, was: 'noteWithheld(w, { generation, pos: head.pos })', now: '' }],
    test: {
      file: 'daemon/core/sync/hostile.test.ts',
      name: 'a relay that shows less than another device has signed to have read is asked once, then told on',
    },
    red: ['log-withheld'],
  },
  {
    attack: 12,
    without: 'the comparison of logs',
    patches: [
      {
        file: HEADS,
        was: ' !== head.logHash) {',
        now: ' === undefined) {',
      },
    ],
    test: {
      file: 'daemon/core/vault/replica.test.ts',
      name: 'signed heads agree on one log and tell two apart',
    },
    red: ['two-logs'],
  },
  {
    attack: 12,
    without: 'the alarm at a second link of one number',
    patches: [
      {
        file: 'daemon/core/vault/chain.ts',
        was: 'if (known !== undefined) return this.#again(link, signed, known)',
        now: 'if (known !== undefined) return NOTHING',
      },
    ],
    test: {
      file: HOSTILE,
      name: 'a link in the place of another blames nobody who did not sign it',
    },
    red: ['foreign-vault', 'bad-signature'],
  },
  {
    attack: 13,
    without: "an invite's single use",
    patches: [
      {
        file: 'shared/log/rules.ts',
        was: "if (invite.state !== 'open') refuse('invite-used', `the invite is ${invite.state}`)",
        now: '',
      },
    ],
    test: {
      file: 'shared/log/joining.test.ts',
      name: 'an invite serves once, and not after it was withdrawn',
    },
    red: ['tampering/invite-used'],
  },
  {
    attack: 50,
    without: 'the alarm at an acknowledgement that is not true',
    patches: [{ file: READING, was: 'if (lies > 0) falseAcknowledgement(w, lies)', now: '' }],
    test: {
      file: SENDING,
      name: 'an acknowledged entry that is not at its place is an alarm, and is sent again',
    },
    red: ['false-acknowledgement'],
  },
  {
    attack: 50,
    without: 'what was sealed, kept on disk to be sent again',
    patches: [
      {
        file: 'daemon/core/vault/load.ts',
        was: "for (const row of sorted('outbox')) {",
        now: "for (const row of sorted('outbox').slice(0, 0)) {",
      },
    ],
    test: {
      file: 'daemon/core/vault/replica.test.ts',
      name: 'what was sealed but not met in the log stays in the outbox, byte for byte',
    },
    red: ['a.replica.outbox(), before'],
  },
  {
    attack: 51,
    without: "the own link's word that it lost",
    patches: [
      {
        file: 'daemon/core/vault/chain.ts',
        was: "const reason = own ? 'withdrawn-link' : 'fork'",
        now: "const reason = own ? 'fork' : 'fork'",
      },
    ],
    test: {
      file: HOSTILE,
      name: 'a link in the place of another blames nobody who did not sign it',
    },
    red: ['withdrawn-link'],
  },
  {
    attack: 58,
    without: "the device's signature over its head",
    patches: [{ file: HEADS, was: 'signedHead.check(signed, device.keys.sign)', now: '' }],
    test: {
      file: HOSTILE,
      name: "attack 58: freshness is another device's signed word, not the relay's, nor one's own",
    },
    red: ['bad-signature'],
  },
  {
    attack: 58,
    without: "the look whether a head is one's own",
    patches: [
      {
        file: HEADS,
        was: ' || head.device === this.#identity.device)',
        now: ')',
      },
    ],
    test: {
      file: HOSTILE,
      name: "attack 58: freshness is another device's signed word, not the relay's, nor one's own",
    },
    red: ['b.replica.confirmedAt, undefined'],
  },
  {
    attack: 12,
    without: 'the comparison of chains in heads',
    patches: [
      {
        file: HEADS,
        was: 'if (n < m.hashes.length && linkAt(m, n) !== hash) {',
        now: 'if (n < 0) {',
      },
    ],
    test: {
      file: HOSTILE,
      name: 'attack 12: a device that saw another link says so by its head',
    },
    red: ['fork'],
  },
  {
    attack: 58,
    without: "the silence of a removed device's heads",
    patches: [
      {
        file: HEADS,
        was: 'roleAt(m, head.device) === undefined) return',
        now: 'm.hashes.length === 0) return',
      },
    ],
    test: {
      file: 'daemon/core/vault/heads.test.ts',
      name: 'a removed device does not say that what the relay shows is fresh',
    },
    red: ['seenAt', '1000000'],
  },
]
