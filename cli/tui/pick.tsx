import { render, type Instance } from 'ink'
import { writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { Boundary } from './ink/app.js'
import { KeyReader } from './ink/keys.js'
import { PickApp } from './ink/pick.js'
import type { AppEvent } from './model/event.js'
import { onlyFit, openPick, updatePick, type PickState } from './model/pick.js'
import { clipboardOf } from './shell/clipboard.js'
import { crashWord } from './shell/deeds.js'
import { failureOf } from './shell/link.js'
import { openOwnTerminal, type OwnTerminal } from './shell/own-terminal.js'
import { FrameStream, Painter } from './shell/painter.js'
import { onSignals } from './shell/signals.js'
import { endsByHangup, Terminal } from './shell/terminal.js'

// The one-shot picker: it draws on the terminal and answers its caller, wherever the caller's streams lead.

export type PickOptions = {
  readonly names: readonly string[]
  /** What is typed already. */
  readonly query: string
  /** A name that alone fits is the choice, and nothing is drawn. */
  readonly takesOnly: boolean
  readonly colour: boolean
  readonly reader: boolean
}

/** A failure as data: this bundle has a class of errors of its own, which its caller wouldn't know. */
export type Failed = { readonly failure: ReturnType<typeof failureOf> }

/** What was chosen; else an exit code, and a word for stderr. */
export type Picked = { readonly name: string } | { readonly code: number; readonly word?: string }

const CANCELLED = 130

/** Fails as `usage` (reason `no-terminal`) where it would have to ask and can't. */
export function runPick(options: PickOptions): Promise<Picked | Failed> {
  return picked(options).catch(failed)
}

function failed(error: unknown): Failed {
  return { failure: failureOf(error) }
}

async function picked(options: PickOptions): Promise<Picked> {
  const { names, query, takesOnly } = options
  const only = takesOnly ? onlyFit(openPick(names, query, { columns: 80, rows: 24 })) : undefined
  if (only !== undefined) return { name: only }
  const own = openOwnTerminal()
  try {
    return await new Picker(own, options).run()
  } finally {
    own.close()
  }
}

/** Puts a value (base64) on the clipboard for some time; says by what. */
export function copyValue(
  env: NodeJS.ProcessEnv,
  value: string,
  forMs: number,
): Promise<{ readonly how: string } | Failed> {
  const write = (text: string): void => {
    writeFileSync('/dev/tty', text)
  }
  return clipboardOf(env, { write })
    .copy(value, forMs)
    .then((how) => ({ how }), failed)
}

class Picker {
  readonly #options: PickOptions
  readonly #own: OwnTerminal
  readonly #terminal: Terminal
  readonly #painter: Painter
  readonly #frames: FrameStream
  readonly #keys = new KeyReader('ctrl-j')
  #state: PickState
  #instance: Instance | undefined
  #drawing: NodeJS.Immediate | undefined
  #end: (picked: Picked) => void = () => undefined

  constructor(own: OwnTerminal, options: PickOptions) {
    this.#options = options
    this.#own = own
    this.#terminal = new Terminal(own, options.reader)
    this.#painter = new Painter((text) => this.#terminal.write(text), own.size())
    this.#frames = new FrameStream(this.#painter)
    this.#state = openPick(options.names, options.query, own.size())
  }

  async run(): Promise<Picked> {
    const ended = new Promise<Picked>((resolve) => {
      this.#end = resolve
    })
    const stop = this.#listen()
    this.#terminal.enter()
    this.#painter.wake()
    const stdout: Writable = this.#frames
    this.#instance = render(this.#view(), {
      stdout: stdout as WriteStream,
      stdin: this.#own.input,
      // A whole frame with each write: what the painter wants.
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
      isScreenReaderEnabled: this.#options.reader,
    })
    try {
      return await ended
    } finally {
      clearImmediate(this.#drawing)
      this.#painter.sleep()
      this.#instance.unmount()
      this.#terminal.leave()
      stop()
      if (this.#terminal.isGone) endsByHangup()
    }
  }

  #listen(): () => void {
    const leave = (): void => {
      this.#terminal.leave()
    }
    process.on('exit', leave)
    const stop = onSignals({
      resized: () => {
        this.#resized()
      },
      // Whoever waits for the choice, a shell's $(…) mostly, would wait for a program that is stopped.
      suspended: () => {
        this.#end({ code: CANCELLED })
      },
      continued: () => {
        this.#painter.repaint()
      },
      ended: (code) => {
        this.#end({ code })
      },
      crashed: (error) => {
        this.#end({ code: 1, word: crashWord(error) })
      },
    })
    return () => {
      stop()
      process.off('exit', leave)
    }
  }

  #dispatch(event: AppEvent): void {
    const { state, outcome } = updatePick(this.#state, event)
    this.#state = state
    if (outcome !== undefined) {
      this.#end(outcome.kind === 'chosen' ? { name: outcome.name } : { code: CANCELLED })
    }
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined
      this.#instance?.rerender(this.#view())
    })
  }

  #view(): React.ReactNode {
    const { colour, reader } = this.#options
    return (
      <Boundary
        failed={(error) => {
          this.#end({ code: 1, word: crashWord(error) })
        }}
      >
        <PickApp
          state={this.#state}
          keys={this.#keys}
          colour={colour}
          reader={reader}
          dispatch={(event) => {
            this.#dispatch(event)
          }}
        />
      </Boundary>
    )
  }

  #resized(): void {
    this.#own.measure()
    const size = this.#own.size()
    this.#painter.size = size
    this.#frames.emit('resize')
    this.#dispatch({ kind: 'resized', ...size })
    this.#painter.repaint()
  }
}
