// A world of its own for one test: a folder under /tmp with homes, relays and files, and no process left at its end.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { reap } from '../../tooling/processes.js'
import { root } from '../../tooling/repo.js'
import { Home } from './home.js'
import { Running, type StartOptions } from './program.js'
import { Relay, type RelayOptions } from './relay.js'

export type WorldOptions = {
  /** The folder of the programs: dist/bin unless told otherwise. Made the first on the PATH under their own names. */
  programs?: Readonly<Record<'coffer' | 'cofferd' | 'coffer-relay', string>>
  /** The Node that runs them. */
  node?: string
}

const bin = path.join(root, 'dist/bin')
const BUILT = {
  coffer: path.join(bin, 'coffer.cjs'),
  cofferd: path.join(bin, 'cofferd.cjs'),
  'coffer-relay': path.join(bin, 'coffer-relay.cjs'),
}

const open = new Set<World>()
/** A test that fails, throws or is ended leaves as little behind as one that passes. */
process.once('exit', () => {
  for (const world of open) world.close()
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1))
}

export class World {
  /** The absolute path of all that belongs to this world; short, so that sockets in it fit their 103 bytes. */
  readonly folder: string
  /** Where programs run and files are written. */
  readonly work: string
  /** A folder in memory that a script may make; removed with the world. */
  readonly memory: string
  /** What every program gets; each home adds its COFFER_HOME. */
  readonly env: NodeJS.ProcessEnv
  readonly #homes = new Map<string, Home>()

  constructor({ programs = BUILT, node = process.execPath }: WorldOptions = {}) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'w'))
    open.add(this)
    this.work = path.join(this.folder, 'work')
    this.memory = path.join('/dev/shm', path.basename(this.folder))
    const [commands, user] = [path.join(this.folder, 'bin'), path.join(this.folder, 'user')]
    for (const folder of [this.work, commands, user]) mkdirSync(folder)
    for (const [name, file] of Object.entries(programs)) {
      symlinkSync(file, path.join(commands, name))
    }
    this.env = {
      PATH: [commands, path.dirname(node), process.env['PATH'] ?? '/usr/bin:/bin'].join(':'),
      HOME: user,
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
    }
  }

  /** The home of that name; the first call makes its paths known, `coffer init` or `join` makes the home itself. */
  home(name: string): Home {
    const known = this.#homes.get(name)
    if (known !== undefined) return known
    const made = new Home(this, name)
    this.#homes.set(name, made)
    return made
  }

  /** Starts a relay that keeps its data in this world, and waits until it is ready. */
  async relay(options: RelayOptions = {}): Promise<Relay> {
    const relay = new Relay(this, options)
    await relay.start()
    return relay
  }

  /** Writes a file below the work folder and gives its absolute path. */
  file(name: string, content: string | Uint8Array): string {
    const full = path.resolve(this.work, name)
    mkdirSync(path.dirname(full), { recursive: true })
    writeFileSync(full, content)
    return full
  }

  /** Starts any program with this world's environment. */
  start(argv: readonly string[], options: Partial<StartOptions> = {}): Running {
    return Running.start(argv, {
      cwd: this.work,
      ...options,
      env: { ...this.env, ...options.env },
    })
  }

  /** Kills what still runs and removes the folder. May be called again. */
  close(): void {
    if (!open.delete(this)) return
    reap(this.folder)
    for (const folder of [this.memory, this.folder]) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}

/** Runs a test's body in a world of its own and closes it however the body ends. */
export async function inWorld(
  body: (world: World) => Promise<void>,
  options: WorldOptions = {},
): Promise<void> {
  const world = new World(options)
  try {
    await body(world)
  } finally {
    world.close()
  }
}
