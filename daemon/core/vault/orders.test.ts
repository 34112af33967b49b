import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromUtf8, type Bytes } from '../../../shared/bytes.js'
import { cryptoReady } from '../../../shared/crypto/hash.js'
import { decodeEntry } from '../../../shared/log/entry.js'
import { roleAt } from '../../../shared/log/membership.js'
import { RIGHTS, ROLES } from '../../../shared/log/roles.js'
import { headsOf } from './removing.js'
import { Team } from './testing/team.js'

// People who come, change roles and go in any order while they write, each as far as it has read: all show the same.

await cryptoReady

const PEOPLE = ['bob/b', 'cat/c', 'dan/d', 'eve/e', 'fay/f']
const ALL = ['ann/a', ...PEOPLE]

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      who: fc.nat(5),
      name: fc.nat(2),
      hidden: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), who: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('role' as const), who: fc.nat(4), role: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), who: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('raise' as const), who: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('show' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('member' as const), who: fc.nat(4), role: fc.nat(3) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Play {
  readonly t = new Team('ann/a')
  hidden: Bytes[] = []
  n = 0

  roleOf(name: string) {
    const m = this.t.of('ann/a').replica.chain.known()
    return roleAt(m, this.t.of(name).identity.device)
  }

  isIn(name: string): boolean {
    const m = this.t.of('ann/a').replica.chain.known()
    return m.devices.has(this.t.of(name).identity.device)
  }

  do(one: Step): void {
    const { t } = this
    if (one.kind === 'show') {
      t.log.push(...this.hidden)
      this.hidden = []
      return
    }
    if (one.kind === 'rotate') return t.rotate('ann/a')
    const name = (one.kind === 'write' || one.kind === 'read' ? ALL : PEOPLE)[one.who] ?? 'ann/a'
    if (one.kind === 'write') return this.write(name, one.name, one.hidden)
    if (one.kind === 'read') return void (this.isIn(name) && t.read(name))
    if (one.kind === 'member') {
      if (!this.isIn(name)) t.member('ann/a', [name], ROLES[one.role + 1] ?? 'reader')
      return
    }
    if (!this.isIn(name)) return
    if (one.kind === 'raise') return this.raise(name)
    if (this.roleOf(name) === undefined) return
    if (one.kind === 'remove') return t.remove('ann/a', name)
    const role = ROLES[one.role] ?? 'reader'
    if (this.roleOf(name) !== role) t.role('ann/a', name, role)
  }

  write(by: string, name: number, asked: boolean): void {
    const { chain } = this.t.of(by).replica
    if (chain.membership === undefined || !chain.mayWrite || chain.role === 'sealer') return
    // A log doesn't show what builds on something hidden.
    const hidden = asked || this.hidden.length > 0
    const bodies = this.t.write(by, `s${name}`, `${by} ${this.n++}`, { hidden })
    if (hidden) this.hidden.push(...bodies)
  }

  raise(name: string): void {
    const { t } = this
    t.read('ann/a')
    const { chain, graph } = t.of('ann/a').replica
    const { device } = t.of(name).identity
    const record = chain.known().devices.get(device)
    const last = record?.cuts.at(-1)
    if (last === undefined) return
    const cuts = headsOf(graph, new Set([device]))
    const top = Math.max(0, ...last.heads.map(({ seq }) => seq))
    if (cuts.every(({ seq }) => seq <= top)) return
    t.link('ann/a', () => ({ action: { kind: 'raise-cut', body: { cuts } } }))
  }
}

function shown(t: Team, name: string): string {
  const { replica } = t.of(name)
  const names = [...replica.live('secret')].flatMap(({ siblings }) =>
    siblings.map((one) => `${one.name}=${fromUtf8(replica.value(one))}`),
  )
  const lost = replica.lost().map(({ id }) => String(id))
  return JSON.stringify([names.toSorted(), lost.toSorted(), replica.waiting()])
}

function shuffled<T>(all: readonly T[], order: readonly number[]): T[] {
  return all
    .map((one, i) => ({ one, at: order[i % order.length] ?? 0 }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one)
}

test('whatever happens in whatever order, everybody who reads shows the same', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }),
      (steps, order) => {
        const play = new Play()
        const { t } = play
        for (const one of PEOPLE.slice(0, 3)) t.member('ann/a', [one], 'writer')
        for (const one of ALL) if (play.isIn(one)) t.read(one)
        for (const one of steps) play.do(one)
        t.log.push(...play.hidden)
        for (const name of ALL) if (play.isIn(name)) t.read(name)
        const expected = shown(t, 'ann/a')
        for (const name of PEOPLE) {
          const role = play.isIn(name) ? play.roleOf(name) : undefined
          if (role === undefined || !RIGHTS[role].reads) continue
          assert.is(shown(t, name), expected, name)
          t.restart(name)
          assert.is(shown(t, name), expected, `${name} after a restart`)
        }
        t.restart('ann/a')
        assert.is(shown(t, 'ann/a'), expected, 'after a restart')
        const links = t.log.filter((body) => decodeEntry(body).kind === 'link')
        const content = shuffled(
          t.log.filter((body) => decodeEntry(body).kind !== 'link'),
          order,
        )
        const mixed = [...links, ...content]
        t.anew('ann/a', 'anew/1')
        for (let end = 1; end <= mixed.length; end++) t.read('anew/1', mixed.slice(0, end))
        assert.is(shown(t, 'anew/1'), expected, 'links first')
        const half = links.length >> 1
        const few = content.slice(0, 12)
        t.anew('ann/a', 'anew/2')
        t.read('anew/2', [
          ...links.slice(0, half),
          ...few,
          ...links.slice(half),
          ...content.slice(12),
        ])
        assert.is(shown(t, 'anew/2'), expected, 'some before their links')
      },
    ),
    { numRuns: 30 },
  )
})

test.run()
