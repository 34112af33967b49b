import { roleAt } from '../../shared/log/membership.js'
import { RIGHTS } from '../../shared/log/roles.js'
import { watch } from './claims.js'
import { SimDevice } from './device.js'
import { HONEST, PROFILES, type Profile } from './faults.js'
import { NAMES, valueOf } from './promises.js'
import { SimRelay } from './relay.js'
import { Rogue } from './rogue.js'
import { drawTeam, makeVault, oneUser } from './team.js'
import { drawWish, roleChange } from './wishes.js'
import { World } from './world.js'

/** Virtual milliseconds of trouble. */
const TROUBLE = 90_000

export type Run = {
  readonly world: World
  readonly relay: SimRelay
  readonly devices: readonly SimDevice[]
  readonly profile: Profile
  /** Several people share the vault, and come and go. */
  readonly team: boolean
  /** Removed members who misbehave. */
  readonly rogues: Rogue[]
}

/** A vault of one person's devices or of a team that the relay doesn't know yet, and everything that will happen to it. */
export function makeRun(seed: number, trace?: (line: string) => void): Run {
  const world = new World(seed, trace)
  const { rng } = world
  const profile = rng.pick(Object.keys(PROFILES) as Profile[])
  const relay = new SimRelay(world)
  relay.faults = { ...HONEST, loseReply: 0.05, busy: 0.03, ...PROFILES[profile] }
  const team = rng.chance(0.5)
  const cast = team ? drawTeam(rng) : oneUser(rng)
  const { parts, links } = makeVault(world, seed, cast, TROUBLE)
  relay.backupOf(links.slice(0, rng.int(1, links.length)))
  const devices: SimDevice[] = []
  const run: Run = { world, relay, devices, profile, team, rogues: [] }
  const watched = (device: SimDevice): void => watch(device, run)
  for (const one of parts) {
    devices.push(new SimDevice(world, relay, team ? { ...one, watch: watched } : one))
  }
  for (const device of devices) {
    device.mishaps = { crashAfterBatch: 0.03, diskFails: 0.01 }
    if (rng.chance(0.7)) device.goOnline()
  }
  planTrouble(run)
  if (team) planPeople(run)
  if (team && rng.chance(0.3)) planDemotion(run)
  if (team && rng.chance(0.2)) planCopy(run)
  return run
}

/** What the rest of the run does, drawn ahead of it: writes, cuts, crashes, barriers, backups. */
function planTrouble(run: Run): void {
  const { world, relay, devices, profile } = run
  const { rng } = world
  let note = 0
  const actions = run.team ? rng.int(14, 30) : rng.int(20, 45)
  for (let i = 0; i < actions; i++) {
    world.after(rng.int(0, TROUBLE), () => {
      const device = rng.pick(devices)
      const dice = rng.next()
      if (dice < 0.6) writeSome(world, device, () => `${device.name}.${note++}`)
      else if (dice < 0.7) device.goOffline()
      else if (dice < 0.85) device.goOnline()
      else if (dice < 0.9) device.crash()
      else device.barrier()
    })
  }
  for (let i = rng.int(0, 3); i > 0; i--) {
    world.after(rng.int(0, TROUBLE), () => relay.throwOff())
  }
  if (profile !== 'restored' && profile !== 'hostile') return
  for (let i = rng.int(1, 3); i > 0; i--) {
    world.after(rng.int(0, TROUBLE), () => relay.backup())
    const raise = profile === 'restored' || rng.chance(0.3)
    world.after(rng.int(TROUBLE / 3, TROUBLE), () => relay.restore(raise))
  }
}

/** Owners and admins change who may do what; those whom they removed go on. */
function planPeople(run: Run): void {
  const { world, devices } = run
  const { rng } = world
  for (let i = rng.int(2, 7); i > 0; i--) {
    world.after(rng.int(0, TROUBLE), () => {
      const managers = devices.filter(
        ({ replica: { chain } }) => RIGHTS[chain.role ?? 'viewer'].manages,
      )
      // Now and then two of them want something at once.
      for (let j = rng.int(1, 2); j > 0 && managers.length > 0; j--) {
        const by = rng.pick(managers)
        by.links.want(drawWish(rng, by, devices))
      }
    })
  }
  for (let i = rng.int(2, run.profile === 'hostile' ? 10 : 6); i > 0; i--) {
    world.after(rng.int(TROUBLE / 4, TROUBLE), () => drawRogue(run)?.misbehave())
  }
}

/** A writer who is away writes, and comes back as a reader. */
function planDemotion({ world, devices }: Run): void {
  const { rng } = world
  const role = ({ replica }: SimDevice): string => replica.chain.role ?? ''
  let note = 0
  world.after(rng.int(TROUBLE / 2, TROUBLE * 0.9), () => {
    const [writer] = devices.filter((one) => role(one) === 'writer')
    const [owner] = devices.filter((one) => role(one) === 'owner')
    if (writer === undefined || owner === undefined) return
    writer.goOffline()
    writeSome(world, writer, () => `late.${writer.name}.${note++}`)
    owner.links.want(roleChange(owner, writer.parts.identity.userId, 'reader'))
  })
}

/** Somebody who is still in has a copy of their disk at work. */
function planCopy({ world, relay, devices, rogues }: Run): void {
  const { rng } = world
  world.after(rng.int(TROUBLE / 3, TROUBLE), () => {
    const writers = devices.filter(({ replica }) => replica.mayWrite)
    if (writers.length === 0) return
    const device = rng.pick(writers)
    const links = device.replica.membership?.hashes.length ?? 0
    const rogue = new Rogue(world, relay, device, links)
    rogues.push(rogue)
    rogue.double()
  })
}

/** A removed member, if there is one by now. */
function drawRogue({ world, relay, devices, rogues }: Run): Rogue | undefined {
  const m = relay.newest.membership
  if (m === undefined) return undefined
  const removed = devices.filter(({ parts: { identity } }) => {
    return m.devices.has(identity.device) && roleAt(m, identity.device) === undefined
  })
  if (removed.length === 0) return undefined
  const device = world.rng.pick(removed)
  const known = rogues.find((one) => one.device === device)
  if (known !== undefined) return known
  const at = m.devices.get(device.parts.identity.device)?.roles.at(-1)?.from ?? 0
  const rogue = new Rogue(world, relay, device, at)
  rogues.push(rogue)
  return rogue
}

function writeSome(world: World, device: SimDevice, nextNote: () => string): void {
  const { rng } = world
  const many = rng.chance(0.1) ? rng.int(4, 16) : 1
  for (let i = 0; i < many; i++) {
    const count = rng.chance(0.3) ? rng.int(2, 3) : 1
    const names = [...NAMES].toSorted(() => rng.next() - 0.5).slice(0, count)
    const big = rng.chance(0.01)
    device.write(
      names.map((name) => {
        const note = nextNote()
        const value = rng.chance(0.2) ? undefined : valueOf(note, big ? 400 * 1024 : 0)
        return { space: 'secret', name, value, note }
      }),
    )
  }
}

/** Ends the trouble: an honest relay, healthy disks, everybody online. */
export function heal({ relay, devices }: Run): void {
  relay.faults = HONEST
  relay.reform()
  // What it withheld so far it would go on withholding from those who are connected.
  relay.throwOff()
  for (const device of devices) {
    device.mishaps = { crashAfterBatch: 0, diskFails: 0 }
    device.links.rest()
    device.goOnline()
  }
}

export const END_OF_TROUBLE = TROUBLE
