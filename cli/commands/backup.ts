import { Buffer } from 'node:buffer'
import { readBackup } from '../../shared/backup.js'
import { restore, type Restored, type Stored } from '../../shared/backup-restore.js'
import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Params } from '../../shared/protocol/local.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { lines } from '../format.js'
import { readPassphrase } from '../openers.js'
import {
  filePassphrase,
  generatedPassphrase,
  PASSPHRASE_OPTION,
  privateKey,
  readTextFile,
  recipientKeys,
} from '../pgp.js'
import { ProgressLine } from '../progress.js'
import type { Session } from '../session.js'

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

export const backup: Command = {
  name: 'backup',
  summary: 'Write all secrets into one encrypted file that plain gpg opens',
  details: `Your own secrets and those of all projects, or of --org and --project alone. Without --to the file is
encrypted under a passphrase that is printed once: keep file and passphrase apart. gpg --decrypt FILE gives readable JSON
with no coffer at all: names, values, dates, notes. Sealed secrets are only named in it: nobody but machines can read
them. With --json the passphrase stands in the result.`,
  options: [
    { flags: '-o, --output <FILE>', text: 'the file to write (0600)' },
    { flags: '-f, --force', text: 'replace FILE if it is there' },
    { flags: '--to <FILE>', text: 'encrypt to this armored OpenPGP key instead', many: true },
    { flags: '--passphrase-fd <N>', text: 'a generated passphrase from this descriptor instead' },
  ],
  examples: [
    { line: 'coffer backup -o secrets.pgp', text: 'prints the passphrase that opens it' },
    { line: 'coffer backup --to me.asc --to safe.asc -o secrets.pgp', text: 'either key opens it' },
    { line: 'coffer backup --org acme --project web --to me.asc -o web.pgp', text: 'one project' },
  ],
  stdout: 'passphrase, unless one or a key was given',
  exits: ['not-found', 'refused', 'stale', 'exists', 'storage', 'limit', 'expired'],
  async run(call, session) {
    const output = call.text('output')
    // No pipe: a file that is there is whole.
    if (output === undefined || output === '-') {
      throw new CofferError('usage', 'the file to write is missing', {
        reason: 'missing-argument',
        next: 'give -o FILE',
      })
    }
    const { to, passphrase } = await backupRecipient(call, session)
    const result = await session.call('backupCreate', {
      context: session.context,
      file: session.path(output),
      replace: call.flag('force'),
      to,
    })
    const shown = passphrase === undefined ? {} : { passphrase }
    session.show({ ...shown, ...result }, passphrase === undefined ? '' : `${passphrase}\n`)
    const secrets = result.vaults.reduce((sum, vault) => sum + vault.secrets, 0)
    session.say(`${secrets} secrets of ${result.vaults.length} vaults in ${displayText(output)}`)
  },
}

type Recipient = {
  readonly to: Params<'backupCreate'>['to']
  /** One that was made here, to be shown. */
  readonly passphrase?: string
}

