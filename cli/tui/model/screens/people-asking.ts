import { LEVELS, PROJECT_LEVELS } from '../../../../shared/log/levels.js'
import { choice, confirmation, field, form, type Dialog, type Values } from '../dialog.js'
import { fieldOf } from '../text-field.js'
import type { World } from '../world.js'
import { deviceName, type Row } from './people-rows.js'
import { chosen, type PeopleState } from './people-state.js'

// What is asked before somebody is invited, let in, given another level or removed: what will happen, in full.

type Of<K extends Row['kind']> = Extract<Row, { kind: K }>
export type Waits = Of<'joiner' | 'newcomer'>

const FIRST: Values = { level: 'read+secrets', expires: '7d' }

/** Asks whom to invite. @param given what was typed before */
export function inviteForm(screen: PeopleState, { orgs }: World, given: Values = FIRST): Dialog {
  const here = given['org'] ?? chosen(screen)?.org
  const first = here === undefined ? orgs : [here, ...orgs.filter((org) => org !== here)]
  const typed = (name: string) => ({ field: fieldOf(given[name] ?? '') })
  return form(
    'invite',
    'invite a person',
    [
      field('org', 'org', { choices: first }),
      field('email', 'e-mail', typed('email')),
      field('name', 'name', { optional: true, hint: 'as members will see it', ...typed('name') }),
      field('level', 'level', { choices: LEVELS, ...typed('level') }),
      field('expires', 'expires', { hint: 'at most 7d', ...typed('expires') }),
    ],
    'invite',
  )
}

/** The fingerprint is typed as the other reads it out: that is the consent. So nothing here shows what it would be. */
export function confirmForm(row: Waits): Dialog {
  const lines =
    row.kind === 'joiner'
      ? [
          `${row.joiner.email} asks to join ${row.org} (${row.joiner.level}).`,
          'Have them read the fingerprint to you, by a way that you trust, and type it.',
        ]
      : ['Read the fingerprint on the other device itself, and type it.']
  return form('confirm', 'let in', [field('fingerprint', 'fingerprint')], 'let in', lines)
}

/** The same form with a word on what was wrong. */
export function withProblem(dialog: Dialog, problem: string): Dialog {
  return dialog.kind === 'form' ? { ...dialog, problem } : dialog
}

const MEANS: { readonly [level: string]: string } = {
  owner: 'manages everybody',
  admin: 'manages those below admin',
  write: 'reads and writes',
  'read+secrets': 'reads',
  read: 'sees which projects there are',
  seal: 'sets sealed secrets, reads nothing',
  none: 'no rights there',
}

/** The choice that leads on to a project. No level is called that. */
export const IN_PROJECT = 'in one project'

export function levelChoice({ org, member }: Of<'member'>): Dialog {
  const levels = LEVELS.map((id) => ({
    id,
    label: id === member.level ? `${id} (now)` : id,
    hint: MEANS[id] ?? '',
  }))
  const more = { id: IN_PROJECT, label: 'in one project only…', hint: '' }
  const asked = choice('level', `${member.email}: level in ${org}`, [...levels, more])
  return beginningAt(asked, LEVELS.indexOf(member.level))
}

export function projectChoice({ org, member }: Of<'member'>, { places }: World): Dialog {
  const projects = places.flatMap(({ place }) =>
    place.kind === 'project' && place.org === org ? [place.project] : [],
  )
  const choices = projects.map((id) => ({ id, label: id }))
  return choice('project', `${member.email}: in which project?`, choices)
}

export function projectLevelChoice({ org, member }: Of<'member'>, project: string): Dialog {
  const choices = [...PROJECT_LEVELS, 'none'].map((id) => ({
    id,
    label: id,
    hint: MEANS[id] ?? '',
  }))
  const asked = choice('project-level', `${member.email}: level in ${org}/${project}`, choices)
  return beginningAt(asked, LEVELS.indexOf(member.level))
}

/** With what is so now: whoever presses enter twice makes nobody an owner. */
function beginningAt(dialog: Dialog, at: number): Dialog {
  return dialog.kind === 'choice' ? { ...dialog, list: { at, top: 0 } } : dialog
}

const READ = 'What was read stays read: you get a list of what to change.'

/** Asks before a removal; undefined for what can't be removed here. */
export function removal(screen: PeopleState, row: Row): Dialog | undefined {
  switch (row.kind) {
    case 'member':
      return memberRemoval(row)
    case 'device':
      return deviceRemoval(screen, row)
    case 'runner': {
      const lines = [`It is given nothing more of ${row.org}/${row.project}.`, READ]
      return confirmation('remove', `Remove the runner ${deviceName(row.runner)}?`, lines, 'remove')
    }
    case 'invite':
      return withdrawal(row.invite.email, row.org)
    case 'joiner':
      return withdrawal(row.joiner.email, row.org)
    default:
      return undefined
  }
}

function withdrawal(email: string, org: string): Dialog {
  const lines = [`Nobody joins ${org} by it any more, also nobody who waits.`]
  return confirmation('remove', `Take the invite of ${email} back?`, lines, 'take back')
}

/** Why nobody removes themselves, and who does it. */
export function ownRemoval(
  { orgs }: PeopleState,
  { org, member: { level } }: Of<'member'>,
): string {
  const owners = orgs.get(org)?.members?.filter((one) => one.level === 'owner').length
  if (level === 'owner' && owners === 1) {
    return `you are the only owner of ${org}: make somebody else an owner first`
  }
  const who =
    level === 'owner' ? 'another owner' : level === 'admin' ? 'an owner' : 'an owner or admin'
  return `nobody removes themselves: ${who} of ${org} does it`
}

function memberRemoval({ org, member }: Of<'member'>): Dialog {
  const { email, name, userId, lookalike } = member
  const lines = [
    ...(lookalike ? [`! Looks like another member. The user id of this one: ${userId}`] : []),
    `${[name, email].filter(Boolean).join(' ')} goes out of ${org} and all its projects, with all devices.`,
    'Each project gets a new key. The keys of a removed device never return.',
    READ,
  ]
  return confirmation('remove', `Remove ${email} from ${org}?`, lines, 'remove')
}

function deviceRemoval({ devices = [] }: PeopleState, { device }: Of<'device'>): Dialog {
  const others = devices.filter(({ deviceId }) => deviceId !== device.deviceId)
  const lines = [
    ...(device.self ? ['! It is this very device: it opens nothing new from then on.'] : []),
    ...(others.length === 0 ? ['! Your last device: nothing could read your secrets.'] : []),
    ...(others.length > 0 && others.every(({ recovery }) => recovery)
      ? ['! Then only recovery devices are left to read your secrets.']
      : []),
    'It goes out of all your vaults, and so do devices that it brought in. They get new keys.',
    READ,
  ]
  return confirmation('remove', `Remove the device ${deviceName(device)}?`, lines, 'remove')
}
