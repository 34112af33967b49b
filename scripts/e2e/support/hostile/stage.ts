// A person with two devices, and the relay between them in a liar's hands.
import { type Client } from '../../../../cli/reach/client.js'
import { cryptoReady } from '../../../../shared/crypto/hash.js'
import { CofferError } from '../../../../shared/errors.js'
import { type DeviceId, type VaultId } from '../../../../shared/ids.js'
import { type Context } from '../../../../shared/protocol/local-common.js'
import { type Result } from '../../../../shared/protocol/local.js'
import { type Home } from '../../harness/home.js'
import { until } from '../../harness/until.js'
import { World } from '../../harness/world.js'
import { base64, clientOf, contextOf, textOf } from '../local.js'
import { HostileRelay } from './relay.js'

export type Status = Result<'status'>
export type VaultStatus = Status['vaults'][number]

/** One vault of its own for one attack, so that no alarm is another's. */
export type Project = { readonly vaultId: VaultId; readonly context: Context }

/** A device of the person: the installed program, asked over its socket. */
export class Player {
  readonly home: Home
  client: Client
  readonly device: DeviceId
  readonly #world: World

  private constructor(world: World, home: Home, client: Client, device: DeviceId) {
    this.#world = world
    this.home = home
    this.client = client
    this.device = device
  }

  static async of(world: World, home: Home): Promise<Player> {
    const client = await clientOf(world, home)
    const { device } = await client.call('status', { context: contextOf() })
    if (device === null) throw new Error(`${home.name} is not open`)
    return new Player(world, home, client, device.deviceId as DeviceId)
  }

  async set({ context }: Project, name: string, value: string): Promise<void> {
    await this.client.call('secretSet', { context, name, value: base64(value) })
  }

  async get({ context }: Project, name: string): Promise<string> {
    return textOf((await this.client.call('secretGet', { context, name })).value)
  }

  /** The value once it is this one. */
  async gets(project: Project, name: string, value: string): Promise<void> {
    await until(
      `${this.home.name} gets ${name}`,
      async () => (await this.get(project, name)) === value,
    )
  }

  /** Waits until it has read the log up to `pos`. */
  async reads(project: Project, pos: number): Promise<void> {
    await until(`${this.home.name} reads up to ${pos}`, async () => {
      const status = await this.status(project)
      return (status.pos ?? 0) >= pos
    })
  }

  /** A fresh daemon: it says its signed heads at once. */
  async restart(): Promise<void> {
    this.client.close()
    await this.home.killDaemon()
    this.client = await clientOf(this.#world, this.home)
  }

  async sync(timeout = 30_000): Promise<void> {
    await this.client.call('sync', { context: contextOf(), timeout })
  }

  /** What `coffer status --json` says of a vault. */
  async status({ vaultId }: Project): Promise<VaultStatus> {
    const status = JSON.parse(await this.home.ok(['status', '--json'])) as Status
    const found = status.vaults.find(({ vault }) => vault.vaultId === vaultId)
    if (found === undefined) throw new Error(`${this.home.name} has no such vault`)
    return found
  }

  /** The codes of what `status --json` warns of in a vault. */
  async alarms(project: Project): Promise<string[]> {
    return (await this.status(project)).warnings.map(({ code }) => code)
  }

  /** Waits until `status --json` names this alarm; gives all of them. */
  async alarmed(project: Project, code: string): Promise<string[]> {
    let last: string[] = []
    return until(
      () => `${this.home.name} raises ${code}; it says: ${last.join()}`,
      async () => {
        last = await this.alarms(project)
        return last.includes(code) ? last : undefined
      },
    )
  }

  /** `code/reason` of a call that fails. */
  async fails(call: Promise<unknown>): Promise<string> {
    try {
      await call
    } catch (error) {
      if (error instanceof CofferError) return `${error.code}/${error.reason ?? ''}`
      throw error
    }
    throw new Error(`${this.home.name}: it didn't fail`)
  }
}

export class Stage {
  readonly world: World
  readonly relay: HostileRelay
  readonly a: Player
  readonly b: Player
  #projects = 0

  private constructor(world: World, relay: HostileRelay, a: Player, b: Player) {
    this.world = world
    this.relay = relay
    this.a = a
    this.b = b
  }

  static async start(): Promise<Stage> {
    await cryptoReady
    const world = new World()
    const relay = await HostileRelay.start(world)
    const home = world.home('a')
    await home.init()
    await home.ok(['relay', 'set', relay.url, '--relay-key', relay.key])
    const a = await Player.of(world, home)
    await a.client.call('orgCreate', { context: contextOf(), name: 'acme' })
    const b = await joined(world, a, 'b')
    return new Stage(world, relay, a, b)
  }

  /** A project that both devices have, with nothing in it. */
  async project(): Promise<Project> {
    const name = `p${++this.#projects}`
    const { a, b } = this
    const { vaultId } = await a.client.call('projectCreate', { context: contextOf('acme'), name })
    const project = { vaultId: vaultId as VaultId, context: contextOf('acme', name) }
    await until(`both have ${name}`, async () => {
      await Promise.all([a.sync(), b.sync()])
      const has = async (player: Player): Promise<boolean> => {
        const { vaults } = await player.client.call('status', { context: contextOf() })
        return vaults.some(({ vault, pos }) => vault.vaultId === vaultId && pos !== null)
      }
      return (await has(a)) && (await has(b))
    })
    return project
  }

  /** The truth comes out: the liar stops, and the devices tell each other what they were shown. */
  async found(project: Project, code = 'two-logs'): Promise<void> {
    this.relay.lie = {}
    await this.a.restart()
    await this.b.alarmed(project, code)
  }

  /** The liar stops lying: both devices live, and what either wrote arrives at the other. */
  async recovers(project: Project): Promise<void> {
    const { a, b, relay } = this
    relay.lie = {}
    await this.again()
    await a.set(project, 'after/a', 'from a')
    await b.set(project, 'after/b', 'from b')
    await b.gets(project, 'after/a', 'from a')
    await a.gets(project, 'after/b', 'from b')
  }

  /** Everybody is thrown off and comes back at once, however often that was needed before. */
  async again(): Promise<void> {
    this.relay.cut()
    await Promise.all(
      [this.a, this.b].map((player) =>
        until(`${player.home.name} is back`, async () => {
          await player.sync()
          return true
        }),
      ),
    )
  }

  close(): void {
    for (const player of [this.a, this.b]) player.client.close()
    this.relay.close()
    this.world.close()
  }
}

/** Another device of the person, let in as people do it. */
export async function joined(world: World, host: Player, name: string): Promise<Player> {
  const home = world.home(name)
  const { code } = await host.client.call('deviceAdd', {
    context: contextOf(),
    expires: 3_600_000,
  })
  const out = await home.ok(['join', code, '--key-file', home.keyFile, '--no-wait'])
  const fingerprint = /^fingerprint: (.*)$/m.exec(out)?.[1] ?? ''
  await host.client.call('deviceConfirm', { context: contextOf(), fingerprint })
  await home.ok(['join', code])
  return Player.of(world, home)
}