async function backupRecipient(call: Call, session: Session): Promise<Recipient> {
  const keys = await recipientKeys(call, session)
  const descriptor = call.text('passphrase-fd')
  if (keys.length > 0 && descriptor !== undefined) {
    throw new CofferError('usage', '--to and --passphrase-fd exclude each other', {
      reason: 'two-sources',
      next: 'give one of them',
    })
  }
  if (keys.length > 0) return { to: { kind: 'keys', keys } }
  if (descriptor !== undefined) {
    const typed = readPassphrase('passphrase-fd', descriptor)
    return { to: { kind: 'passphrase', passphrase: base64(typed) } }
  }
  const passphrase = generatedPassphrase()
  const to = { kind: 'passphrase', passphrase: base64(Buffer.from(passphrase)) } as const
  return { to, passphrase }
}

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'Store the secrets of a backup',
  details: `Into the vaults that they came from, or into one with --into; a vault is written /user or ORG/PROJECT. What is
there with the same value is left alone, what differs becomes a new version: the one before stays in its history. All is
checked before anything is written; a vault's secrets are stored together, in transactions of 1,000. The same command
again goes on where it was cut short. FILE - reads what gpg --decrypt made of it, which works with every key that gpg has.
Whoever has your public key could have made a file for it: look with --dry-run first.`,
  args: [{ name: 'FILE', required: true }],
  options: [
    { flags: '-d, --dry-run', text: 'only tell what would be stored' },
    { flags: '--only <VAULT>', text: 'this vault of the backup alone' },
    { flags: '--into <VAULT>', text: 'where its secrets shall go' },
    { flags: '--create', text: 'make orgs and projects that are missing' },
    { flags: '--passphrase-fd <N>', text: "read the file's passphrase from this descriptor" },
    { flags: '--key <FILE>', text: 'decrypt it with this armored private OpenPGP key' },
    PASSPHRASE_OPTION,
  ],
  examples: [
    { line: 'coffer restore secrets.pgp --dry-run', text: 'asks for the passphrase' },
    { line: 'coffer restore secrets.pgp --only acme/web --into acme/test', text: '' },
    { line: 'gpg --decrypt secrets.pgp | coffer restore -', text: 'with the keys that gpg has' },
  ],
  stdout: 'with --dry-run: what would be',
  exits: ['not-found', 'cannot-decrypt', 'refused', 'stale', 'limit', 'format'],
  async run(call, session) {
    const [file = ''] = call.args
    const vaults =
      file === '-' ? await fromPipe(call, session) : await fromFile(call, session, file)
    const dryRun = call.flag('dry-run')
    session.show({ vaults }, dryRun ? lines(vaults.flatMap(reportOf)) : '')
    const count = (what: keyof Stored): number =>
      vaults.reduce((sum, one) => sum + one[what].length, 0)
    const sealed = vaults.flatMap((one) => one.sealed.map((name) => `${one.vault}/${name}`))
    if (sealed.length > 0 && !session.json) {
      const message = `${sealed.length} sealed secrets are not in the backup: set them anew`
      session.warn([{ code: 'sealed', message }])
    }
    const summary = `${count('created')} created, ${count('changed')} changed, ${count('unchanged')} unchanged`
    session.say(`${summary}${dryRun ? ' (dry run: nothing stored)' : ''}`)
  },
}

const reportOf = (one: Restored): string[] => [
  ...one.created.map((name) => `created ${one.vault}/${name}`),
  ...one.changed.map((name) => `changed ${one.vault}/${name}`),
  ...one.unchanged.map((name) => `unchanged ${one.vault}/${name}`),
  ...one.sealed.map((name) => `sealed ${one.vault}/${name}`),
]

type Source = Params<'backupRestore'>['open']

async function fromFile(call: Call, session: Session, file: string): Promise<readonly Restored[]> {
  const [only, into] = [call.text('only'), call.text('into')]
  const { vaults } = await session.call('backupRestore', {
    context: session.context,
    file: session.path(file),
    open: await opening(call, session),
    create: call.flag('create'),
    dryRun: call.flag('dry-run'),
    ...(only === undefined ? {} : { only }),
    ...(into === undefined ? {} : { into }),
  })
  return vaults
}

async function opening(call: Call, session: Session): Promise<Source> {
  const key = await privateKey(call, session, 'key')
  if (key === undefined) {
    return { kind: 'passphrase', passphrase: base64(await filePassphrase(call, session)) }
  }
  if (call.text('passphrase-fd') === undefined) return { kind: 'key', key }
  throw new CofferError('usage', '--key and --passphrase-fd exclude each other', {
    reason: 'two-sources',
    next: "give the key's own passphrase with --pgp-passphrase-fd",
  })
}

async function fromPipe(call: Call, session: Session): Promise<readonly Restored[]> {
  const given = ['passphrase-fd', 'key', 'pgp-passphrase-fd'].find(
    (option) => call.text(option) !== undefined,
  )
  if (given !== undefined) {
    throw new CofferError('usage', `what stdin gives is decrypted already: no --${given}`, {
      reason: 'two-sources',
      next: 'name the file instead of -',
    })
  }
  const backupText = await readTextFile(session, '-', LIMITS.backup)
  const create = call.flag('create')
  const store = (vault: string, items: Params<'restoreItems'>['items'], dryRun: boolean) =>
    session.call('restoreItems', { context: session.context, vault, items, create, dryRun })
  const wishes = {
    only: call.text('only'),
    into: call.text('into'),
    dryRun: call.flag('dry-run'),
  }
  const line = new ProgressLine(session.io)
  try {
    return await restore(readBackup(backupText), wishes, store, (done, total) => {
      line.show({ phase: 'restoring', done, total })
    })
  } finally {
    line.clear()
  }
}
