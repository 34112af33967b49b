import { closeSync, openSync } from 'node:fs'
import { ReadStream, WriteStream } from 'node:tty'
import { CofferError } from '../../../shared/errors.js'
import type { Size } from './painter.js'
import type { TerminalStreams } from './terminal.js'

// The terminal that a program was started on, wherever its streams lead.

const PATH = '/dev/tty'

export type OwnTerminal = TerminalStreams & {
  /** Asks for its size anew. */
  readonly measure: () => void
  readonly close: () => void
}

/** @throws CofferError `usage` (reason `no-terminal`) where there is none */
export function openOwnTerminal(): OwnTerminal {
  const output = opened('w')
  const input = new ReadStream(opened('r'))
  let size = sizeNow()
  return {
    input,
    output,
    size: () => size,
    measure: () => {
      size = sizeNow()
    },
    close: () => {
      // Also where it ends before anything that has entered it could leave it.
      input.setRawMode(false)
      input.destroy()
      closeSync(output)
    },
  }
}

function opened(flags: 'r' | 'w'): number {
  try {
    return openSync(PATH, flags)
  } catch (error) {
    throw new CofferError('usage', 'picking needs a terminal', {
      reason: 'no-terminal',
      next: 'use coffer ls and coffer get in scripts',
      cause: error,
    })
  }
}

/** A stream tells the size that there was when it was made. */
function sizeNow(): Size {
  const stream = new WriteStream(opened('w'))
  const { columns, rows } = stream
  stream.destroy()
  return { columns: columns || 80, rows: rows || 24 }
}
