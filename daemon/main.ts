// The daemon's composition root: everything that acts on the world is made here or in what it loads.
import { AS_RUNNER, ENROLL } from '../shared/protocol/runner-start.js'
import { runDaemon } from './lifecycle/run.js'

async function main(argv: readonly string[]): Promise<void> {
  const [mode, ...more] = argv
  if (more.length === 0 && (mode === AS_RUNNER || mode === ENROLL)) {
    const { runRunner } = await import('./runner/runner-process.js')
    await runRunner(mode)
  }
  await runDaemon(argv, async () => {
    const { compose } = await import('./service/compose.js')
    return compose
  })
}

// No `await` out here: the program is bundled as CommonJS. What it throws ends the process all the same.
void main(process.argv.slice(2))
