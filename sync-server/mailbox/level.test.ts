import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { mailboxConformance } from './testing/conformance.js'
import { LevelMailbox } from './level.js'

mailboxConformance(test, 'level', {
  make: async (caps) => {
    const folder = await mkdtemp(join(tmpdir(), 'coffer-mailbox-'))
    let mailbox = await LevelMailbox.open(folder, caps)
    return {
      instances: [mailbox],
      reopen: async () => {
        await mailbox.close()
        mailbox = await LevelMailbox.open(folder, caps)
        return mailbox
      },
      dispose: async () => {
        await mailbox.close()
        await rm(folder, { recursive: true })
      },
    }
  },
})

test.run()
