import { Buffer } from 'node:buffer'
import { CofferError } from '../shared/errors.js'
import { LIMITS } from '../shared/limits.js'
import type { Opener } from '../shared/protocol/local-common.js'
import type { Call } from './call.js'
import type { OptionSpec } from './command.js'
import { askHidden } from './prompt.js'
import type { Session } from './session.js'
import { readDescriptor } from './files/descriptor.js'

// Passphrases and key files: by descriptor, by path or by a hidden prompt; never by argument or variable.

const NEWLINE = 0x0a

export const OPENER_OPTIONS: readonly OptionSpec[] = [
  { flags: '--key-file <FILE>', text: 'a file that opens the home (0600)' },
  { flags: '--passphrase-fd <N>', text: 'read the passphrase from this descriptor' },
]

/** Argon2id's memory, for whoever sets a passphrase. */
export const MEMORY_OPTION: OptionSpec = {
  flags: '--memory <MIB>',
  text: 'memory for deriving the key, 64 to 1024 (256)',
}

/** Which flags name an opener: `key-file`, or `new-key-file` for the next one. */
type Prefix = '' | 'new-'

/**
 * The opener that flags name, or what a person types (twice where it is new).
 * @throws CofferError `usage` for two, for none without a terminal, for an empty or overlong passphrase
 */
export async function readOpener(
  session: Session,
  call: Call,
  ask: { readonly prefix?: Prefix; readonly twice: boolean; readonly question?: string },
): Promise<Opener> {
  const given = givenOpener(session, call, ask.prefix)
  if (given !== undefined) return given
  const { prefix = '', twice, question = 'passphrase: ' } = ask
  if (session.io.inputKind() !== 'terminal') {
    throw new CofferError(
      'usage',
      'a passphrase or key file is needed, and there is no terminal to ask on',
      {
        reason: 'no-opener',
        next: `give --${prefix}key-file FILE or --${prefix}passphrase-fd N`,
      },
    )
  }
  const typed = await askHidden(session.io, question)
  if (twice && Buffer.compare(typed, await askHidden(session.io, 'again: ')) !== 0) {
    throw new CofferError('usage', 'the two passphrases differ', {
      reason: 'passphrases-differ',
      next: 'type the same one twice',
    })
  }
  return passphraseOpener(typed)
}

/** The opener that flags name; undefined without such flags. @throws CofferError `usage`. */
export function givenOpener(session: Session, call: Call, prefix: Prefix = ''): Opener | undefined {
  const file = call.text(`${prefix}key-file`)
  const descriptor = call.text(`${prefix}passphrase-fd`)
  if (file !== undefined && descriptor !== undefined) {
    throw new CofferError(
      'usage',
      `--${prefix}key-file and --${prefix}passphrase-fd exclude each other`,
      {
        reason: 'two-sources',
        next: 'give one of them',
      },
    )
  }
  if (file !== undefined) return { kind: 'key-file', path: session.path(file) }
  if (descriptor === undefined) return undefined
  return passphraseOpener(readPassphrase(`${prefix}passphrase-fd`, descriptor))
}

/** A descriptor's bytes to the end; one newline at the end doesn't count. @throws CofferError `usage` */
export function readPassphrase(option: string, typed: string): Uint8Array {
  if (!/^[0-9]{1,4}$/.test(typed)) {
    throw new CofferError('usage', `--${option} takes the number of a descriptor`, {
      reason: 'bad-descriptor',
    })
  }
  let bytes: Uint8Array
  try {
    bytes = readDescriptor(Number(typed), LIMITS.passphrase + 1)
  } catch (error) {
    throw new CofferError('usage', `the descriptor ${typed} can't be read`, {
      reason: 'bad-descriptor',
      next: `open it: coffer … --${option} ${typed} ${typed}< FILE`,
      cause: error,
    })
  }
  return bytes.at(-1) === NEWLINE ? bytes.subarray(0, -1) : bytes
}

function passphraseOpener(bytes: Uint8Array): Opener {
  if (bytes.length === 0 || bytes.length > LIMITS.passphrase) {
    const what = bytes.length === 0 ? 'is empty' : `has more than ${LIMITS.passphrase} bytes`
    throw new CofferError('usage', `the passphrase ${what}`, { reason: 'passphrase-length' })
  }
  return { kind: 'passphrase', passphrase: Buffer.from(bytes).toString('base64') }
}

/** `--memory`, for the method's params. @throws CofferError `usage`. */
export function memoryOf(call: Call): { readonly memory?: number } {
  const typed = call.text('memory')
  if (typed === undefined) return {}
  const memory = /^[0-9]{1,5}$/.test(typed) ? Number(typed) : 0
  if (memory >= 64 && memory <= 1024) return { memory }
  throw new CofferError('usage', '--memory takes 64 to 1024 (MiB)', { reason: 'bad-memory' })
}
