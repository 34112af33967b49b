import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { toHex } from '../bytes.js'
import { cryptoReady } from '../crypto/hash.js'
import { CofferError } from '../errors.js'
import {
  epochAt,
  openInvites,
  readersOf,
  roleAt,
  type DeviceRecord,
  type Membership,
} from './membership.js'
import { mayBringOwn, mayGrant, RIGHTS, ROLES } from './roles.js'
import { History } from './testing/history.js'
import { applyLink, openChain } from './validate.js'

// Whatever anybody signs, in whatever order: the rules that no sequence of links may break.

await cryptoReady

const people = ['ann/a', 'ann/b', 'bob/a', 'bob/b', 'eve/a', 'eve/b']
const codes = ['one', 'two', 'three']
/** The owner acts most: else hardly a link would hold. */
const someone = fc.constantFrom(...Array.from({ length: 9 }, () => 'ann/a'), ...people)
const code = fc.constantFrom(...codes)
const role = fc.constantFrom(...ROLES)
const changes: fc.Arbitrary<string>[] = [
  fc.tuple(someone, fc.constantFrom(...people)).map((parts) => `remove ${parts.join(' ')}`),
  fc
    .tuple(someone, fc.constantFrom('ann', 'bob', 'eve'), role)
    .map((parts) => `role ${parts.join(' ')}`),
  fc
    .tuple(someone, fc.constantFrom('bob/c', 'eve/c,eve/d'), role)
    .map((parts) => `member ${parts.join(' ')}`),
  someone.map((by) => `rotate ${by}`),
]
const steps: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(someone, code, role, fc.constantFrom('', '', ' ann', ' bob')).map((parts) => {
    const [by, invite, given, user] = parts
    return `invite ${by} ${invite} ${given}${user}`
  }),
  fc.tuple(someone, code, fc.constantFrom(...people)).map((parts) => `admit ${parts.join(' ')}`),
  fc.tuple(someone, fc.constantFrom(...people), role).map((parts) => `add ${parts.join(' ')}`),
  fc.tuple(someone, code).map((parts) => `withdraw ${parts.join(' ')}`),
  someone.map((by) => `relay ${by} here`),
  ...changes,
)

/** Draws a chain of those links that hold: each step comes to the chain that the ones before it made. */
function grow(
  kind: string,
  drawn: readonly string[],
  each: (m: Membership, held: boolean, step: string) => void,
): History {
  const lines = [`L0 = genesis ann/a ${kind}`]
  const drawing = (all: readonly string[]): History => {
    const path = all.length > 1 ? all.map((_, i) => `L${i}`).join(' -> ') : ''
    return new History([...all, path].join('\n'))
  }
  const m = openChain(drawing(lines).signed('L0'))
  for (const step of drawn) {
    const next = [...lines, `L${lines.length} = ${step}`]
    const signed = drawing(next).signed(`L${lines.length}`)
    let held = true
    try {
      applyLink(m, signed)
      lines.push(next.at(-1) ?? '')
    } catch (error) {
      if (!(error instanceof CofferError)) throw error
      held = false
    }
    each(m, held, step)
  }
  return drawing(lines)
}

const shape = (m: Membership): string =>
  JSON.stringify([m.hashes, [...m.devices], [...m.invites], m.relays, m.epochs])

/** Who let a device in had the right to, and gave no right that nobody of its kind may give. */
function broughtRightly(m: Membership, { addedBy, roles, userId, id }: DeviceRecord): boolean {
  const [first] = roles
  if (addedBy === id) return first?.role === 'owner' && first.from === 0
  if (first?.role === undefined) return false
  const by = roleAt(m, addedBy, first.from - 1)
  const own = m.devices.get(addedBy)?.userId === userId
  return by !== undefined && (mayGrant(by, first.role) || (own && mayBringOwn(by, first.role)))
}

test('no sequence of links gives a right that nobody could give, brings a key twice, or leaves the owner out', () => {
  const kinds = fc.constantFrom('project', 'user', 'org')
  let links = 0
  fc.assert(
    fc.property(kinds, fc.array(steps, { minLength: 6, maxLength: 16 }), (kind, drawn) => {
      grow(kind, drawn, (m, held) => {
        if (held) links++
        const devices = [...m.devices.values()]
        assert.ok(devices.some(({ id }) => roleAt(m, id) === 'owner'))
        assert.ok(devices.every((device) => broughtRightly(m, device)))
        assert.is(new Set(devices.map((one) => toHex(one.keys.sign))).size, devices.length)
        if (kind === 'user') {
          assert.is(new Set(devices.map((one) => one.userId)).size, 1)
          assert.ok(openInvites(m).every((invite) => invite.userId === devices[0]?.userId))
        }
        const writers = devices.filter((one) => RIGHTS[roleAt(m, one.id) ?? 'viewer'].writes)
        assert.ok(writers.length > 0)
      })
    }),
    { numRuns: 80 },
  )
  assert.ok(links > 80, `${links} links held`)
})

test('a device that reads no more is shut out by a new key in the same link, and no key of a removed one returns', () => {
  let lost = 0
  fc.assert(
    fc.property(fc.array(fc.oneof(...changes), { minLength: 4, maxLength: 10 }), (drawn) => {
      const team = ['member ann/a bob/a,bob/b writer', 'member ann/a eve/a,eve/b reader']
      let readers: string[] = []
      let epoch = 1
      grow('project', [...team, ...drawn], (m, held, step) => {
        const now = readersOf(m).map(({ id }) => id as string)
        if (held) {
          const gone = readers.filter((id) => !now.includes(id))
          if (gone.length > 0) lost++
          const rotated = epochAt(m) > epoch
          assert.is(rotated, gone.length > 0 || step.startsWith('rotate'), step)
        }
        for (const { roles } of m.devices.values()) {
          const removed = roles.findIndex((one) => one.role === undefined)
          assert.ok(removed < 0 || removed === roles.length - 1)
        }
        readers = now
        epoch = epochAt(m)
      })
    }),
    { numRuns: 80 },
  )
  assert.ok(lost > 10, `${lost} removals of readers`)
})

test('a refused link leaves no trace; the links that held fold to the same membership everywhere', () => {
  fc.assert(
    fc.property(fc.array(steps, { minLength: 6, maxLength: 16 }), (drawn) => {
      let last = ''
      let before = ''
      const history = grow('project', drawn, (m, held) => {
        last = shape(m)
        if (!held && before !== '') assert.is(last, before)
        before = last
      })
      const head = drawn.length === 0 ? '' : last
      const count = head === '' ? 1 : (JSON.parse(head) as [string[]])[0].length
      assert.is(
        shape(history.fold(`L${count - 1}`)),
        head === '' ? shape(history.fold('L0')) : head,
      )
    }),
    { numRuns: 60 },
  )
})

test.run()
