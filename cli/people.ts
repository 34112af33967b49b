import { CofferError } from '../shared/errors.js'
import { isLevel, isProjectLevel, LEVELS, PROJECT_LEVELS } from '../shared/log/levels.js'
import type { Level, ProjectLevel } from '../shared/log/levels.js'
import { displayText } from '../shared/display.js'
import type { Call } from './call.js'
import type { OptionSpec } from './command.js'
import { columns, shortId } from './format.js'
import type { Session } from './session.js'

// What the commands on people have in common: levels as typed, the table that Earthly's users know, the rotate list.

export const PERMISSION: OptionSpec = {
  flags: '--permission <LEVEL>',
  text: LEVELS.join(', '),
}

export const PROJECT_PERMISSION: OptionSpec = {
  flags: '--permission <LEVEL>',
  text: PROJECT_LEVELS.join(', '),
}

/** @throws CofferError `usage` (reason `bad-level`) */
export function parseLevel(typed: string): Level {
  if (isLevel(typed)) return typed
  throw new CofferError('usage', `'${displayText(typed)}' is no level`, {
    reason: 'bad-level',
    next: `give one of ${LEVELS.join(', ')}`,
  })
}

/** A level in a project. @throws CofferError `usage` (reason `bad-level`) */
export function parseProjectLevel(typed: string): ProjectLevel {
  return isProjectLevel(typed) ? typed : parseLevel(typed)
}

/** The level of the n-th argument or of --permission, of which one must be there. @throws CofferError `usage` */
export function levelOf(call: Call, argument: number): Level {
  return parseLevel(typedLevel(call, argument))
}

/** The same for a level in a project. */
export function projectLevelOf(call: Call, argument: number): ProjectLevel {
  return parseProjectLevel(typedLevel(call, argument))
}

function typedLevel(call: Call, argument: number): string {
  const [given, option] = [call.args[argument], call.text('permission')]
  const typed = given ?? option
  if (typed !== undefined && (given === undefined || option === undefined)) return typed
  throw new CofferError(
    'usage',
    typed === undefined ? 'a level is missing' : 'two levels are given',
    {
      reason: 'bad-level',
      next: `give one of ${LEVELS.join(', ')}`,
    },
  )
}

type Person = {
  readonly userId: string
  readonly email: string
  readonly name: string
  readonly level: string
  readonly since: number
  readonly pgp?: string
}

/** A day as 2026-11-26. A hostile clock may say any number. */
function showDay(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString().replace(/T.*$/, '')
}

/** Who may do what, as `earthly` shows it; a person without an address by their user id. */
export function permissionTable(members: readonly Person[]): string {
  const rows = members.map(({ email, userId, level, since }) => {
    return [email === '' ? userId : email, level, showDay(since)]
  })
  return columns([['User Email', 'Permission', 'Created'], ...rows])
}

/** The same with names and user ids. */
export function memberTable(members: readonly Person[]): string {
  const rows = members.map(({ email, userId, level, since, name, pgp }) => {
    const by = pgp === undefined ? [] : [`by OpenPGP key ${shortId(pgp)}`]
    return [email, level, showDay(since), userId, [name, ...by].filter(Boolean).join(', ')]
  })
  return columns([['User Email', 'Permission', 'Created', 'User Id', 'Name'], ...rows])
}

/** The rotate list: one secret a line, as references. */
export function rotateList(
  org: string,
  exposed: readonly { readonly project: string; readonly names: readonly string[] }[],
): string {
  return exposed
    .flatMap(({ project, names }) => names.map((name) => `coffer://${org}/${project}/${name}`))
    .map((reference) => `${displayText(reference)}\n`)
    .join('')
}

/** A word above the rotate list, for people. */
export function sayExposed(session: Session, list: string): void {
  const count = list.split('\n').length - 1
  if (count === 0) return
  session.say(`${count} secrets that they could read: change them where they come from, too`)
}
