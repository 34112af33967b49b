import { fromBase64 } from '../../shared/base64.js'
import type { Random } from '../../shared/crypto/random.js'
import { CofferError } from '../../shared/errors.js'
import type { Opener as WireOpener } from '../../shared/protocol/local-common.js'
import { Secret } from '../../shared/redacted.js'
import type { Home } from '../home/home.js'
import type { Access } from '../keystore/access.js'
import type { Opener } from '../keystore/keystore.js'
import type { DaemonHandlers } from '../rpc/call.js'
import type { Hub } from '../rpc/hub.js'
import { sealForSuccessor } from './handover.js'

/** The methods that the daemon answers by itself; the vaults' side answers the others. */
export type OwnMethod =
  | 'handshake'
  | 'unlock'
  | 'lock'
  | 'passphraseChange'
  | 'daemonStop'
  | 'daemonHandover'
  | 'subscribe'

export type OwnParts = {
  /** The folder that is ours, whether it is a home yet or not. */
  readonly home: Home
  readonly access: Access
  readonly hub: Hub
  readonly random: Random
  readonly version: string
  readonly offline: boolean
  /** Where the daemon runs: its network namespace, and whether that had no way out when it started. */
  readonly netns: string | undefined
  readonly cut: boolean
  /** Ends the daemon once the answers in work are out. */
  readonly stop: () => void
}

/** An opener as it came over the socket. @throws CofferError `usage` for an empty passphrase. */
export function openerOf(opener: WireOpener): Opener {
  if (opener.kind === 'key-file') return opener
  const passphrase = fromBase64(opener.passphrase)
  if (passphrase === undefined || passphrase.length === 0) {
    throw new CofferError('usage', 'the passphrase is empty', { reason: 'passphrase-length' })
  }
  return { kind: 'passphrase', passphrase: new Secret(passphrase) }
}

export function wipeOpener(opener: Opener | undefined): void {
  if (opener?.kind === 'passphrase') opener.passphrase.wipe()
}

export function ownHandlers(parts: OwnParts): Pick<DaemonHandlers, OwnMethod> {
  return { ...homeHandlers(parts), ...processHandlers(parts) }
}

function homeHandlers({
  access,
}: OwnParts): Pick<DaemonHandlers, 'unlock' | 'lock' | 'passphraseChange'> {
  return {
    async unlock({ open }) {
      const opener = open === undefined ? undefined : openerOf(open)
      try {
        return { already: await access.unlock(opener), warnings: [] }
      } finally {
        wipeOpener(opener)
      }
    },
    lock: async () => ({ already: await access.lock() }),
    async passphraseChange({ current, next, memory }) {
      const [from, to] = [openerOf(current), openerOf(next)]
      try {
        await access.change(from, to, memory)
        return { warnings: [] }
      } finally {
        wipeOpener(from)
        wipeOpener(to)
      }
    },
  }
}

function processHandlers(
  parts: OwnParts,
): Pick<DaemonHandlers, 'handshake' | 'daemonStop' | 'daemonHandover' | 'subscribe'> {
  const { access, hub, netns } = parts
  return {
    handshake: () =>
      Promise.resolve({
        version: parts.version,
        pid: process.pid,
        state: access.state,
        offline: parts.offline,
        cut: parts.cut,
        ...(netns === undefined ? {} : { netns }),
      }),
    daemonStop(_, { connection }) {
      connection.linger()
      parts.stop()
      return Promise.resolve({})
    },
    daemonHandover({ pid, successor }, { connection }) {
      if (pid !== process.pid) {
        throw new CofferError('exists', 'another daemon has taken over', { reason: 'successor' })
      }
      const root = access.withRoot((secret) =>
        sealForSuccessor(parts.home, successor, secret, parts.random),
      )
      connection.linger()
      parts.stop()
      return Promise.resolve(root === undefined ? {} : { root })
    },
    subscribe({ topics }, { connection }) {
      hub.subscribe(connection, topics)
      return Promise.resolve({})
    },
  }
}
