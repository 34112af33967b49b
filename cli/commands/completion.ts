import type { Command } from '../command.js'
import { complete, lineFor, nameScope, splitLine, type Candidate } from '../shell/completion.js'
import { exchange } from '../reach/exchange.js'
import { requestBytes } from '../hot.js'
import { isRunner } from '../reach/runner-env.js'
import type { Session } from '../session.js'
import { completionScript } from '../shell/completion-script.js'
import { homeOf, readySocketOf } from '../reach/socket.js'
import { METHODS } from '../../shared/protocol/local.js'
import { checkShell } from './hook.js'

/** Nobody waits longer for a list after Tab. */
const PATIENCE = 1000

/** @param commands what there is to complete; this command is among them */
export const completionOf = (commands: () => readonly Command[]): Command => ({
  name: 'completion',
  summary: 'Print what has a shell complete commands, options and names of secrets',
  details:
    'Names come from the daemon if one runs and is unlocked; completing starts none and asks for nothing.',
  args: [
    { name: 'SHELL', required: true },
    { name: 'WORDS…', required: false, many: true },
  ],
  options: [
    { flags: '--line', text: 'for the shell itself: what could stand at the end of WORDS' },
  ],
  examples: [
    { line: 'eval "$(coffer completion bash)"', text: 'in ~/.bashrc; zsh: after compinit' },
    { line: 'coffer completion fish | source', text: '' },
  ],
  stdout: "the shell's commands",
  async run(call, session) {
    const [typed = '', ...words] = call.args
    const shell = checkShell(typed)
    if (!call.flag('line')) return session.io.out(completionScript(shell))
    // bash cuts words at more than blanks, so it gives its line; the first word there is coffer.
    const split = splitLine(words.join(' '))
    const line = shell === 'bash' ? split.words.slice(1) : words
    const { candidates, names } = complete(line, commands())
    const more = names ? await secretNames(session, line) : []
    for (const one of [...candidates, ...more]) {
      const out = lineFor(shell, one, split.typed)
      if (out !== undefined) session.io.out(`${out}\n`)
    }
  },
})

/** Names that go on from what is typed; none where there is nobody to ask. */
async function secretNames(session: Session, line: readonly string[]): Promise<Candidate[]> {
  const { env } = session.io
  const socket = isRunner(env) ? undefined : readySocketOf(homeOf(env), true)
  if (socket === undefined) return []
  const current = line.at(-1) ?? ''
  const { prefix, written } = nameScope(current)
  const scope = chosen(line)
  const argv = [
    'ls',
    '--json',
    '--offline',
    ...scope,
    ...(prefix === undefined ? [] : ['--', prefix]),
  ]
  const asked = exchange(socket, requestBytes(argv, env)).catch(() => undefined)
  const late = new Promise<undefined>((resolve) => {
    setTimeout(resolve, PATIENCE, undefined).unref()
  })
  const answer = await Promise.race([asked, late])
  answer?.close()
  if (answer?.status !== 0) return []
  return namesIn(answer.stdout.toString())
    .map((name) => ({ word: written + name, text: '' }))
    .filter(({ word }) => word.startsWith(current))
}

/** --org and --project as they stand on the line. */
function chosen(line: readonly string[]): string[] {
  return line.slice(0, -1).flatMap((word, i) => {
    if (/^--(org|project)=/.test(word)) return [word]
    const value = line[i + 1]
    return (word === '--org' || word === '--project') && value !== undefined
      ? [`${word}=${value}`]
      : []
  })
}

function namesIn(json: string): string[] {
  const { secrets } = METHODS.secretList.result.check(JSON.parse(json), 'the daemon to ls')
  return secrets.map(({ name }) => name)
}
