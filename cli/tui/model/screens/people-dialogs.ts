import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import { durationOf } from '../../../../shared/duration.js'
import { CofferError } from '../../../../shared/errors.js'
import { isLevel, isProjectLevel } from '../../../../shared/log/levels.js'
import type { Dialog, Values } from '../dialog.js'
import { ask, call, note } from '../effect.js'
import type { Calling } from '../event.js'
import { contextOf, orgContext } from '../place.js'
import { turn, type Turn } from '../turn.js'
import type { World } from '../world.js'
import {
  confirmForm,
  IN_PROJECT,
  inviteForm,
  levelChoice,
  projectChoice,
  projectLevelChoice,
  withProblem,
} from './people-asking.js'
import type { Row } from './people-rows.js'
import type { PeopleState } from './people-state.js'

// What the person answered: the calls that do it.

type S = PeopleState

/** Begins what takes a moment; nothing else is begun before its answer. */
export function begun(screen: S, working: string, calling: Calling, again?: Dialog): Turn<S> {
  return turn({ ...screen, working, again }, note(`${working}…`), calling)
}

export function answeredDialog(screen: S, tag: string, values: Values, world: World): Turn<S> {
  switch (tag) {
    case 'invite':
      return invited(screen, values, world)
    case 'confirm':
      return confirmed(screen, values['fingerprint'] ?? '', world)
    case 'level':
      return levelled(screen, values['id'] ?? '', world)
    case 'project':
      return screen.about?.kind === 'member'
        ? turn(
            { ...screen, project: values['id'] },
            ask(projectLevelChoice(screen.about, values['id'] ?? '')),
          )
        : turn(screen)
    case 'project-level':
      return levelledThere(screen, values['id'] ?? '', world)
    case 'remove':
      return removed(screen, world)
    case 'code':
      return copied(screen, values)
    case 'failed':
      return leftFailure(screen)
    default:
      return turn(screen)
  }
}

/** Who has read what went wrong may try again where something was typed. */
export function leftFailure(screen: S): Turn<S> {
  const { again } = screen
  const next = { ...screen, again: undefined }
  return again === undefined ? turn(next) : turn(next, ask(again))
}

function lifeOf(typed: string): number | undefined {
  try {
    return durationOf('it', typed.trim())
  } catch (error) {
    if (error instanceof CofferError) return undefined
    throw error
  }
}

function invited(screen: S, values: Values, world: World): Turn<S> {
  const { org = '', email = '', name = '', level = '', expires: typed = '' } = values
  const dialog = inviteForm(screen, world, values)
  const expires = lifeOf(typed)
  if (expires === undefined) {
    return turn(screen, ask(withProblem(dialog, 'expires: write 90s, 10m, 1h or 7d')))
  }
  if (!isLevel(level)) return turn(screen, ask(dialog))
  const params = {
    context: orgContext(world.cwd, org),
    email: email.trim(),
    level,
    expires,
    ...(name.trim() === '' ? {} : { name: name.trim() }),
  }
  return begun(screen, 'inviting', call('orgInvite', params, org), dialog)
}

const plain = (fingerprint: string): string => fingerprint.toLowerCase().replace(/[\s-]/g, '')

function confirmed(screen: S, typed: string, world: World): Turn<S> {
  const { about } = screen
  if (about?.kind !== 'joiner' && about?.kind !== 'newcomer') return turn(screen)
  const dialog = confirmForm(about)
  const wanted = plain(typed)
  if (!/^[a-z2-7]{16}$/.test(wanted)) {
    const problem = 'all of it: xxxx-xxxx-xxxx-xxxx'
    return turn(screen, ask(withProblem(dialog, problem)))
  }
  const other = whoElse(screen, about, wanted)
  if (other !== undefined) return turn(screen, ask(withProblem(dialog, `it is that of ${other}`)))
  const fingerprint = typed.trim()
  const calling =
    about.kind === 'joiner'
      ? call('orgInviteConfirm', { context: orgContext(world.cwd, about.org), fingerprint })
      : call('deviceConfirm', { context: contextOf(world.cwd), fingerprint })
  return begun(screen, 'letting in', calling, dialog)
}

/** Whose fingerprint it is, where that is somebody else than who was meant: nobody gets another's level by a slip. */
function whoElse(screen: S, about: Row, typed: string): string | undefined {
  const joiner = screen.joiners.find(({ fingerprint }) => plain(fingerprint) === typed)
  if (joiner !== undefined) {
    const { email, org, level } = joiner
    const meant =
      about.kind === 'joiner' &&
      about.joiner.email === email &&
      about.joiner.level === level &&
      about.org === org
    return meant ? undefined : `${email}, for ${org}: choose that line`
  }
  const device = screen.newcomers.some(({ fingerprint }) => plain(fingerprint) === typed)
  return device && about.kind !== 'newcomer'
    ? 'a device with your code: choose that line'
    : undefined
}

function levelled(screen: S, id: string, world: World): Turn<S> {
  const { about } = screen
  if (about?.kind !== 'member') return turn(screen)
  if (id === IN_PROJECT) return turn(screen, ask(projectChoice(about, world)))
  if (!isLevel(id)) return turn(screen, ask(levelChoice(about)))
  const { org, member } = about
  const params = { context: orgContext(world.cwd, org), who: member.userId, level: id }
  return begun(screen, 'changing the level', call('orgMemberUpdate', params, org))
}

function levelledThere(screen: S, id: string, world: World): Turn<S> {
  const { about, project } = screen
  if (about?.kind !== 'member' || project === undefined) return turn(screen)
  if (id !== 'none' && !isProjectLevel(id)) return turn(screen)
  const { org, member } = about
  const context = contextOf(world.cwd, { kind: 'project', org, project })
  const params = { context, who: member.userId, level: id } as const
  return begun(screen, 'changing the level', call('projectMemberSet', params, org))
}

function removed(screen: S, world: World): Turn<S> {
  const calling = screen.about && removing(screen.about, world)
  return calling === undefined ? turn(screen) : begun(screen, 'removing', calling)
}

function removing(row: Row, { cwd }: World): Calling | undefined {
  switch (row.kind) {
    case 'member': {
      const params = { context: orgContext(cwd, row.org), who: row.member.userId }
      return call('orgMemberRemove', params, row.org)
    }
    case 'device':
      return call('deviceRevoke', {
        context: contextOf(cwd),
        device: row.device.deviceId,
        keep: [],
      })
    case 'runner': {
      const { org, project, runner } = row
      const context = contextOf(cwd, { kind: 'project', org, project })
      return call('runnerRevoke', { context, runner: runner.deviceId }, org)
    }
    case 'invite':
    case 'joiner': {
      const invite = row.kind === 'invite' ? row.invite.key : row.joiner.email
      return call('orgInviteRevoke', { context: orgContext(cwd, row.org), invite }, row.org)
    }
    default:
      return undefined
  }
}

function copied(screen: S, values: Values): Turn<S> {
  const { code } = screen
  if (values['copy'] === undefined || code?.kind !== 'text' || code.code === undefined) {
    return turn(screen)
  }
  return turn(
    screen,
    { kind: 'copy', value: toBase64(utf8(code.code)), what: 'the code' },
    ask(code),
  )
}
