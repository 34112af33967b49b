// The daemon's composition root: everything that acts on the world is made here or in what it loads.
import { AS_RUNNER, ENROLL } from '../shared/protocol/runner-start.js'
import { runDaemon } from './lifecycle/run.js'

const [mode, ...more] = process.argv.slice(2)
if (more.length === 0 && (mode === AS_RUNNER || mode === ENROLL)) {
  const { runRunner } = await import('./runner/runner-process.js')
  await runRunner(mode)
}
await runDaemon(process.argv.slice(2), async () => {
  const { compose } = await import('./service/compose.js')
  return compose
})
