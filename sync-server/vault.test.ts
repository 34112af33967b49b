import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CofferError } from '../shared/errors.js'
import { idOf, type RelayKey } from '../shared/ids.js'
import { entryIdOf } from '../shared/log/entry.js'
import { LOG_START } from '../shared/protocol/relay.js'
import { openVault } from './core/vault.js'
import { mailboxError, type Appended, type MailboxReason } from './mailbox/mailbox.js'
import { MemoryMailbox } from './mailbox/memory.js'
import { deviceOf, TestVault } from './testing/people.js'
import { firstRegisters, RelayVault } from './vault.js'

const ann = deviceOf('ann')
const bob = deviceOf('bob')
const relay = idOf<RelayKey>(deviceOf('relay').keys.sign)

/** A mailbox whose appends wait for the test, and may fail. */
class SlowMailbox extends MemoryMailbox {
  slow = false
  readonly waiting: { go: () => void; fail: (reason: MailboxReason) => void }[] = []

  override async append(...args: Parameters<MemoryMailbox['append']>): Promise<Appended> {
    if (this.slow) {
      await new Promise<void>((resolve, reject) => {
        const fail = (reason: MailboxReason): void => reject(mailboxError(reason, 'told to fail'))
        this.waiting.push({ go: resolve, fail })
      })
    }
    return super.append(...args)
  }

  async arrived(count: number): Promise<void> {
    while (this.waiting.length < count) await new Promise((resolve) => setImmediate(resolve))
  }
}

async function setUp() {
  const test = new TestVault(ann, 'v', relay)
  const mailbox = new SlowMailbox()
  const { state } = openVault([test.genesis])
  const id = entryIdOf(test.genesis)
  await mailbox.createVault(test.vaultId, {
    quota: 1 << 20,
    entries: [{ id, body: test.genesis }],
    registers: firstRegisters(state, [test.genesis]),
  })
  return { test, mailbox, vault: new RelayVault(test.vaultId, mailbox, relay) }
}

const reasonOf = (outcome: PromiseSettledResult<unknown>): string | undefined =>
  outcome.status === 'fulfilled'
    ? 'done'
    : outcome.reason instanceof CofferError
      ? outcome.reason.reason
      : String(outcome.reason)

test('appends are planned on each other while the first is being written', async () => {
  const { test: own, mailbox, vault } = await setUp()
  mailbox.slow = true
  const entries = [own.changeset(ann, '1'), own.changeset(ann, '2'), ...own.add(ann, bob, 'writer')]
  const appends = entries.map((entry) => vault.append(LOG_START, [entry]))
  await mailbox.arrived(4)
  const before = await new RelayVault(own.vaultId, mailbox, relay).state()
  assert.is(before.membership.hashes.length, 1, 'nothing is seen before it is durable')
  for (const one of mailbox.waiting) one.go()
  const done = await Promise.all(appends)
  assert.equal(
    done.map((one) => one.positions),
    [[2], [3], [4], [5]],
  )
  assert.is((await vault.state()).membership.hashes.length, 3)
})

test('a failed write takes with it what was planned on it, and nothing else; it can be sent again', async () => {
  const { test: own, mailbox, vault } = await setUp()
  await vault.append(LOG_START, own.add(ann, bob, 'writer'))
  mailbox.slow = true
  const ofAnn = [own.changeset(ann, 'a1'), own.changeset(ann, 'a2')]
  const ofBob = own.changeset(bob, 'b1')
  const appends = [...ofAnn, ofBob].map((entry) => vault.append(LOG_START, [entry]))
  await mailbox.arrived(3)
  mailbox.slow = false
  mailbox.waiting[0]?.fail('unavailable')
  mailbox.waiting[1]?.go()
  mailbox.waiting[2]?.go()
  const outcomes = (await Promise.allSettled(appends)).map(reasonOf)
  // The second rests on the first: it is planned anew, and then out of turn.
  assert.equal(outcomes, ['unavailable', 'bad-seq', 'done'])
  const again = await vault.append(LOG_START, ofAnn)
  assert.is(again.added, 2)
  const state = await vault.state()
  assert.equal([state.writers.get(ann.id)?.seq, state.writers.get(bob.id)?.seq], [2, 1])
})

test('what was written behind a failed write does not bring the failed one back', async () => {
  const { test: own, mailbox, vault } = await setUp()
  await vault.append(LOG_START, own.add(ann, bob, 'writer'))
  mailbox.slow = true
  const entries = [own.changeset(ann, 'a1'), own.changeset(bob, 'b1')]
  const appends = entries.map((entry) => vault.append(LOG_START, [entry]))
  await mailbox.arrived(2)
  mailbox.waiting[0]?.fail('unavailable')
  mailbox.waiting[1]?.go()
  assert.equal((await Promise.allSettled(appends)).map(reasonOf), ['unavailable', 'done'])
  const { writers } = await vault.state()
  assert.equal([writers.has(ann.id), writers.get(bob.id)?.seq], [false, 1])
})

test('a refused base leaves the plan as it was', async () => {
  const { test: own, vault } = await setUp()
  const entry = own.changeset(ann, '1')
  const wrong = { pos: 7, entryId: entryIdOf(entry) }
  const [refused] = await Promise.allSettled([vault.append(wrong, [entry])])
  assert.is(refused && reasonOf(refused), 'diverged')
  assert.is((await vault.append(LOG_START, [entry])).added, 1)
})

test('the same entry twice at once is one entry', async () => {
  const { test: own, mailbox, vault } = await setUp()
  mailbox.slow = true
  const entry = own.changeset(ann, '1')
  const both = [vault.append(LOG_START, [entry]), vault.append(LOG_START, [entry])]
  await mailbox.arrived(1)
  mailbox.slow = false
  mailbox.waiting[0]?.go()
  const done = await Promise.all(both)
  assert.equal(
    done.map((one) => [one.positions, one.added]),
    [
      [[2], 1],
      [[2], 0],
    ],
  )
})

test('two relays on one store: whoever planned on an old state plans anew', async () => {
  const { test: own, mailbox, vault } = await setUp()
  const other = new RelayVault(own.vaultId, mailbox, relay)
  await vault.state()
  await other.append(LOG_START, [own.changeset(ann, '1'), ...own.add(ann, bob, 'writer')])
  const done = await vault.append(LOG_START, [own.changeset(ann, '2'), own.changeset(bob, '1')])
  assert.equal(done.positions, [5, 6])
})

test('chains longer than a page are read whole', async () => {
  const { test: own, mailbox, vault } = await setUp()
  const links = Array.from({ length: 60 }, (_, i) => own.invite(ann, `i${i}`, 'reader'))
  await vault.append(LOG_START, links)
  const fresh = new RelayVault(own.vaultId, mailbox, relay)
  assert.is((await fresh.state()).membership.hashes.length, 61)
  const { entries, head } = await fresh.chain(40)
  assert.equal([entries.length, head.length], [21, 61])
  assert.is((await fresh.chain(61)).entries.length, 0)
})

test.run()
