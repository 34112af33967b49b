// The shortest story that touches all three programs and what they bring along: relay, vault, two devices, offline read.
import { World, type WorldOptions } from '../e2e/harness/world.js'

const SECRET = 'smoke \u{1f525}\nand mirrors'

/** Tells the story with the given programs; throws at the first sentence that isn't true. */
export async function story(options: WorldOptions): Promise<void> {
  const world = new World(options)
  try {
    const relay = await world.relay()
    const [first, second] = [world.home('a'), world.home('b')]
    await first.init('first')
    await relay.serve(first)
    await first.ok(['set', '/user/smoke', '--stdin'], { stdin: SECRET })
    await first.ok(['sync', '--timeout', '30s'])

    const code = (await first.ok(['device', 'add'])).trim()
    const join = second.start(['join', code, '--key-file', second.keyFile])
    const [, fingerprint = ''] = await join.printed(/^fingerprint: (\S+)$/m)
    await first.ok(['device', 'confirm', fingerprint])
    const joined = await join.ended
    if (joined.code !== 0) throw new Error(join.describe())

    const isSecret = (out: string): boolean => out === SECRET
    await second.until(['get', '-n', '/user/smoke'], isSecret)
    await relay.stop()
    const offline = await second.ok(['get', '-n', '/user/smoke'])
    if (!isSecret(offline)) throw new Error('another value without the relay')
    for (const home of [first, second]) await home.stopDaemon()
  } finally {
    world.close()
  }
}
