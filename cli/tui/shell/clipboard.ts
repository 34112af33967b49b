import { fromBase64 } from '../../../shared/base64.js'
import { fromUtf8 } from '../../../shared/bytes.js'
import { CofferError } from '../../../shared/errors.js'
import { clipboardEnvironment, clipboardPrograms, putBy } from './clipboard-programs.js'
import { startEraser, type Eraser, type Erasing } from './eraser.js'
import { controllingTerminal, osc52, OSC52_LIMIT } from './osc52.js'

// The clipboard: by the desktop's own program where there is one, else by the terminal.

export type Clipboard = {
  /** Puts a value (base64) there for some time. @returns by what; @throws CofferError */
  readonly copy: (value: string, forMs: number) => Promise<string>
}

/** What is written to the terminal, where that holds the clipboard. */
type Terminal = { readonly write: (text: string) => void }

/** A value stays its time also when whoever copied it has ended: another process clears it (eraser.ts). */
export function clipboardOf(env: NodeJS.ProcessEnv, terminal: Terminal): Clipboard {
  const own = clipboardEnvironment(env)
  let eraser: Eraser | undefined
  const copy = async (value: string, forMs: number): Promise<string> => {
    const bytes = textual(value)
    for (const name of clipboardPrograms(env)) {
      // The eraser first: there is no moment at which the value is there and nothing clears it.
      const erasing = { kind: 'program', name } as const
      const next = await startEraser(bytes, forMs, erasing, own)
      if (await putBy(name, bytes, own)) return took(next, bytes, erasing, name)
      next.stop()
    }
    return byTerminal(bytes, forMs)
  }
  const took = (next: Eraser, bytes: Uint8Array, erasing: Erasing, how: string): string => {
    next.takesOver()
    eraser?.follow(bytes, erasing)
    eraser = next
    return how
  }
  const byTerminal = async (bytes: Uint8Array, forMs: number): Promise<string> => {
    const file = hasNone(env) ? undefined : controllingTerminal()
    if (file === undefined) throw noClipboard()
    const base64 = Buffer.from(bytes).toString('base64')
    if (base64.length > OSC52_LIMIT) throw tooLarge()
    const erasing = { kind: 'terminal', file, sequence: osc52('', env) } as const
    const next = await startEraser(bytes, forMs, erasing, own)
    terminal.write(osc52(base64, env))
    return took(next, bytes, erasing, 'the terminal (OSC 52)')
  }
  let last: Promise<unknown> = Promise.resolve()
  return {
    copy: (value, forMs) => {
      // One after the other: the last one is what is cleared.
      const copied = last.then(() => copy(value, forMs))
      last = copied.catch(() => undefined)
      return copied
    },
  }
}

/** Terminals that are known to have no clipboard. */
function hasNone({ TERM: term = '' }: NodeJS.ProcessEnv): boolean {
  return term === '' || term === 'dumb' || term === 'linux'
}

/** The bytes of a value that can be pasted as what it is. */
function textual(value: string): Uint8Array {
  const bytes = fromBase64(value) ?? new Uint8Array()
  if (bytes.length === 0) {
    throw new CofferError('format', 'the value is empty: there is nothing to copy', {
      reason: 'empty',
    })
  }
  if (fromUtf8(bytes) === undefined || bytes.includes(0)) {
    throw new CofferError('format', 'the value is no text, and a clipboard holds text', {
      reason: 'not-text',
      next: 'use coffer get -n NAME > FILE',
    })
  }
  return bytes
}

function noClipboard(): CofferError {
  return new CofferError('usage', 'there is no clipboard that coffer can reach', {
    reason: 'no-clipboard',
    next: 'install wl-clipboard or xclip, or use coffer get',
  })
}

function tooLarge(): CofferError {
  return new CofferError('limit', "the value is too large for the terminal's clipboard", {
    reason: 'too-large',
    next: 'use coffer get -n NAME > FILE',
  })
}
