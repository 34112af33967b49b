// The daemon's composition root: everything that acts on the world is made here or in what it loads.
import { AS_RUNNER, BUNDLE, ENROLL } from '../shared/protocol/runner-start.js'
import { runDaemon } from './lifecycle/run.js'

async function main(argv: readonly string[]): Promise<void> {
  const [mode, option, bundle, ...more] = argv
  const alone =
    option === undefined || (mode === AS_RUNNER && option === BUNDLE && bundle !== undefined)
  if (more.length === 0 && alone && (mode === AS_RUNNER || mode === ENROLL)) {
    const { runRunner } = await import('./runner/runner-process.js')
    await runRunner(mode, bundle)
  }
  await runDaemon(argv, async () => {
    const { compose } = await import('./service/compose.js')
    return compose
  })
}

// No `await` out here: the program is bundled as CommonJS. What it throws ends the process all the same.
void main(process.argv.slice(2))
