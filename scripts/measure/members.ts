// What membership costs: a removal from a large team, and the reading of a long chain.
import { verify } from '../../shared/crypto/sign.js'
import { cryptoReady } from '../../shared/crypto/hash.js'
import { statementHolds } from '../../shared/log/device.js'
import { decodeEntry } from '../../shared/log/entry.js'
import { signedLink, type Link } from '../../shared/log/link.js'
import { type Signed } from '../../shared/log/signed.js'
import { applyLink, openChain } from '../../shared/log/validate.js'
import { sealTo } from '../../daemon/core/crypto/seal.js'
import { Team } from '../../daemon/core/vault/testing/team.js'
import { planRemoval } from '../../daemon/core/vault/removing.js'
import { type Bench, type Group } from './bench.js'
import { inTurn, timed } from './turns.js'

const MEMBERS = 200
const SECRETS = 1000
const LINKS = 10_000

const OWNER = 'owner/laptop'

/** A project of so many people and secrets. */
function largeTeam(members: number, secrets: number): Team {
  const team = new Team(OWNER)
  for (let n = 0; n < members; n++) team.member(OWNER, [`member${n}/laptop`], 'writer')
  for (let n = 0; n < secrets; n++) team.write(OWNER, `secret-${n}`, `value ${n}`)
  team.read(OWNER)
  return team
}

async function removal(bench: Bench): Promise<void> {
  const rounds = bench.quick ? 2 : 9
  // One more than is removed: the measured ones all leave MEMBERS behind, give or take the rounds.
  const team = largeTeam(MEMBERS + rounds + 1, bench.quick ? 100 : SECRETS)
  const { replica } = team.of(OWNER)
  const plain = new Uint8Array(100)
  let next = 0
  const medians = await inTurn(
    rounds,
    () => {
      const keys = Array.from({ length: MEMBERS }, (_, n) => team.of(`member${n}/laptop`))
      return timed(() => {
        for (const { identity } of keys) sealTo(identity.statement.keys.box, plain)
      })
    },
    () => {
      const gone = team.of(`member${MEMBERS + next++}/laptop`).identity.device
      return timed(() => team.link(OWNER, (parts) => planRemoval(parts, new Set([gone]))))
    },
  )
  if ((replica.membership?.epochs.length ?? 0) < rounds) throw new Error('no key was changed')
  bench.add({
    name: 'removal',
    what: `a member removed from ${MEMBERS} with ${SECRETS} secrets: cut, new key, ${MEMBERS} wraps, taken in`,
    unit: 'ms',
    ...medians,
    floorIs: `${MEMBERS} sealed boxes`,
    target: { timesFloor: 3 },
  })
}

/** A chain in which people come, change their roles and go. */
function longChain(length: number): { readonly links: readonly Signed[] } {
  const team = new Team(OWNER)
  for (let n = 0; team.log.length < length; n++) {
    const name = `member${n}/laptop`
    team.member(OWNER, [name], 'reader')
    team.role(OWNER, name, 'viewer')
    team.role(OWNER, name, 'writer')
    // Some stay.
    if (n % 20 !== 0) team.remove(OWNER, name)
  }
  const links = team.log.slice(0, length).map((body) => {
    const entry = decodeEntry(body)
    if (entry.kind !== 'link') throw new TypeError('no link')
    return entry.body.signed
  })
  return { links }
}

/** Every signature that a link carries, checked and nothing else. */
function bareChecks(
  links: readonly { readonly link: Link; readonly signed: Signed }[],
  key: Uint8Array,
): void {
  for (const { link, signed } of links) {
    if (!verify('link', signed.signature, signed.body, key)) throw new Error('not signed')
    if (link.action.kind !== 'add-member') continue
    for (const statement of link.action.body.statements) {
      if (!statementHolds(statement)) throw new Error('no statement')
    }
  }
}

async function chain(bench: Bench): Promise<void> {
  const { links } = longChain(bench.quick ? LINKS / 10 : LINKS)
  const read = links.map((signed) => ({ signed, link: signedLink.read(signed) }))
  const [genesis] = read
  if (genesis?.link.action.kind !== 'genesis') throw new TypeError('no genesis')
  const key = genesis.link.action.body.statement.keys.sign
  const medians = await inTurn(
    bench.quick ? 1 : 3,
    () => timed(() => bareChecks(read, key)),
    () =>
      timed(() => {
        const m = openChain(genesis.signed)
        for (const signed of links.slice(1)) applyLink(m, signed)
      }),
  )
  bench.add({
    name: 'chain',
    what: `a membership chain of ${links.length} links read and verified`,
    unit: 'ms',
    ...medians,
    floorIs: 'its bare signature checks',
    target: { timesFloor: 1.5 },
  })
}

export const members: Group = {
  figures: ['removal', 'chain'],
  async run(bench) {
    await cryptoReady
    if (bench.wanted('removal')) await removal(bench)
    if (bench.wanted('chain')) await chain(bench)
  },
}
