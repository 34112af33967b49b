import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { LOG_START } from '../../shared/protocol/relay.js'
import { entryOf, ROOMY, V } from './testing/conformance-kit.js'
import { LevelMailbox } from './level.js'

const APPENDER = fileURLToPath(new URL('../testing/level-appender.js', import.meta.url))

/** Runs the appender on `folder`, kills it with SIGKILL after `lines` acknowledgements; gives all it printed. */
async function appendUntilKilled(folder: string, round: number, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, [APPENDER, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const printed: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => {
    printed.push(line)
    if (printed.length === lines) child.kill('SIGKILL')
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  assert.is(signal, 'SIGKILL')
  return printed
}

test('after kill -9 every printed acknowledgement is there, at its place', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-kill-'))
  try {
    const acknowledged = new Map<string, number>()
    for (const [round, lines] of [17, 230, 901].entries()) {
      for (const line of await appendUntilKilled(folder, round, lines)) {
        const [label = '', pos = ''] = line.split(' ')
        // The last line may be cut off by the kill.
        if (/^\d+$/.test(pos)) acknowledged.set(label, Number(pos))
      }
      const mailbox = await LevelMailbox.open(folder)
      const { entries, head } = await mailbox.read(V, LOG_START, ROOMY)
      assert.equal(
        entries.map(({ pos }) => pos),
        Array.from({ length: head }, (_, i) => i + 1),
      )
      const places = new Map(entries.map(({ id, pos }) => [id, pos]))
      for (const [label, pos] of acknowledged) assert.is(places.get(entryOf(label).id), pos, label)
      await mailbox.close()
    }
    assert.ok(acknowledged.size >= 17 + 230 + 901 - 3)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test.run()
