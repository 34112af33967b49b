// What a daemon keeps resident.
import { inWorld, type World } from '../e2e/harness/world.js'
import { type Home } from '../e2e/harness/home.js'
import { MB, residentBytes, type Group } from './bench.js'
import { connect, CONTEXT, importAll, secretNames } from './rpc.js'
import { median } from './turns.js'

const MANY = 10_000

/** Resident bytes of the home's only daemon. */
function ofDaemon(home: Home): number {
  const [pid] = home.daemons()
  if (pid === undefined) throw new Error('no daemon runs')
  return residentBytes(pid)
}

/** Resident bytes of a Node that waits and does nothing. */
async function ofNode(world: World): Promise<number> {
  const waiting = world.start([process.execPath, '-e', 'console.log(1); setInterval(() => 0, 1e6)'])
  await waiting.printed(/1/)
  const bytes = residentBytes(waiting.pid)
  waiting.kill()
  await waiting.ended
  return bytes
}

export const memory: Group = {
  figures: ['daemon-empty', 'daemon-10000', 'daemon-10000-fresh'],
  run: (bench) =>
    inWorld(async (world) => {
      const home = world.home('a')
      const floor = median([await ofNode(world), await ofNode(world), await ofNode(world)]) / MB
      const add = (name: string, what: string): void => {
        const value = ofDaemon(home) / MB
        const target = { target: { atMost: 150 } }
        bench.add({ name, what, unit: 'MB', value, floor, floorIs: 'a Node that waits', ...target })
      }
      await home.init()
      add('daemon-empty', 'a daemon with no secrets, resident')
      const client = await connect(home.folder)
      await importAll(client, secretNames(MANY))
      await client.call('secretList', { context: CONTEXT, prefix: '/user' })
      client.close()
      add('daemon-10000', 'the daemon after an import of 10,000')
      await home.stopDaemon()
      await home.ok(['ls', '/user'])
      add('daemon-10000-fresh', 'a daemon started with 10,000')
    }),
}
