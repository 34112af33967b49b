import { render, type Instance } from 'ink'
import type { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { App, Boundary } from '../ink/app.js'
import { KeyReader } from '../ink/keys.js'
import type { Request, ShellEffect } from '../model/effect.js'
import type { AppEvent, ScreenEvent } from '../model/event.js'
import type { State } from '../model/state.js'
import { initial, update } from '../model/update.js'
import type { World } from '../model/world.js'
import { clipboardOf, type Clipboard } from './clipboard.js'
import { called, copied, crashWord } from './deeds.js'
import { edited, type Editing } from './editor.js'
import { failureOf, Link } from './link.js'
import { FrameStream, Painter } from './painter.js'
import { onSignals, TYPED } from './signals.js'
import { stopsReading, type Terminal } from './terminal.js'

// The interface at work: events go into the reducer, what it asks for is done here, and Ink draws what it says.

export type ProgramOptions = {
  readonly env: NodeJS.ProcessEnv
  readonly offline: boolean
  readonly hasHome: boolean
  readonly world: World
  readonly terminal: Terminal
  readonly now: () => number
}

/** How it ended: an exit code, and a word for stderr once the terminal is the person's again. */
export type Ended = { readonly code: number; readonly word?: string }

const TICK = 1000
/** On a busy machine a signal may come that much after another that was sent later. */
const AFTERWARDS = 1000

export class Program {
  readonly #options: ProgramOptions
  readonly #link: Link
  readonly #painter: Painter
  readonly #frames: FrameStream
  readonly #keys = new KeyReader()
  readonly #clipboard: Clipboard
  readonly #cleanups: (() => void)[] = []
  #state: State
  #instance: Instance | undefined
  #editing: Editing | undefined
  #editorEnded = 0
  #closed = false
  #drawing: NodeJS.Immediate | undefined
  #end: (ended: Ended) => void = () => undefined

  constructor(options: ProgramOptions) {
    const { env, offline, terminal, world } = options
    this.#options = options
    this.#state = initial(world)
    this.#painter = new Painter((text) => terminal.write(text), terminal.size())
    this.#frames = new FrameStream(this.#painter)
    this.#clipboard = clipboardOf(env, terminal)
    this.#link = new Link({
      env,
      offline,
      dispatch: (event) => {
        this.dispatch(event)
      },
    })
  }

  /** Runs until the person leaves, or something ends it. The terminal is as it was when this resolves. */
  async run(): Promise<Ended> {
    const { terminal, hasHome } = this.#options
    const ended = new Promise<Ended>((resolve) => {
      this.#end = resolve
    })
    this.#listen()
    try {
      terminal.enter()
      this.#painter.wake()
      this.#mount()
      this.dispatch(hasHome ? { kind: 'started' } : { kind: 'no-home' })
      return await ended
    } finally {
      const editing = this.#editing
      this.#close()
      // The terminal is the shell's again when nobody else reads from it.
      await editing?.done.catch(() => undefined)
    }
  }

  dispatch(event: AppEvent): void {
    // What still comes when it has ended, as the failures of calls that were under way, asks for nothing more.
    if (this.#closed) return
    const { now } = this.#options
    const ticked = update(this.#state, { kind: 'tick', now: now() }).state
    const { state, requests } = update(ticked, event)
    this.#state = state
    for (const request of requests) this.#perform(request)
    this.#endEditingWhenLocked()
    this.#drawing ??= setImmediate(() => {
      this.#drawing = undefined
      this.#instance?.rerender(this.#view())
    })
  }

  #listen(): void {
    const { terminal } = this.#options
    const tick = setInterval(() => {
      this.dispatch({ kind: 'tick', now: this.#options.now() })
    }, TICK)
    const stop = onSignals({
      resized: () => {
        this.#resized()
      },
      suspended: () => {
        this.#suspend()
      },
      continued: () => {
        this.#continue()
      },
      ended: (code) => {
        // ^C and ^\ on the editor's terminal are the editor's.
        if (!TYPED.includes(code) || !this.#isEditors()) this.#end({ code })
      },
      crashed: (error) => {
        this.#crash(error)
      },
    })
    const leave = (): void => {
      terminal.leave()
    }
    // Its terminal has gone, and no signal told of it.
    const hungUp = (): void => {
      this.#end({ code: 129 })
    }
    terminal.input.on('error', hungUp).on('end', hungUp)
    // A last net: whatever ends the process gives the terminal back.
    process.on('exit', leave)
    this.#cleanups.push(stop, () => {
      clearInterval(tick)
      process.off('exit', leave)
    })
  }

  #view(): React.ReactNode {
    return (
      <Boundary
        failed={(error) => {
          this.#crash(error)
        }}
      >
        <App
          state={this.#state}
          keys={this.#keys}
          dispatch={(event) => {
            this.dispatch(event)
          }}
        />
      </Boundary>
    )
  }

  #mount(): void {
    // Ink takes each write in debug mode for a whole frame: what the painter wants (painter.ts).
    const stdout: Writable = this.#frames
    this.#instance = render(this.#view(), {
      stdout: stdout as WriteStream,
      stdin: this.#options.terminal.input,
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
      isScreenReaderEnabled: this.#state.world.reader,
    })
  }

  #unmount(): void {
    clearImmediate(this.#drawing)
    this.#drawing = undefined
    this.#painter.sleep()
    this.#instance?.unmount()
    this.#instance = undefined
    this.#options.terminal.input.pause()
  }

  #close(): void {
    this.#closed = true
    this.#editing?.stop()
    this.#unmount()
    this.#options.terminal.leave()
    this.#link.close()
    for (const clean of this.#cleanups) clean()
  }

  /** Says where, and nothing of what: an error's message may hold a value. */
  #crash(error: unknown): void {
    this.#end({ code: 1, word: crashWord(error) })
  }

  #resized(): void {
    const size = this.#options.terminal.size()
    this.#painter.size = size
    this.#frames.emit('resize')
    this.dispatch({ kind: 'resized', ...size })
    if (this.#options.terminal.entered) this.#painter.repaint()
  }

  #suspend(): void {
    const { terminal } = this.#options
    // With the editor's terminal nothing of ours is seen, and what is merged in it is still wanted.
    if (this.#editing === undefined) this.dispatch({ kind: 'hidden' })
    this.#painter.sleep()
    terminal.leave()
    // The whole group, as the terminal does it: a script that started this stops, too.
    process.kill(0, 'SIGSTOP')
  }

  #continue(): void {
    const { terminal } = this.#options
    if (this.#editing !== undefined || terminal.entered) return
    terminal.enter()
    this.#painter.wake()
    this.#resized()
  }

  #perform({ owner, effect }: Request): void {
    const tell = (event: ScreenEvent): void => {
      this.dispatch({ kind: 'to', owner, event })
    }
    switch (effect.kind) {
      case 'call':
        void called(this.#link, effect, tell)
        return
      case 'timer': {
        const { ms, tag } = effect
        setTimeout(() => {
          tell({ kind: 'timer', tag })
        }, ms).unref()
        return
      }
      case 'copy':
        void copied(this.#clipboard, effect, this.#state.world).then((note) => {
          this.dispatch(note)
        })
        return
      case 'edit':
        void this.#edit(effect, tell)
        return
      case 'suspend':
        // Not within the key press that asks for it: Ink is still reading.
        setImmediate(() => {
          this.#suspend()
        })
        return
      case 'redraw':
        this.#painter.repaint()
        return
      case 'exit':
        this.#end({ code: 0 })
    }
  }

  async #edit(
    { tag, name, text }: Extract<ShellEffect, { kind: 'edit' }>,
    tell: (event: ScreenEvent) => void,
  ): Promise<void> {
    const { terminal, env } = this.#options
    this.#unmount()
    terminal.leave()
    await stopsReading(terminal.input)
    if (this.#closed) return
    const editing = edited({ env, name, text })
    this.#editing = editing
    this.#endEditingWhenLocked()
    try {
      tell({ kind: 'edited', tag, text: await editing.done })
    } catch (error) {
      tell({ kind: 'edit-failed', tag, failure: failureOf(error) })
    } finally {
      this.#editing = undefined
      this.#editorEnded = this.#options.now()
      // Whoever ended this meanwhile has the terminal back already.
      if (!this.#closed) {
        terminal.enter()
        this.#painter.wake()
        this.#mount()
      }
    }
  }

  /** Whether what is typed is the editor's: also for a moment after it, as the ^C that ended it may be heard late. */
  #isEditors(): boolean {
    return this.#editing !== undefined || this.#options.now() - this.#editorEnded < AFTERWARDS
  }

  /** What is being edited is taken away with everything else that was open. */
  #endEditingWhenLocked(): void {
    if (this.#state.world.status?.state !== 'unlocked') this.#editing?.stop()
  }
}
