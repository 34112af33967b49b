import { durationOf } from '../shared/duration.js'
import type { Demands } from '../shared/protocol/local-common.js'
import type { Call } from './call.js'
import type { OptionSpec } from './command.js'

// What get, ls and run may demand of what they read.

export const DEMAND_OPTIONS: readonly OptionSpec[] = [
  { flags: '--fresh', text: 'read the relay to its end first' },
  { flags: '--max-age <TIME>', text: 'fail where no other device confirmed the vault within that' },
  {
    flags: '--require-lock',
    text: 'hold it against .coffer/lock (--strict: fail where this device is behind it, too)',
  },
]

/** The demands as typed, written out again for the plain form. */
export function demandWords(call: Call): string[] {
  const maxAge = call.text('max-age')
  return [
    ...(call.flag('strict') ? ['--strict'] : []),
    ...(call.flag('fresh') ? ['--fresh'] : []),
    ...(maxAge === undefined ? [] : [`--max-age=${maxAge}`]),
    ...(call.flag('require-lock') ? ['--require-lock'] : []),
  ]
}

/** The demands as a method takes them. @throws CofferError `usage` (reason `bad-duration`) */
export function demandsOf(call: Call): Demands {
  const maxAge = call.text('max-age')
  return {
    ...(maxAge === undefined ? {} : { maxAge: durationOf('--max-age', maxAge) }),
    ...(call.flag('fresh') ? { fresh: true } : {}),
    ...(call.flag('require-lock') ? { lock: call.flag('strict') ? 'refuse' : 'warn' } : {}),
  }
}
