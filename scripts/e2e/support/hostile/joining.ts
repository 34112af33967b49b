// Joining, step by step, with whatever happens in between.
import { type Home } from '../../harness/home.js'
import { contextOf } from '../local.js'
import { type Stage } from './stage.js'

export type Joiner = { readonly home: Home; readonly code: number; readonly text: string }

/** The steps on a stage whose first device lets others in. */
export function joiningOn({ a, world }: Stage) {
  return {
    addDevice: async (): Promise<string> =>
      (await a.client.call('deviceAdd', { context: contextOf(), expires: 3_600_000 })).code,
    /** `coffer join` without waiting; the home that it would make. */
    joins: async (name: string, code: string): Promise<Joiner> => {
      const home = world.home(name)
      const ended = await home.run(['join', code, '--key-file', home.keyFile, '--no-wait'])
      return { home, code: ended.code, text: ended.out + ended.err }
    },
    confirm: (fingerprint: string) =>
      a.client.call('deviceConfirm', { context: contextOf(), fingerprint }),
  }
}

export const fingerprintIn = (text: string): string => /^fingerprint: (.*)$/m.exec(text)?.[1] ?? ''
