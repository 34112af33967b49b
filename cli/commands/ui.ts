import { setFlagsFromString } from 'node:v8'
import { CofferError } from '../../shared/errors.js'
import type { Call } from '../call.js'
import type { Command } from '../command.js'
import { parseDuration } from '../format.js'
import type { Session } from '../session.js'

// The terminal UI is a bundle of its own: Ink and React cost nobody else a millisecond.

const REVEAL = '15s'
export const CLIPBOARD = '45s'

/** Limits of the clipboard that help tells. */
export const CLIPBOARD_LIMITS = `The clipboard is the desktop's (wl-copy, xclip, xsel, pbcopy), tmux's, or the terminal's own by OSC 52, which not every
terminal obeys. A process of its own clears it, also when coffer has ended, if the value is still there; what was copied by OSC 52
can't be read back, and is cleared whatever is there then. A clipboard manager may keep a history of its own.`

export const ui: Command = {
  name: 'ui',
  summary: 'Open the terminal UI',
  details: `Secrets of all projects, people, devices, conflicts, alarms: everything of a day's work, live. Without a home it
leads from nothing to the first secret. ? shows the keys, ^p finds what can be done by typing. coffer alone, on a terminal, is
the same. Editors ($VISUAL, $EDITOR, vi) get a value as a file in memory that ends with them; what an editor keeps elsewhere
(vim's viminfo, an undo or backup directory) is its own configuration's matter.`,
  options: [
    { flags: '--reveal <TIME>', text: `how long a revealed value is shown (${REVEAL})` },
    {
      flags: '--clear-after <TIME>',
      text: `how long a copied value stays on the clipboard (${CLIPBOARD})`,
    },
    { flags: '--screen-reader', text: 'lines without frames, and a cursor to follow' },
  ],
  examples: [
    { line: 'coffer ui', text: '' },
    { line: 'coffer ui --reveal 5s --clear-after 20s', text: '' },
    { line: 'NO_COLOR=1 coffer ui', text: 'without colours' },
  ],
  exits: ['cancelled'],
  async run(call, session) {
    if (session.io.inputKind() !== 'terminal' || !session.io.outIsTerminal) {
      throw new CofferError('usage', 'the terminal UI needs a terminal', {
        reason: 'no-terminal',
        next: 'use coffer ls and coffer get in scripts',
      })
    }
    const { code, word = '' } = await start(call, session)
    if (word !== '') session.io.err(word)
    session.io.exit(code)
    // A daemon that never answers holds nobody who has left.
    process.exit()
  },
}

async function start(call: Call, session: Session): Promise<{ code: number; word?: string }> {
  const env = { ...session.io.env }
  forInk(env)
  // Less room for young objects: among 10,000 secrets 116 MB stay resident instead of 142.
  setFlagsFromString('--max-semi-space-size=2')
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
  const { runUi } = await import('../tui/main.js')
  return runUi({
    env,
    cwd: session.io.cwd(),
    start: session.context,
    offline: session.offline,
    colour: (env['NO_COLOR'] ?? '') === '',
    reader: call.flag('screen-reader') || env['INK_SCREEN_READER'] === 'true',
    revealFor: parseDuration('--reveal', call.text('reveal') ?? REVEAL),
    clipboardFor: parseDuration('--clear-after', call.text('clear-after') ?? CLIPBOARD),
  })
}

/**
 * What Ink and its packages would conclude from variables, decided here: styles come from our theme alone, and a terminal
 * is one in a CI job, too. Children get the caller's own environment.
 */
export function forInk({ TERM: term }: NodeJS.ProcessEnv): void {
  if (term === 'dumb') {
    throw new CofferError(
      'usage',
      'the terminal UI needs a terminal that can place text (TERM=dumb)',
      {
        reason: 'no-terminal',
        next: 'use coffer ls and coffer get',
      },
    )
  }
  process.env['FORCE_COLOR'] = '1'
  process.env['CI'] = 'false'
  delete process.env['CONTINUOUS_INTEGRATION']
}
