import type { Bytes } from '../../shared/bytes.js'
import { equal } from '../../shared/bytes.js'
import { CofferError } from '../../shared/errors.js'
import type { VaultId } from '../../shared/ids.js'
import { LIMITS } from '../../shared/limits.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { signedLink } from '../../shared/log/link.js'
import type { ChainHead } from '../../shared/protocol/relay.js'
import { cursorOf } from '../core/sync/state.js'
import { passes } from '../core/sync/sending.js'
import type { ChainPart, LinkOutcome } from './api.js'
import type { Connection } from './connection.js'
import { cancelled } from './deadline.js'
import type { RelayLink } from './link.js'
import { malformed, RelayRefusal, unreachable } from './messages.js'
import type { VaultRunner } from './runner.js'

// Single requests to a relay that somebody waits for: linking and joining. Deadlines are the caller's (`bounded`);
// `signal` ends the loops here when nobody waits any more.

/**
 * Link entries from number `from` on, all there are. What a relay calls a chain is checked later: here its size is.
 * @throws CofferError `relay-refused` (reason `malformed`), `cancelled`
 */
export async function fetchChain(
  connection: Connection,
  vaultId: VaultId,
  from: number,
  signal?: AbortSignal,
): Promise<ChainPart> {
  const entries: Bytes[] = []
  let bytes = 0
  for (;;) {
    const next = from + entries.length
    const part = await connection.request('chain', { vaultId, from: next })
    if (signal?.aborted === true) throw cancelled()
    for (const entry of part.entries) bytes += entry.length
    if (part.from !== next || bytes > LIMITS.chain) throw malformed()
    entries.push(...part.entries)
    if (part.entries.length === 0 || from + entries.length >= part.head.length) {
      return { entries, head: part.head }
    }
  }
}

/**
 * Sends one link and waits until it is met in the log.
 * @throws CofferError the relay's refusal, but for a chain that moved on
 */
export async function appendLink(runner: VaultRunner, entry: Bytes): Promise<LinkOutcome> {
  const { port, link } = runner
  const { vaultId } = port
  const connection = await link.ready(true)
  await runner.until(
    (state) => state.phase === 'open' && state.live && state.linksFrom === undefined,
  )
  const { links } = port.facts()
  try {
    const base = cursorOf(port.facts())
    const { positions } = await connection.request('append', { vaultId, base, entries: [entry] })
    const [pos] = positions
    if (pos === undefined) throw malformed()
    await runner.until((state) => state.facts.cursor.pos >= pos)
    const [met] = await port.chainEntries(numberOf(entry))
    if (met !== undefined) return equal(met, entry) ? 'accepted' : 'chain-moved'
    throw falseAcceptance(runner)
  } catch (error) {
    if (!(error instanceof RelayRefusal)) throw error
    if (error.reason === 'chain-moved') return await catchUp(runner, connection, links)
    const lost = error.reason === 'diverged' || error.reason === 'stale-base'
    if (lost || passes(error.reason ?? '')) return 'unreachable'
    throw error
  }
}

/** The number in the chain of the link in this entry, which is our own. */
function numberOf(body: Bytes): number {
  const entry = decodeEntry(body)
  if (entry.kind !== 'link') throw new TypeError('not a link')
  return signedLink.read(entry.body.signed).n
}

/** The log was read past where the relay says that the link stands, and it isn't there. */
function falseAcceptance({ port }: VaultRunner): CofferError {
  const reason = 'false-acknowledgement'
  port.alarm({ reason, detail: 'the relay took a link that its log does not hold' })
  return new CofferError('tampering', 'the relay says that it took the change, and did not', {
    reason,
    next: 'nothing was changed; tell whoever runs the relay',
  })
}

/** After a lost race: the winner's links, so that the loser can plan anew at once. */
async function catchUp(
  { port }: VaultRunner,
  connection: Connection,
  before: number,
): Promise<LinkOutcome> {
  const { entries } = await fetchChain(connection, port.vaultId, port.facts().links)
  if (entries.length > 0) await port.ingestChain(entries)
  return port.facts().links > before ? 'chain-moved' : 'unreachable'
}

/**
 * Waits until the chain is longer than `length` links, over as many connections as it takes.
 * @param request this device's join request, which each new connection must be given
 * @throws CofferError the relay's lasting refusal of the request; `unreachable` (reason `closed`) when it ends the
 * waiting without a word: asked again, it says why
 */
export async function waitChainMoved(
  link: RelayLink,
  vaultId: VaultId,
  length: number,
  request: Bytes | undefined,
  signal: AbortSignal,
): Promise<ChainHead> {
  let newest: ChainHead | undefined
  let closed = false
  let wake = (): void => undefined
  // A push may be seen before the reply that it followed: the longer chain counts.
  const note = (head: ChainHead | undefined): void => {
    if (head !== undefined && head.length > (newest?.length ?? 0)) newest = head
    wake()
  }
  const unlisten = link.listen({
    onConnected: () => undefined,
    onDisconnected: () => wake(),
    onPush: (push) => {
      if (push.body.vaultId !== vaultId) return
      if (push.kind === 'chainMoved') note(push.body.head)
      if (push.kind === 'closed') {
        closed = true
        wake()
      }
    },
  })
  const stop = (): void => wake()
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      const connection = await link.ready(false)
      if (request !== undefined) note(await join(connection, vaultId, request))
      while (link.connection === connection && !signal.aborted) {
        if (newest !== undefined && newest.length > length) return newest
        if (closed) throw unreachable('the relay lets this device wait no longer', 'closed')
        await new Promise<void>((resolve) => (wake = resolve))
      }
    }
    throw new CofferError('cancelled', 'nobody waits any more', { reason: 'cancelled' })
  } finally {
    signal.removeEventListener('abort', stop)
    unlisten()
  }
}

/** The chain's head, or undefined when the connection ended or the relay is busy. */
async function join(
  connection: Connection,
  vaultId: VaultId,
  request: Bytes,
): Promise<ChainHead | undefined> {
  try {
    return (await connection.request('join', { vaultId, request })).head
  } catch (error) {
    if (error instanceof RelayRefusal && !passes(error.reason ?? '')) throw error
    return undefined
  }
}
