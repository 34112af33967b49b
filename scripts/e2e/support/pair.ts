// Two devices of one person, joined as people do it.
import { type Home } from '../harness/home.js'
import { type Relay } from '../harness/relay.js'

/** Makes `a` a home on the relay, if it is none yet, and joins `b` to it; returns when both are synced. */
export async function pair(relay: Relay, a: Home, b: Home): Promise<void> {
  await relay.serve(a)
  const code = (await a.ok(['device', 'add'])).trim()
  const joining = b.start(['join', code, '--key-file', b.keyFile])
  const [, fingerprint = ''] = await joining.printed(/fingerprint: (\S+)/)
  await a.until(['device', 'requests'], (out) => out.includes(fingerprint))
  await a.ok(['device', 'confirm', fingerprint])
  const { code: exit } = await joining.ended
  if (exit !== 0) throw new Error(`can't join: ${joining.describe()}`)
}
