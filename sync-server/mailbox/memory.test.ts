import { test } from 'uvu'
import { mailboxConformance } from './testing/conformance.js'
import { MemoryMailbox } from './memory.js'

mailboxConformance(test, 'memory', {
  make: async (caps) => ({
    instances: [new MemoryMailbox(caps)],
    dispose: () => Promise.resolve(),
  }),
})

test.run()
