// A real terminal (tmux) with a shell in it, and what a person would see and type there.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import * as path from 'node:path'
import { type Home } from '../harness/home.js'
import { until } from '../harness/until.js'
import { type World } from '../harness/world.js'

const COLUMNS = 100
const ROWS = 30

/** A shell prompt that no program prints. */
const PROMPT = '%ready% '

/** A long memory, no line of tmux's own, and whatever a program may try to do to a terminal is done. */
const SETTINGS = [
  'set -g history-limit 50000',
  'set -g status off',
  'set -g default-size 80x24',
  'set -s set-clipboard on',
  'set -s escape-time 0',
]

export type TerminalOptions = {
  readonly columns?: number
  readonly rows?: number
  /** More lines of tmux's configuration. */
  readonly settings?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Terminals that know no second screen: what is drawn there stays with what was there before. */
export const ONE_SCREEN = ['setw -g alternate-screen off']

export class Terminal {
  static #opened = 0
  readonly #socket: string
  readonly #world: World
  readonly #typescript: string
  readonly #settings: string
  #commands = 0
  #from = 0

  private constructor(world: World, name: string) {
    this.#world = world
    const mine = `${name}-${++Terminal.#opened}`
    this.#socket = path.join(world.folder, `tmux-${mine}`)
    this.#typescript = path.join(world.folder, `typescript-${mine}`)
    this.#settings = path.join(world.folder, `tmux-${mine}.conf`)
  }

  /** Opens a terminal whose shell is in the world's work folder and uses this home. */
  static async open(world: World, home: Home, options: TerminalOptions = {}): Promise<Terminal> {
    const { columns = COLUMNS, rows = ROWS, settings = [], env: more = {} } = options
    const terminal = new Terminal(world, home.name)
    writeFileSync(terminal.#settings, [...SETTINGS, ...settings, ''].join('\n'))
    const size = ['-x', String(columns), '-y', String(rows)]
    const env = { ...world.env, COFFER_HOME: home.folder, PS1: PROMPT, HISTFILE: '', ...more }
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

  /** What the terminal remembers: both its screens, and all that went out of them above, without its breaks of lines. */
  get memory(): string {
    const capture = ['capture-pane', '-p', '-J', '-t', 't', '-S', '-', '-E', '-']
    return this.#tmux(capture) + this.#tmux([...capture, '-a', '-q'])
  }

  /** The title that programs gave it. */
  get title(): string {
    return this.#tmux(['display-message', '-p', '-t', 't', '#{pane_title}']).trimEnd()
  }

  /** What programs put on the clipboard by way of it. */
  get clipboard(): string {
    const buffers = this.#tmux(['list-buffers', '-F', '#{buffer_name}']).split('\n').filter(Boolean)
    return buffers.map((name) => this.#tmux(['show-buffer', '-b', name])).join('\n')
  }

  /** The shell's child: what runs in the foreground, or is stopped. */
  get program(): number {
    const shell = this.#tmux(['display-message', '-p', '-t', 't', '#{pane_pid}']).trim()
    const [child = ''] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')
    if (child === '') throw new Error('nothing runs in the terminal')
    return Number(child)
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

  /** Presses keys, one after the other. */
  keys(...names: readonly string[]): void {
    this.#tmux(['send-keys', '-t', 't', ...names])
  }

  resize(columns: number, rows: number): void {
    this.#tmux(['resize-window', '-t', 't', '-x', String(columns), '-y', String(rows)])
  }

  /** Waits until the screen shows it. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    return until(
      () => `the screen shows ${String(pattern)}:\n${this.screen}`,
      () => pattern.exec(this.screen) ?? undefined,
    )
  }

  /** Waits until the screen shows it no more. */
  async hides(pattern: RegExp): Promise<void> {
    await until(
      () => `the screen shows ${String(pattern)} no more:\n${this.screen}`,
      () => !pattern.test(this.screen),
    )
  }

  /** Answers what may have come by itself when it takes keys, which its last line tells, and waits until it has gone. */
  async leaves(pattern: RegExp, key = 'Escape'): Promise<void> {
    await until(
      () => `the screen shows ${String(pattern)} and its keys:\n${this.screen}`,
      () => {
        const screen = this.screen.trimEnd()
        return pattern.test(screen) && !screen.endsWith('\n…')
      },
    )
    this.key(key)
    await this.hides(pattern)
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
      ['-S', this.#socket, '-f', this.#settings, ...args],
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
  options: TerminalOptions = {},
): Promise<void> {
  const terminal = await Terminal.open(world, home, options)
  try {
    await body(terminal)
  } finally {
    terminal.close()
  }
}
