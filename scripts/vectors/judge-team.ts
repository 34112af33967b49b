import { checkDeps, checkHeader, type DeviceTail } from '../../shared/log/changeset.js'
import { checkItem } from '../../shared/log/entry.js'
import { decodeWraps, signedLink } from '../../shared/log/link.js'
import { epochAt } from '../../shared/log/membership.js'
import { applyLink, openChain } from '../../shared/log/validate.js'
import { checkWraps } from '../../shared/log/wraps.js'
import { openBefore, unwrap, vaultContext } from '../../daemon/core/crypto/epoch.js'
import type { Bytes } from '../../shared/bytes.js'
import { foldTo, readEntry, takeLink } from './judge.js'
import { unhex } from './people.js'
import type { Input } from './refused.js'
import { CREW, epochKey, type Team } from './team.js'

// What coffer makes of a team's frozen vectors that must be refused.

/** @throws CofferError */
export function takeOfTeam(team: Team, input: Input): void {
  switch (input.as) {
    case 'link':
      return takeLink(foldTo(team.chain, input.after), unhex(input.bytes))
    case 'start':
      return takeStart(input.genesis, unhex(input.bytes))
    case 'changeset':
      return takeChangeset(team, input.tail, unhex(input.bytes))
    case 'before':
      return takeBefore(team, input.epoch, unhex(input.bytes))
    case 'wrap':
      return takeWrap(team, input)
    default:
      throw new TypeError('no case of a team')
  }
}

function takeStart(genesis: string | null, bytes: Bytes): void {
  const first = readEntry(genesis === null ? bytes : unhex(genesis))
  if (first.kind !== 'link') throw new TypeError('no link')
  const m = openChain(first.body.signed)
  checkWraps(m, signedLink.read(first.body.signed), first.body.wraps)
  const next = readEntry(bytes)
  if (next.kind !== 'link') throw new TypeError('no link')
  checkWraps(m, applyLink(m, next.body.signed), next.body.wraps)
}

function takeChangeset({ chain, history }: Team, last: string | null, bytes: Bytes): void {
  const entry = readEntry(bytes)
  if (entry.kind !== 'changeset') throw new TypeError('no changeset')
  let tail: DeviceTail | undefined
  if (last !== null) {
    const { header, hash } = history.get(last)
    tail = { seq: header.seq, hash, memberN: header.memberHead.n }
  }
  const header = checkHeader(chain.membership, entry.body.signed, tail)
  checkDeps(header, (dep) => {
    const found = history.made.find(({ hash }) => hash === dep)
    const { device, seq, memberHead } = found?.header ?? {}
    if (device === undefined || seq === undefined || memberHead === undefined) return undefined
    return { device, seq, memberN: memberHead.n }
  })
  entry.body.items.forEach((item, i) => {
    const expected = header.items[i]
    if (expected !== undefined) checkItem(expected, item)
  })
}

function takeBefore({ membership: m }: Team, epoch: number, box: Bytes): void {
  const base = m.epochs[epoch - 1]?.start.base ?? 0
  const start = m.epochs[base - 1]?.start
  if (start === undefined) throw new TypeError('no base')
  openBefore(epochKey(epoch), box, { vaultId: m.vaultId, base, epoch }, start)
}

function takeWrap({ chain }: Team, { link, device, bytes }: Extract<Input, { as: 'wrap' }>): void {
  const m = foldTo(chain, link)
  const epoch = epochAt(m)
  const start = m.epochs[epoch - 1]?.start
  const to = CREW.find(({ name }) => name === device)
  if (start === undefined || to === undefined) throw new TypeError('nobody')
  const at = { vault: vaultContext(m.vaultId), epoch, device: to.id, start }
  unwrap(decodeWraps(unhex(bytes)), to.box, at)
}
