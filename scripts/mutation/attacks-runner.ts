import type { Mutation } from './mutation.js'

// Machines that open what they are granted: what is boxed to whom, and what they believe.

const RUNNER = 'daemon/runner/runner.test.ts'
const VAULT = 'daemon/runner/runner-vault.ts'
const ROLLED_BACK =
  'a runner that is rolled back notices: old words are too old, new ones say that there is more (attack 57)'

const BUNDLES = 'daemon/runner/bundle.test.ts'

export const RUNNERS: readonly Mutation[] = [
  {
    attack: 37,
    without: 'the commitment to a boxed key',
    patches: [
      {
        file: 'daemon/core/crypto/epoch.ts',
        was: "if (!equal(commitmentIn(context, key), sealed.commitment)) return fail('key-commitment')",
        now: '',
      },
    ],
    test: {
      file: 'daemon/core/crypto/boxes.test.ts',
      name: 'one ciphertext under two keys for two readers: the commitment takes one of them (attack 37)',
    },
    red: ['tampering/key-commitment'],
  },
  {
    attack: 40,
    without: 'the question whether a new runner is meant',
    patches: [
      {
        file: 'daemon/service/secrets/sealing.ts',
        was: 'if (fresh.length > 0) throw newReader(reference, granted, fresh)',
        now: '',
      },
    ],
    test: {
      file: RUNNER,
      name: 'a runner that an admin added quietly is given nothing that is sealed without being named (attack 40)',
    },
    red: ['nothing was refused'],
  },
  {
    attack: 46,
    without: 'the choice of who is given what',
    patches: [
      {
        file: 'daemon/core/vault/recipients.ts',
        was: '(given?.has(id) === true || told.has(id))',
        now: '(told.has(id) || true)',
      },
    ],
    test: {
      file: 'daemon/core/vault/sealed.test.ts',
      name: 'a compromised runner opens with its keys what was boxed to it, whatever code it runs (attack 46)',
    },
    red: ['5'],
  },
  {
    attack: 57,
    without: "the age of a member's word",
    patches: [
      { file: VAULT, was: 'at !== undefined && now() - at <= maxAge', now: 'at !== undefined' },
    ],
    test: { file: RUNNER, name: ROLLED_BACK },
    red: ['nothing was refused'],
  },
  {
    attack: 57,
    without: 'what members have signed to be there',
    patches: [
      { file: VAULT, was: '  if (replica.ahead !== undefined) {\n', now: '  if (false) {\n' },
    ],
    test: { file: RUNNER, name: ROLLED_BACK },
    red: ['rolled-back'],
  },
  {
    attack: 57,
    without: "the question whether a bundle's maker may read and write",
    patches: [
      {
        file: 'daemon/core/vault/bundle.ts',
        was: 'role === undefined || !RIGHTS[role].reads || !RIGHTS[role].writes',
        now: 'role === undefined',
      },
    ],
    test: { file: BUNDLES, name: 'nobody but a device that may write the vault makes one' },
    red: ['nothing was refused'],
  },
  {
    attack: 57,
    without: "the signature of a bundle's maker",
    patches: [
      {
        file: 'daemon/core/vault/bundle.ts',
        was: '  signedBundle.check(signed, maker.keys.sign)\n',
        now: '',
      },
    ],
    test: { file: BUNDLES, name: 'nobody but a device that may write the vault makes one' },
    red: ['nothing was refused'],
  },
  {
    attack: 57,
    without: "the head of a bundle's chain",
    patches: [
      {
        file: 'daemon/core/vault/bundle.ts',
        was: 'bundle.memberHead.n !== n || bundle.memberHead.hash !== hash',
        now: 'false',
      },
    ],
    test: {
      file: BUNDLES,
      name: 'a chain that is cut short, or lacks what the token has seen, is no chain of the bundle',
    },
    red: ['nothing was refused'],
  },
  {
    attack: 57,
    without: "a bundle's end",
    patches: [
      {
        file: 'daemon/runner/runner-bundle.ts',
        was: 'if (expires <= now()) throw ended()',
        now: '',
      },
    ],
    test: { file: BUNDLES, name: 'its time ends, and its age counts from when it was made' },
    red: ['nothing was refused'],
  },
]
