import { LOG_START } from '../../shared/protocol/relay.js'
import { entryOf, makeVault, V } from '../mailbox/testing/conformance-kit.js'
import { LevelMailbox } from '../mailbox/level.js'

// Run by the kill test in a process of its own: appends from several writers until it is killed, and prints
// each acknowledgement once it has it.

const [folder = '', round = ''] = process.argv.slice(2)
const mailbox = await LevelMailbox.open(folder)
await makeVault(mailbox)

async function write(writer: number): Promise<never> {
  for (let i = 0; ; i++) {
    const label = `${round}.${writer}.${i}`
    const { positions } = await mailbox.append(V, LOG_START, [entryOf(label, 40 + (i % 5) * 700)], {
      registers: [{ key: `last/${writer}`, body: Uint8Array.of(i & 0xff) }],
    })
    process.stdout.write(`${label} ${positions[0]}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)))
