// A real terminal (tmux) with a shell in it, and what a person would see and type there.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import * as path from 'node:path'
import { type Home } from '../harness/home.js'
import { until } from '../harness/until.js'
import { type World } from '../harness/world.js'

const COLUMNS = 100
const ROWS = 30

/** A shell prompt that no program prints. */
const PROMPT = '%ready% '

export class Terminal {
  readonly #socket: string
  readonly #world: World
  readonly #typescript: string
  #commands = 0
  #from = 0

  private constructor(world: World, name: string) {
    this.#world = world
    this.#socket = path.join(world.folder, `tmux-${name}`)
    this.#typescript = path.join(world.folder, `typescript-${name}`)
  }

  /** Opens a terminal whose shell is in the world's work folder and uses this home. */
  static async open(world: World, home: Home, columns = COLUMNS): Promise<Terminal> {
    const terminal = new Terminal(world, home.name)
    const size = ['-x', String(columns), '-y', String(ROWS)]
    const env = { ...world.env, COFFER_HOME: home.folder, PS1: PROMPT, HISTFILE: '' }
    const shell = ['bash', '--norc', '--noprofile']
    terminal.#tmux(['new-session', '-d', '-s', 't', ...size, ...shell], env)
    terminal.#tmux(['pipe-pane', '-t', 't', `cat > ${terminal.#typescript}`])
    await until('the shell is there', () => terminal.screen.includes(PROMPT.trim()))
    return terminal
  }

  /** What the screen shows. */
  get screen(): string {
    return this.#tmux(['capture-pane', '-p', '-t', 't'])
  }

  /** What the screen shows and what has scrolled out of it. */
  get scrollback(): string {
    return this.#tmux(['capture-pane', '-p', '-t', 't', '-S', '-'])
  }

  /** Everything that was written to the terminal since it was opened, control sequences included. */
  get typescript(): string {
    return existsSync(this.#typescript) ? readFileSync(this.#typescript, 'utf8') : ''
  }

  /** Types text as it is, without Enter. */
  type(text: string): void {
    this.#tmux(['send-keys', '-t', 't', '-l', '--', text])
  }

  /** Presses a key by tmux's name for it: `Enter`, `C-c`, `BSpace`. */
  key(name: string): void {
    this.#tmux(['send-keys', '-t', 't', name])
  }

  /** Types a line and Enter. */
  line(text: string): void {
    this.type(text)
    this.key('Enter')
  }

  /** Waits until what was written to the terminal since the last `start` matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return until(
      () => `the terminal shows ${String(pattern)}:\n${this.screen}`,
      () => pattern.exec(this.typescript.slice(this.#from)) ?? undefined,
      { timeout: 90_000 },
    )
  }

  /** Gives the shell a command; `ended` waits for its end and gives its exit code. */
  start(command: string): { ended: () => Promise<number> } {
    this.#from = this.typescript.length
    const mark = `ended-${++this.#commands}`
    // The mark is put together by the shell: the typed line itself doesn't hold it.
    this.line(`${command}; printf '%s-%s=%s.\\n' ended ${this.#commands} $?`)
    const pattern = new RegExp(`${mark}=(\\d+)\\.`)
    return { ended: async () => Number((await this.printed(pattern))[1]) }
  }

  /** Runs a command to its end; gives its exit code. */
  run(command: string): Promise<number> {
    return this.start(command).ended()
  }

  /** Runs a tmux command; gives what it prints. */
  tmux(...args: readonly string[]): string {
    return this.#tmux(args)
  }

  close(): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server'])
  }

  #tmux(args: readonly string[], env: NodeJS.ProcessEnv = this.#world.env): string {
    const { status, stdout, stderr } = spawnSync(
      'tmux',
      ['-S', this.#socket, '-f', '/dev/null', ...args],
      { encoding: 'utf8', env: { ...env, TERM: 'xterm-256color' }, cwd: this.#world.work },
    )
    if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`)
    return stdout
  }
}

/** Runs a test's body with a terminal, and closes it however the body ends. */
export async function withTerminal(
  world: World,
  home: Home,
  body: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  const terminal = await Terminal.open(world, home)
  try {
    await body(terminal)
  } finally {
    terminal.close()
  }
}
