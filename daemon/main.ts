// The daemon's composition root: everything that acts on the world is made here or in what it loads.
import { runDaemon } from './lifecycle/run.js'

await runDaemon(process.argv.slice(2), async () => {
  const { compose } = await import('./service/compose.js')
  return compose
})
