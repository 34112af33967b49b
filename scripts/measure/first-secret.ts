// What a new device is sent, and how long it waits, for its first secret of a log of 50,000 changesets: beside one of 100.
import { inWorld, type World } from '../e2e/harness/world.js'
import {
  bytesOfFirst,
  fullLeaves,
  grown,
  secretName,
  type Grown,
} from '../e2e/support/first-secret.js'
import { LIMITS } from '../../shared/limits.js'
import { type Bench, type Group } from './bench.js'
import { ask, soon } from './devices.js'
import { connect, CONTEXT } from './rpc.js'
import { median } from './turns.js'

const FEW = 100

type First = { readonly bytes: number; readonly ms: number }

export const firstSecret: Group = {
  figures: ['first-secret.bytes', 'first-secret.time'],
  run: async (bench) => {
    const many = bench.quick ? 1000 : LIMITS.checkpointAfter
    const floor = await measured(bench, FEW)
    const value = await measured(bench, many)
    const floorIs = `the same where ${FEW} were written`
    const log = `${many} changesets under a checkpoint, all of them live`
    bench.add({
      name: 'first-secret.bytes',
      what: `sent to a new device until its first secret: ${log}`,
      unit: 'B',
      value: value.bytes,
      floor: floor.bytes,
      floorIs,
      target: { timesFloor: 1.1 },
    })
    bench.add({
      name: 'first-secret.time',
      what: `confirmation → first secret reads, the rest on its way: ${log}`,
      unit: 'ms',
      value: value.ms,
      floor: floor.ms,
      floorIs,
      target: { atMost: 500 },
    })
  },
}

async function measured(bench: Bench, changesets: number): Promise<First> {
  const times: number[] = []
  let bytes = 0
  await inWorld(async (world) => {
    const vault = await grown(world, fullLeaves(changesets))
    bytes = await bytesOfFirst(world, vault)
    for (let round = 0; round < (bench.quick ? 1 : 5); round++)
      times.push(await timeOfFirst(world, vault, round))
    vault.client.close()
    vault.relay.close()
  })
  return { bytes, ms: median(times) }
}

/** Milliseconds from the start of the confirmation until the new device reads one secret, with nothing held back. */
async function timeOfFirst(
  world: World,
  { relay, home, client }: Grown,
  round: number,
): Promise<number> {
  await relay.real.serve(home)
  const fresh = world.home(`new${round}`)
  const { fingerprint } = await ask(home, fresh)
  const there = await connect(fresh.folder)
  const started = performance.now()
  const readable = soon('the first secret reads', 2, () =>
    there.call('secretGet', { context: CONTEXT, name: secretName(7) }),
  ).then(() => performance.now() - started)
  await client.call('deviceConfirm', { context: CONTEXT, fingerprint })
  const ms = await readable
  there.close()
  await fresh.stopDaemon()
  return ms
}
