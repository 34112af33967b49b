// The daemon's composition root: everything that acts on the world is made here or in what it loads.
import { setFlagsFromString } from 'node:v8'
import { runDaemon } from './lifecycle/run.js'

// A guest in the background: rather some more collections than tens of MiB that V8 would keep for its next rush.
// Measured with 10,000 secrets coming in: 226 MiB resident without, 145 with both and Node's --optimize-for-size.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--optimize-for-size')

await runDaemon(process.argv.slice(2), async () => {
  const { compose } = await import('./service/compose.js')
  return compose
})
