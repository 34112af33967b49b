import { Buffer } from 'node:buffer'
import { fromUtf8 } from '../../shared/bytes.js'
import { displayText, jsonText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import { LIMITS } from '../../shared/limits.js'
import type { Params } from '../../shared/protocol/local.js'
import type { Opener } from '../../shared/protocol/local-common.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { lines, parseDuration } from '../format.js'
import { MEMORY_OPTION, memoryOf, readOpener, readPassphrase } from '../openers.js'
import { filePassphrase, generatedPassphrase, readTextFile } from '../pgp.js'
import type { Session } from '../session.js'
import { readPath } from '../files/values.js'

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

export const recoveryCreate: Command = {
  name: 'recovery create',
  summary: 'Make a recovery device, whose keys leave this machine in one encrypted file',
  details: `Whoever opens the file can read and change all of your secrets, on a fresh machine and with no other device.
Without --pgp-key it is encrypted under a passphrase that is printed once: keep file and passphrase apart, and neither
on this machine. Plain gpg --decrypt opens it, too. With --json the passphrase is a value of its own, before the result.`,
  options: [
    { flags: '-o, --output <FILE>', text: 'the file to write (0600)' },
    { flags: '--pgp-key <FILE>', text: 'encrypt to this armored OpenPGP key instead' },
    { flags: '--passphrase-fd <N>', text: 'a generated passphrase from this descriptor instead' },
  ],
  examples: [
    { line: 'coffer recovery create -o recovery.asc', text: 'prints the passphrase that opens it' },
    { line: 'coffer recovery create --pgp-key me.asc -o recovery.asc', text: '' },
  ],
  stdout: 'passphrase, unless one was given',
  exits: ['refused', 'unreachable', 'exists', 'expired'],
  async run(call, session) {
    const output = call.text('output')
    // No pipe: the file is safe on the disk before the device is in any vault.
    if (output === undefined || output === '-') {
      throw new CofferError('usage', 'the file to write is missing', {
        reason: 'missing-argument',
        next: 'give -o FILE',
      })
    }
    const to = await recipient(call, session)
    const result = await session.call('recoveryCreate', {
      context: session.context,
      file: session.path(output),
      to,
    })
    session.show(result)
    session.say(`${displayText(output)} opens all of your secrets: keep it off this machine`)
  },
}

async function recipient(call: Call, session: Session): Promise<Params<'recoveryCreate'>['to']> {
  const [keyFile, descriptor] = [call.text('pgp-key'), call.text('passphrase-fd')]
  if (keyFile !== undefined && descriptor !== undefined) {
    throw new CofferError('usage', '--pgp-key and --passphrase-fd exclude each other', {
      reason: 'two-sources',
      next: 'give one of them',
    })
  }
  if (keyFile !== undefined) {
    return { kind: 'key', key: await readTextFile(session, keyFile, LIMITS.pgpKey) }
  }
  if (descriptor !== undefined) {
    return { kind: 'passphrase', passphrase: base64(readPassphrase('passphrase-fd', descriptor)) }
  }
  // A passphrase of nothing would only be kept for nothing.
  const { relay } = await session.call('status', { context: session.context })
  if (relay === null) {
    throw new CofferError('usage', 'this home has no relay over which you could come back', {
      reason: 'no-relay',
      next: 'run coffer relay set URL --relay-key KEY',
    })
  }
  const plain = generatedPassphrase()
  // Before the device is made: one whose passphrase nobody saw couldn't be taken out again.
  session.io.out(session.json ? `${jsonText({ passphrase: plain })}\n` : `${plain}\n`)
  return { kind: 'passphrase', passphrase: base64(Buffer.from(plain)) }
}

export const recoveryUse: Command = {
  name: 'recovery use',
  summary: 'Come back with a recovery file: make this machine a device of yours',
  details: `Makes the home where there is none, lets it into all of your vaults, and ends the recovery device: its file
opens nothing afterwards. The same command again goes on where it was cut short. With --revoke-others your other devices
lose their access at once.`,
  args: [{ name: 'FILE', required: false }],
  options: [
    { flags: '--passphrase-fd <N>', text: "read the file's passphrase from this descriptor" },
    { flags: '--stdin', text: 'read what gpg --decrypt made of the file' },
    { flags: '--key-file <FILE>', text: 'a file that will open this home (0600)' },
    { flags: '--new-passphrase-fd <N>', text: "read this home's passphrase from this descriptor" },
    MEMORY_OPTION,
    { flags: '--device-name <NAME>', text: "this device's name (the machine's)" },
    { flags: '--revoke-others', text: 'remove all of your other devices' },
    { flags: '--timeout <TIME>', text: 'how long it may take (10m)' },
  ],
  examples: [
    { line: 'coffer recovery use recovery.asc', text: 'asks for both passphrases' },
    {
      line: 'gpg --decrypt recovery.asc | coffer recovery use --stdin --key-file ~/.coffer-key',
      text: 'when it was encrypted to your OpenPGP key',
    },
    { line: 'coffer recovery use recovery.asc --revoke-others', text: 'when they were stolen' },
  ],
  stdout: 'with --revoke-others: what they could read, a reference a line',
  exits: ['cannot-decrypt', 'exists', 'expired', 'unreachable', 'timed-out', 'tampering'],
  async run(call, session) {
    const timeout = parseDuration('--timeout', call.text('timeout') ?? '10m')
    const source = await sourceOf(call, session)
    const { state } = await session.call('status', { context: session.context }, { create: true })
    const open = state === 'none' ? await homeOpener(call, session) : undefined
    const device = call.text('device-name')
    const result = await session.call('recoveryUse', {
      context: session.context,
      source,
      timeout,
      revokeOthers: call.flag('revoke-others'),
      ...(open === undefined ? {} : { open, ...memoryOf(call) }),
      ...(device === undefined ? {} : { device }),
    })
    session.show(result, lines(result.rotate))
    const { name, vaults, secrets, revoked, rotate } = result
    session.say(`back as ${displayText(name) || 'you'}: ${vaults} vaults, ${secrets} secrets`)
    if (revoked > 0) session.say(`removed ${revoked} of your other devices`)
    if (rotate.length > 0) {
      session.say(`they could read ${rotate.length} secrets: change them where they are used`)
    }
    session.say('that file opens nothing any more; make another: coffer recovery create')
  },
}

async function sourceOf(call: Call, session: Session): Promise<Params<'recoveryUse'>['source']> {
  const [file] = call.args
  if (call.flag('stdin') === (file !== undefined)) {
    throw new CofferError('usage', 'give either FILE or --stdin', {
      reason: 'missing-argument',
      next: 'name the file that recovery create wrote',
    })
  }
  if (file === undefined) {
    return { kind: 'text', text: await readTextFile(session, '-', LIMITS.pgpText) }
  }
  const message = fromUtf8(readPath(session.path(file), LIMITS.pgpMessage)) ?? ''
  const passphrase = await filePassphrase(call, session)
  return { kind: 'message', message, passphrase: base64(passphrase) }
}

async function homeOpener(call: Call, session: Session): Promise<Opener> {
  const [file, descriptor] = [call.text('key-file'), call.text('new-passphrase-fd')]
  if (file !== undefined && descriptor === undefined) {
    return { kind: 'key-file', path: session.path(file) }
  }
  if (file !== undefined || (descriptor === undefined && session.io.inputKind() !== 'terminal')) {
    throw new CofferError('usage', 'this home needs one passphrase or key file of its own', {
      reason: file === undefined ? 'no-opener' : 'two-sources',
      next: 'give --key-file FILE or --new-passphrase-fd N',
    })
  }
  const question = 'passphrase for this machine: '
  return readOpener(session, call, { prefix: 'new-', twice: true, question })
}
