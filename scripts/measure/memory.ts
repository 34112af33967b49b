// What a daemon keeps resident.
import { inWorld } from '../e2e/harness/world.js'
import { daemonBytes, idleNode, MB, type Group } from './bench.js'
import { connect, CONTEXT, importAll, secretNames } from './rpc.js'
import { median } from './turns.js'

const MANY = 10_000

export const memory: Group = {
  figures: ['daemon-empty', 'daemon-10000', 'daemon-10000-fresh'],
  run: (bench) =>
    inWorld(async (world) => {
      const home = world.home('a')
      const floor =
        median([await idleNode(world), await idleNode(world), await idleNode(world)]) / MB
      const add = async (name: string, what: string): Promise<void> => {
        const value = (await daemonBytes(home)).atRest / MB
        const target = { target: { atMost: 150 } }
        bench.add({ name, what, unit: 'MB', value, floor, floorIs: 'a Node that waits', ...target })
      }
      await home.init()
      await add('daemon-empty', 'a daemon with no secrets, resident')
      const client = await connect(home.folder)
      await importAll(client, secretNames(MANY))
      await client.call('secretList', { context: CONTEXT, prefix: '/user' })
      client.close()
      await add('daemon-10000', 'the daemon after an import of 10,000')
      await home.stopDaemon()
      await home.ok(['ls', '/user'])
      await add('daemon-10000-fresh', 'a daemon started with 10,000')
    }),
}
