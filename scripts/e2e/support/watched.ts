// A home whose only secret is a canary, by its name and values, and terminals that are searched for it.
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import { type Home } from '../harness/home.js'
import { World } from '../harness/world.js'
import { Canaries, type Find } from './canaries.js'
import { ONE_SCREEN, Terminal } from './terminal.js'

/** Every story is told in a terminal with a second screen, and in one that has only one. */
const KINDS: readonly (readonly string[])[] = [[], ONE_SCREEN]

export class Watched {
  readonly world = new World()
  readonly home: Home
  readonly canaries = new Canaries()
  readonly name = this.canaries.fresh('the name', 'N')
  readonly value = this.canaries.fresh('the value')
  /** Of the version before. */
  readonly old = this.canaries.fresh('the old value')
  readonly #env: NodeJS.ProcessEnv
  readonly #terminals = new Map<readonly string[], Terminal>()

  /** @param env what the terminals' shells have more */
  constructor(env: (world: World) => NodeJS.ProcessEnv = () => ({})) {
    this.home = this.world.home('a')
    this.#env = env(this.world)
  }

  async start(): Promise<void> {
    await this.home.init()
    for (const stdin of [this.old, this.value]) {
      await this.home.ok(['set', `/user/${this.name}`, '--stdin'], { stdin })
    }
  }

  close(): void {
    for (const terminal of this.#terminals.values()) terminal.close()
    this.world.close()
  }

  /** A terminal that nobody has used. */
  open(settings: readonly string[] = []): Promise<Terminal> {
    const size = { columns: 160, rows: 30 }
    return Terminal.open(this.world, this.home, { ...size, settings, env: this.#env })
  }

  /** Runs a story in a terminal of each kind, one after the other: they share the home. A terminal serves many stories. */
  async inTerminals(body: (terminal: Terminal) => Promise<void>): Promise<void> {
    for (const settings of KINDS) {
      const terminal = this.#terminals.get(settings) ?? (await this.open(settings))
      this.#terminals.delete(settings)
      try {
        await body(terminal)
        this.#terminals.set(settings, terminal)
      } finally {
        // What went wrong in one story is not told of the next.
        if (!this.#terminals.has(settings)) terminal.close()
      }
    }
  }

  /** The same in terminals of their own, which a story may spoil. */
  async inFreshTerminals(body: (terminal: Terminal) => Promise<void>): Promise<void> {
    for (const settings of KINDS) {
      const terminal = await this.open(settings)
      try {
        await body(terminal)
      } finally {
        terminal.close()
      }
    }
  }

  /** What a terminal holds of the canaries. */
  inTerminal(terminal: Terminal): readonly Find[] {
    return [
      ...this.canaries.in(Buffer.from(terminal.memory), 'what the terminal remembers'),
      ...this.canaries.in(Buffer.from(terminal.title), 'its title'),
      ...this.canaries.in(Buffer.from(terminal.clipboard), 'its clipboard'),
    ]
  }

  /** What files hold of them: but for the terminals' typescripts, which are the test's own. */
  inFiles(): readonly Find[] {
    return [this.world.folder, '/dev/shm']
      .flatMap((folder) => this.canaries.inFiles(folder))
      .filter(({ where }) => !path.basename(where).startsWith('typescript-'))
  }

  /** Everything that stays behind. */
  found(terminal: Terminal): readonly Find[] {
    return [...this.inTerminal(terminal), ...this.inFiles()]
  }

  /** What other users see of a process and its children. */
  seenOutside(pid: number): readonly Find[] {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return [String(pid), ...children.filter(Boolean)].flatMap((one) =>
      ['cmdline', 'environ'].flatMap((file) =>
        this.canaries.in(readFileSync(`/proc/${one}/${file}`), `/proc/${one}/${file}`),
      ),
    )
  }

  /** In the list of /user/, with the cursor on the secret. */
  async listed(
    terminal: Terminal,
    command = 'coffer ui --reveal 10m',
  ): Promise<() => Promise<number>> {
    const { ended } = terminal.start(command)
    await terminal.shows(/❯ \/user\//)
    terminal.key('Enter')
    await terminal.shows(new RegExp(this.name))
    return ended
  }

  /** The same, with the value shown. */
  async revealed(terminal: Terminal, command?: string): Promise<() => Promise<number>> {
    const ended = await this.listed(terminal, command)
    await this.reveal(terminal)
    return ended
  }

  async reveal(terminal: Terminal): Promise<void> {
    terminal.key('r')
    await terminal.shows(new RegExp(this.value))
  }

  async unlock(): Promise<void> {
    await this.home.ok(['unlock', '--key-file', this.home.keyFile])
  }
}
