import { displayText } from '../../shared/display.js'
import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { parseDuration } from '../format.js'
import { forward } from '../forward.js'
import type { Session } from '../session.js'
import type { Failed } from '../tui/pick.js'
import { selection } from './secret-read.js'
import { CLIPBOARD, CLIPBOARD_LIMITS, forInk } from './ui.js'

// One secret, chosen by a person, for a script or a shell's key.

export const pick: Command = {
  name: 'pick',
  summary: 'Choose a secret by typing parts of its name',
  details: `Draws on the terminal itself, so that its output may go anywhere: $(coffer pick) is the name of what was chosen, as
coffer get takes it. Letters narrow the list; enter chooses, esc cancels.

On a key of the shell:
  bash   bind -x '"\\C-xs": n=$(coffer pick) && READLINE_LINE+=\${n@Q} READLINE_POINT=\${#READLINE_LINE}'
  zsh    coffer-pick() { local n; n=$(coffer pick) && LBUFFER+=\${(q)n}; zle reset-prompt }
         zle -N coffer-pick; bindkey '^Xs' coffer-pick
  fish   bind \\cxs 'set -l n (coffer pick); and commandline -i -- (string escape -- $n); commandline -f repaint'

${CLIPBOARD_LIMITS}`,
  args: [{ name: 'QUERY', required: false }],
  options: [
    { flags: '-a, --all', text: 'of all projects and your own, as full references' },
    { flags: '-o, --if-only', text: 'choose without asking where one name alone fits QUERY' },
    { flags: '-v, --value', text: 'print the value, as coffer get does' },
    { flags: '-n, --raw', text: 'with --value: exactly the bytes, no newline' },
    { flags: '-c, --copy', text: 'put the value on the clipboard, and print nothing' },
    {
      flags: '--clear-after <TIME>',
      text: `how long a copied value stays on the clipboard (${CLIPBOARD})`,
    },
  ],
  examples: [
    { line: 'coffer pick', text: 'prints the name' },
    { line: 'coffer pick --copy db', text: 'begins with what fits db' },
    { line: 'coffer pick --all --value', text: '' },
    { line: 'coffer pick --if-only --value deploy/KEY > key.pem', text: '' },
  ],
  stdout: 'the name, or the value',
  exits: ['not-found', 'locked', 'cannot-decrypt', 'refused', 'cancelled'],
  run: pickOne,
}

async function pickOne(call: Call, session: Session): Promise<void> {
  checkOptions(call)
  const forMs = parseDuration('--clear-after', call.text('clear-after') ?? CLIPBOARD)
  const { names, prefix } = call.flag('all') ? await allNames(session) : await placeNames(session)
  if (names.length === 0) {
    throw new CofferError('not-found', 'there is no secret to choose from', {
      reason: 'no-secrets',
      next: call.flag('all') ? 'coffer set NAME adds one' : 'see coffer pick --all',
    })
  }
  const { env } = session.io
  forInk({ ...env })
  const { copyValue, runPick } = await import('../tui/main.js')
  const picked = succeeded(
    await runPick({
      names,
      query: call.args[0] ?? '',
      takesOnly: call.flag('if-only'),
      colour: (env['NO_COLOR'] ?? '') === '',
      reader: env['INK_SCREEN_READER'] === 'true',
    }),
  )
  if (!('name' in picked)) {
    if (picked.word !== undefined) session.io.err(picked.word)
    return session.io.exit(picked.code)
  }
  const name = prefix + picked.name
  if (call.flag('value')) {
    const raw = call.flag('raw') ? ['--raw'] : []
    await forward(session, 'get', [...selection(call), ...raw, '--', name])
  } else if (call.flag('copy')) {
    const { value } = await session.call('secretGet', { context: session.context, name })
    const { how } = succeeded(await copyValue(env, value, forMs))
    session.show({ name, copied: how })
    const seconds = Math.round(forMs / 1000)
    session.say(`${displayText(name)} copied by ${how}; cleared in ${seconds} s`)
  } else {
    // A pipe gets the name that get takes; a terminal shows it.
    session.show({ name }, `${session.io.outIsTerminal ? displayText(name) : name}\n`)
  }
}

/** What the other bundle answers, its failure as an error of this one. @throws CofferError */
function succeeded<T extends object>(answer: T | Failed): T {
  if (!('failure' in answer)) return answer
  const { code, message, reason, next } = answer.failure
  throw new CofferError(code, message, {
    ...(reason === '' ? {} : { reason }),
    ...(next === '' ? {} : { next }),
  })
}

function checkOptions(call: Call): void {
  if (call.flag('value') && call.flag('copy')) {
    throw new CofferError('usage', '--value and --copy exclude each other', {
      reason: 'two-outputs',
      next: 'give one of them',
    })
  }
  if (call.flag('raw') && !call.flag('value')) {
    throw new CofferError('usage', '--raw is about a value', {
      reason: 'no-value',
      next: 'give --value with it',
    })
  }
}

/** Names as they are shown, and what makes a reference of each. */
type Offer = { readonly names: readonly string[]; readonly prefix: string }

/** Of the selected project, or the person's own. */
async function placeNames(session: Session): Promise<Offer> {
  const { vault, secrets } = await session.call('secretList', { context: session.context })
  const names = secrets.map(({ name }) => name)
  return { names, prefix: vault.kind === 'user' ? '/user/' : '' }
}

/** References of all that can be read. */
async function allNames(session: Session): Promise<Offer> {
  // No selection: flags alone say where to look.
  const context = { cwd: session.context.cwd, env: {} }
  const own = await session.call('secretList', { context, prefix: '/user/' })
  const names = own.secrets.map(({ name }) => `/user/${name}`)
  const { orgs } = await session.call('orgList', { context })
  for (const { name: org } of orgs) {
    const { projects } = await session.call('projectList', { context: { ...context, org } })
    for (const { name: project } of projects) {
      const { secrets } = await session.call('secretList', {
        context: { ...context, org, project },
      })
      names.push(...secrets.map(({ name }) => `coffer://${org}/${project}/${name}`))
    }
  }
  return { names, prefix: '' }
}
