import type { Mutation } from './mutation.js'

// Backups, password stores that are read, and a relay's disk that is wrapped.

const AT_REST = 'sync-server/at-rest/at-rest.test.ts'
const OPENS = 'a wrapped store opens with its key and no other; a plain one with none'
const DAMAGED = 'what was altered, cut off, or wrapped otherwise is damaged'
const BACKUP = 'a backup is read, and nothing else is taken for one'

export const BACKUPS: readonly Mutation[] = [
  {
    attack: 'P13',
    without: 'the cap of what a message unpacks to',
    patches: [
      {
        file: 'daemon/pgp/streams.ts',
        was: '{ ...CONFIG, maxDecompressedMessageSize: max }',
        now: '{ ...CONFIG }',
      },
      {
        file: 'daemon/pgp/streams.ts',
        was: 'if (data.length <= max) return data',
        now: 'if (data.length >= 0) return data',
      },
    ],
    test: {
      file: 'daemon/pgp/streams.test.ts',
      name: 'what gpg made opens here, armored or not, packed or not',
    },
    red: ['nothing was refused'],
  },
  {
    attack: 'P13',
    without: 'the look for a name that stands twice',
    patches: [
      {
        file: 'shared/backup.ts',
        was: 'for (const { secrets } of vaults) checkOnce(secrets.map(({ name }) => name))',
        now: '',
      },
    ],
    test: { file: 'shared/backup.test.ts', name: BACKUP },
    red: ['format/doubled-name'],
  },
  {
    attack: 'P13',
    without: 'the look for a vault that stands twice',
    patches: [
      {
        file: 'shared/backup.ts',
        was: 'checkOnce(vaults.map(({ vault }) => vault))',
        now: '',
      },
    ],
    test: { file: 'shared/backup.test.ts', name: BACKUP },
    red: ['format/doubled-name'],
  },
  {
    attack: 'P14',
    without: 'the refusal to back up what is still loading',
    patches: [
      {
        file: 'daemon/service/backup/backup.ts',
        was: 'if (session.loading.has(shell.vaultId)) throw stillLoading(displayText(vault))',
        now: '',
      },
    ],
    test: {
      file: 'daemon/service/backup/backup.test.ts',
      name: 'a project that is still loading makes no backup, nor do those beside it',
    },
    red: ['nothing was refused'],
  },
  {
    attack: 'P14',
    without: 'the disregard of what is merely selected',
    patches: [
      {
        file: 'daemon/service/backup/backup.ts',
        was: "if (context.org !== undefined) return projectsOf(session, context, context.org.normalize('NFC'))",
        now: "const org = context.org ?? context.env['COFFER_ORG']\n  if (org !== undefined) return projectsOf(session, context, org)",
      },
    ],
    test: {
      file: 'daemon/service/backup/backup.test.ts',
      name: 'flags choose, a selection does not',
    },
    red: ['/user', 'selected'],
  },
  {
    attack: 'P15',
    without: 'the look where a link of a password store leads',
    patches: [
      {
        file: 'cli/interop/pass-store.ts',
        was: 'return realpathSync(path).startsWith(root + sep) && statSync(path).isFile()',
        now: 'return statSync(path).isFile()',
      },
    ],
    test: {
      file: 'cli/interop/pass-store.test.ts',
      name: 'a link that leads out of a password store is not followed, and is told',
    },
    red: ['outside.gpg', 'equal(skipped, out)'],
  },
  {
    attack: 'P16',
    without: 'the sum over a wrapped value',
    patches: [
      {
        file: 'sync-server/at-rest/packets.ts',
        was: 'if (!sum.equals(plain.subarray(-SHA1_BYTES))) throw damaged()',
        now: '',
      },
    ],
    test: { file: AT_REST, name: DAMAGED },
    red: ['storage/damaged'],
  },
  {
    attack: 'P16',
    without: 'the refusal to serve a wrapped store without its key',
    patches: [
      {
        file: 'sync-server/at-rest/open.ts',
        was: 'if (mark === undefined) return mailbox\n',
        now: 'if (key === undefined) return mailbox\n',
      },
    ],
    test: { file: AT_REST, name: OPENS },
    red: ['at-rest-key'],
  },
  {
    attack: 'P16',
    without: "the look whether the key is the store's own",
    patches: [
      {
        file: 'sync-server/at-rest/open.ts',
        was: 'if (equal(unwrap(key, mark), MARK)) return new AtRestMailbox(mailbox, key)',
        now: 'return new AtRestMailbox(mailbox, key)',
      },
    ],
    test: { file: AT_REST, name: OPENS },
    red: ['wrong-at-rest-key'],
  },
]
