// What unlocking with a passphrase costs beyond Argon2id itself.
import { inWorld } from '../e2e/harness/world.js'
import { toBase64 } from '../../shared/base64.js'
import { utf8 } from '../../shared/bytes.js'
import { LIMITS } from '../../shared/limits.js'
import { root } from '../tooling/repo.js'
import { type Group } from './bench.js'
import { connect } from './rpc.js'
import { inTurn, timed } from './turns.js'

const PASSPHRASE = 'a passphrase for measuring'

/** Prints the milliseconds of Argon2id alone, with the parameters that a new home gets. */
const ALONE = `
  const sodium = (await import('libsodium-wrappers-sumo')).default
  await sodium.ready
  const started = performance.now()
  sodium.crypto_pwhash(32, ${JSON.stringify(PASSPHRASE)}, new Uint8Array(16), ${LIMITS.argon2Time},
    ${LIMITS.argon2Memory} * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13)
  console.log(performance.now() - started)
`

export const unlock: Group = {
  figures: ['unlock'],
  run: (bench) =>
    inWorld(async (world) => {
      const home = world.home('a')
      await home.ok(['init', '--name', 'a', '--passphrase-fd', '0'], { stdin: PASSPHRASE })
      const client = await connect(home.folder)
      const open = { kind: 'passphrase', passphrase: toBase64(utf8(PASSPHRASE)) } as const
      const medians = await inTurn(
        bench.quick ? 2 : 7,
        async () => {
          const argv = [process.execPath, '--input-type=module', '-e', ALONE]
          const { out } = await world.start(argv, { cwd: root }).ended
          return Number(out)
        },
        async () => {
          await client.call('lock', {})
          return timed(() => client.call('unlock', { open }))
        },
      )
      client.close()
      bench.add({
        name: 'unlock',
        what: 'unlock with a passphrase, to its answer',
        unit: 'ms',
        ...medians,
        floorIs: `Argon2id alone, ${LIMITS.argon2Time} × ${LIMITS.argon2Memory / 1024} MiB`,
      })
    }),
}
