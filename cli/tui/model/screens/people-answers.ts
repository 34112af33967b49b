import { ask, call, note, type Effect } from '../effect.js'
import type { Answered } from '../event.js'
import { contextOf } from '../place.js'
import { turn, type Turn } from '../turn.js'
import type { World } from '../world.js'
import { deviceName } from './people-rows.js'
import { arranged, reading, watched, withOrg, type PeopleState } from './people-state.js'
import { codeDialog, doneDialog, referencesOf, rotateDialog, type Removal } from './people-words.js'

// What the daemon answered: what was read, and what was done.

type S = PeopleState

/** What was read, into the list; undefined for an answer of another kind. */
export function read(screen: S, event: Answered, world: World): Turn<S> | undefined {
  switch (event.method) {
    case 'deviceList':
      return turn(arranged({ ...screen, devices: event.result.devices }, world))
    case 'orgMemberList': {
      const { members } = event.result
      return turn(withOrg(screen, event.tag, { members, problem: undefined }, world))
    }
    case 'orgInviteList':
      return turn(withOrg(screen, event.tag, { invites: event.result.invites }, world))
    case 'runnerList': {
      const { vault, runners } = event.result
      const known = screen.orgs.get(vault.org ?? '')
      if (known === undefined || vault.project === undefined) return turn(screen)
      const all = new Map(known.runners).set(vault.project, runners)
      return turn(withOrg(screen, vault.org ?? '', { runners: all }, world))
    }
    case 'deviceRequests': {
      const next = { ...screen, newcomers: event.result.requests }
      return announced(screen, arranged(next, world))
    }
    case 'orgInviteRequests': {
      const next = { ...screen, joiners: event.result.requests }
      return announced(screen, arranged(next, world))
    }
    default:
      return undefined
  }
}

/** Says so when somebody new waits. */
function announced(before: S, after: S): Turn<S> {
  const told = watched(after)
  const known = new Set([...before.joiners, ...before.newcomers].map((one) => one.fingerprint))
  const device = after.newcomers.find(({ fingerprint }) => !known.has(fingerprint))
  const joiner = after.joiners.find(({ fingerprint }) => !known.has(fingerprint))
  const who = joiner?.email ?? (device && 'a device with your code')
  if (who === undefined) return told
  return turn(told.screen, ...told.effects, note(`${who} waits to be let in: f`))
}

/** What was done, and what is to be said of it. Everything is read anew after it. */
export function done(screen: S, event: Answered, world: World): Turn<S> {
  const free = { ...screen, working: undefined, again: undefined }
  switch (event.method) {
    case 'orgInvite': {
      const { email, org, level } = event.result
      const title = `invite of ${email} to ${org} (${level})`
      return coded(
        free,
        codeDialog(title, event.result, 'On their machine, in a home of theirs'),
        world,
      )
    }
    case 'deviceAdd':
      return coded(free, codeDialog('another device of yours', event.result, 'There'), world)
    case 'orgInviteRevoke': {
      return renewed(free, world, note('the invite is taken back', 'good'))
    }
    case 'orgInviteConfirm':
    case 'deviceConfirm':
      return letIn(free, event, world)
    default: {
      const removal = removalBy(event)
      return removal === undefined ? turn(screen) : rotated(free, removal, world)
    }
  }
}

function letIn(
  screen: S,
  event: Extract<Answered, { method: 'orgInviteConfirm' | 'deviceConfirm' }>,
  world: World,
): Turn<S> {
  const { name, warnings } = event.result
  const said =
    event.method === 'deviceConfirm'
      ? `let in: ${name || 'the device'}, into ${vaults(event.result.vaults)}`
      : `let into ${event.result.org}: ${[name, event.result.email].filter(Boolean).join(' ')} (${event.result.level})`
  const more = warnings.length === 0 ? [] : [ask(doneDialog(said, warnings))]
  return renewed(screen, world, note(said, 'good'), ...more)
}

const vaults = (count: number): string => (count === 1 ? '1 vault' : `${count} vaults`)

/** What an answer says of somebody who may read less than before; undefined where it says nothing of that. */
export function removalBy(event: Answered): Removal | undefined {
  switch (event.method) {
    case 'orgMemberRemove': {
      const { org, email, userId, exposed, left, warnings } = event.result
      const done = `${email || userId} is out of ${org}.`
      return { done, names: referencesOf(org, exposed), left, warnings }
    }
    case 'orgMemberUpdate': {
      const { org, email, level, exposed, left, warnings } = event.result
      return {
        done: `${email}: ${level} in ${org}.`,
        names: referencesOf(org, exposed),
        left,
        warnings,
      }
    }
    case 'projectMemberSet': {
      const { org, project, email, exposed, left, warnings } = event.result
      const names = referencesOf(org, [{ project, names: exposed }])
      const done = `${email} has another level in ${org}/${project}.`
      return { done, names, left: left > 0 ? [project] : [], warnings }
    }
    case 'deviceRevoke': {
      const { devices, vaults: count, rotate, warnings } = event.result
      const names = devices.map(deviceName)
      return {
        done: `Out of ${vaults(count)}: ${names.join(', ')}.`,
        names: rotate,
        left: [],
        warnings,
      }
    }
    case 'runnerRevoke': {
      const { runner, couldRead, warnings } = event.result
      const done = `The runner ${deviceName(runner)} is out.`
      return { done, names: couldRead, left: [], warnings }
    }
    default:
      return undefined
  }
}

function rotated(screen: S, removal: Removal, world: World): Turn<S> {
  const { done, names, left, warnings } = removal
  if (names.length === 0 && left.length === 0 && warnings.length === 0) {
    return renewed(screen, world, note(done, 'good'))
  }
  const dialog = rotateDialog(removal)
  return renewed({ ...screen, rotate: dialog }, world, note(done, 'good'), ask(dialog))
}

function coded(screen: S, dialog: NonNullable<S['code']>, world: World): Turn<S> {
  return renewed({ ...screen, code: dialog }, world, note('v shows the code again'), ask(dialog))
}

/** All is read anew, who waits included. */
function renewed(screen: S, world: World, ...words: readonly Effect[]): Turn<S> {
  const next = reading({ ...screen, watch: { at: 0, open: 0 } }, world)
  return turn(next.screen, { kind: 'refresh' }, ...next.effects, ...words)
}

/** The devices alone. */
export function readingDevices({ cwd }: World): Effect {
  return call('deviceList', { context: contextOf(cwd) })
}
