import { Buffer } from 'node:buffer'
import { CofferError } from '../../shared/errors.js'
import type { Command } from '../command.js'
import { hookStamp } from '../shell/hook-stamp.js'
import type { Session } from '../session.js'
import { fishHook } from '../shell/fish-hook.js'
import { isShellName } from '../shell/names.js'
import { posixHook } from '../shell/posix-hook.js'
import { quoteFor, SHELLS, type Shell } from '../shell/quote.js'

export const hook: Command = {
  name: 'hook',
  summary: "Print what loads an allowed directory's secrets into a shell",
  details: `To be evaluated in the shell's start file. In a directory with a .coffer.yaml that you allowed (coffer allow), and below it,
its variables are those of the shell, until you leave it: then what was there before is back. Files (files:) are run's alone.
Only names of capitals, digits and _ that no shell obeys are loaded. coffer_reload loads again.

coffer_get NAME prints a value, coffer_get -v VAR NAME puts it into a variable: in bash and zsh by a coprocess, which the first
use in the shell itself starts, so that a loop doesn't start a program for each value.`,
  args: [{ name: 'SHELL', required: true }],
  options: [{ flags: '--load', text: 'for the hook itself: the variables, as assignments' }],
  examples: [
    { line: 'eval "$(coffer hook bash)"', text: 'in ~/.bashrc; zsh: in ~/.zshrc' },
    { line: 'coffer hook fish | source', text: 'in ~/.config/fish/config.fish' },
  ],
  stdout: "the shell's commands",
  exits: ['not-found', 'locked', 'refused'],
  async run(call, session) {
    const shell = checkShell(call.args[0] ?? '')
    if (call.flag('load')) return load(session, shell)
    const stamp = quoteFor(shell, hookStamp(session.io.env))
    session.io.out(shell === 'fish' ? fishHook(stamp) : posixHook(shell, stamp))
  },
}

/** @throws CofferError `usage` (reason `bad-shell`) */
export function checkShell(typed: string): Shell {
  const known = SHELLS.find((one) => one === typed)
  if (known !== undefined) return known
  throw new CofferError('usage', `SHELL is one of ${SHELLS.join(', ')}`, { reason: 'bad-shell' })
}

async function load(session: Session, shell: Shell): Promise<void> {
  const answer = await session.call('secretEnvironment', {
    context: session.context,
    allowed: true,
    allow: [],
  })
  const chosen = answer.variables.filter(({ name }) => isShellName(name))
  const odd = answer.variables.map(({ name }) => name).filter((name) => !isShellName(name))
  const skipped = [...answer.skipped, ...odd]
  if (skipped.length > 0) session.warn([leftOut(skipped)])
  const put = shell === 'fish' ? '__coffer_put' : '_coffer_put'
  for (const { name, value } of chosen) {
    const text = Buffer.from(value, 'base64').toString()
    session.io.out(`${put} ${name} ${quoteFor(shell, text)}\n`)
  }
  session.say(`coffer: ${chosen.length} variables loaded`)
}

function leftOut(names: readonly string[]): { code: string; message: string } {
  const shown = names.slice(0, 10).join(', ')
  const more = names.length > 10 ? ` and ${names.length - 10} more` : ''
  const message = `not of capitals, digits and _, or a shell's own, left out: ${shown}${more}`
  return { code: 'skipped', message }
}
