import { CofferError } from '../../../shared/errors.js'
import type { Terminal } from './terminal.js'

// The clipboard: by the desktop's own program where there is one, else by the terminal.

export type Clipboard = {
  /** Puts a value (base64) there for some time. @returns by what; @throws CofferError */
  readonly copy: (value: string, forMs: number) => Promise<string>
  readonly close: () => void
}

export function clipboardOf(_env: NodeJS.ProcessEnv, _terminal: Terminal): Clipboard {
  return {
    copy: () => Promise.reject(new CofferError('internal', 'no clipboard yet')),
    close: () => undefined,
  }
}
