import { toBase64 } from '../../../../shared/base64.js'
import { utf8 } from '../../../../shared/bytes.js'
import { LIMITS } from '../../../../shared/limits.js'
import type { Opener } from '../../../../shared/protocol/local-common.js'
import { text, type Values } from '../dialog.js'
import { ask, call, note, open, type Effect } from '../effect.js'
import type { Answered, Failure, ScreenEvent } from '../event.js'
import { absolute } from '../path.js'
import { contextOf, orgContext, placeName, referenceIn, USER, type Place } from '../place.js'
import { turn, type Turn } from '../turn.js'
import type { World } from '../world.js'
import { toStep, type SetupState, type Way } from './setup-steps.js'

// What the first steps ask of the daemon, and where its answers lead.

type S = SetupState

/** How long one waiting for another device lasts, in milliseconds. */
export const WAIT = 600_000

function refused(screen: S, problem: string): Turn<S> {
  return turn({ ...screen, busy: undefined, problem })
}

/** What a step's answer leads to. */
export function proceed(screen: S, values: Values, world: World): Turn<S> {
  switch (screen.step) {
    case 'start':
    case 'opener':
      return chosen(screen, values['id'] ?? '')
    case 'you':
      return turn(toStep({ ...screen, kept: { ...screen.kept, ...values } }, 'opener'))
    case 'code':
      return joining({ ...screen, kept: { ...screen.kept, ...values } }, undefined, world)
    case 'passphrase':
      return passphrase(screen, values, world)
    case 'key-file':
      return keyFile({ ...screen, kept: { ...screen.kept, ...values } }, world)
    case 'place':
      return placed({ ...screen, kept: { ...screen.kept, ...values } }, world)
    case 'secret':
      return saving(screen, values, world)
    case 'recovery':
    case 'waiting':
      return turn(screen)
  }
}

const FIRST: { readonly [way: string]: Way } = { new: 'new', join: 'join', recovery: 'recovery' }

function chosen(screen: S, id: string): Turn<S> {
  if (screen.step === 'opener') {
    return turn(toStep(screen, id === 'key-file' ? 'key-file' : 'passphrase'))
  }
  const way = FIRST[id] ?? 'new'
  const next = { new: 'you', join: 'code', recovery: 'recovery' } as const
  return turn(toStep({ ...screen, way }, next[way]))
}

function passphrase(screen: S, { passphrase = '', again }: Values, world: World): Turn<S> {
  const bytes = utf8(passphrase)
  const emptied = toStep(screen, 'passphrase')
  if (passphrase !== again) return refused(emptied, 'the two differ: type the same one twice')
  if (bytes.length > LIMITS.passphrase) {
    return refused(emptied, `a passphrase has at most ${LIMITS.passphrase} bytes`)
  }
  // Sent from here; the fields are empty from now on.
  return opening(emptied, { kind: 'passphrase', passphrase: toBase64(bytes) }, world)
}

function keyFile(screen: S, world: World): Turn<S> {
  const typed = screen.kept['path'] ?? ''
  if (typed.startsWith('~')) return refused(screen, 'write the folder out: ~ is for shells')
  return opening(screen, { kind: 'key-file', path: absolute(world.cwd, typed) }, world)
}

/** A label that was left empty is none: the daemon has its own word for it then. */
function labels(kept: Values, ...names: readonly string[]): Values {
  return Object.fromEntries(
    names.flatMap((name) => {
      const said = (kept[name] ?? '').trim()
      return said === '' ? [] : [[name, said]]
    }),
  )
}

function opening(screen: S, opener: Opener, world: World): Turn<S> {
  if (screen.way === 'join') return joining(screen, opener, world)
  const params = { open: opener, ...labels(screen.kept, 'name', 'email', 'device') }
  return turn({ ...screen, busy: 'making the vault… (a second or two)' }, call('init', params))
}

/** Without an opener the daemon says whether it needs one: nobody thinks of a passphrase for a mistyped code. */
function joining(screen: S, opener: Opener | undefined, world: World): Turn<S> {
  const params = {
    context: contextOf(world.cwd),
    code: (screen.kept['code'] ?? '').trim(),
    ...labels(screen.kept, 'device'),
    ...(opener === undefined ? {} : { open: opener }),
  }
  return turn({ ...screen, busy: 'asking the relay…' }, call('joinBegin', params))
}

/** Waits until another device has let this one in. */
export function waitOn(screen: S, world: World): Turn<S> {
  const context = contextOf(world.cwd)
  const code = (screen.kept['code'] ?? '').trim()
  return turn(
    { ...screen, busy: 'waiting to be let in…', problem: undefined },
    call('joinWait', { context, timeout: WAIT, code }),
  )
}

function placed(screen: S, world: World): Turn<S> {
  const { org, project } = labels(screen.kept, 'org', 'project')
  if (org === undefined && project === undefined) {
    return turn(toStep({ ...screen, place: USER }, 'secret'))
  }
  if (org === undefined || project === undefined) {
    return refused(
      screen,
      `the ${org === undefined ? 'org' : 'project'} is missing: or leave both empty`,
    )
  }
  const params = { context: contextOf(world.cwd), name: org }
  return turn({ ...screen, busy: 'making the org…' }, call('orgCreate', params, org))
}

function projectIn(screen: S, org: string, world: World): Turn<S> {
  const params = {
    context: orgContext(world.cwd, org),
    name: labels(screen.kept, 'project')['project'] ?? '',
  }
  return turn({ ...screen, busy: 'making the project…' }, call('projectCreate', params, org))
}

/** A project that a newcomer makes is the one that shells mean from now on. */
function selected(screen: S, org: string, project: string, world: World): Turn<S> {
  const place: Place = { kind: 'project', org, project }
  const params = { context: orgContext(world.cwd, org), name: project }
  return turn({ ...screen, place }, call('projectSelect', params))
}

function saving(screen: S, { secret = '', value = '' }: Values, world: World): Turn<S> {
  const kept = { ...screen.kept, secret: secret.trim() }
  const params = {
    context: contextOf(world.cwd, screen.place),
    name: referenceIn(screen.place, kept.secret),
    value: toBase64(utf8(value)),
  }
  return turn({ ...screen, kept, busy: 'saving…' }, call('secretSet', params))
}

/** What an answer of the daemon leads to. */
export function answeredCall(screen: S, event: Answered, world: World): Turn<S> {
  switch (event.method) {
    case 'init': {
      const said = event.result.warnings.map(({ message }) => message).join('; ')
      const effects: readonly Effect[] = said === '' ? [] : [note(said)]
      return turn(toStep(screen, 'place'), { kind: 'refresh' }, ...effects)
    }
    case 'joinBegin': {
      const { fingerprint, state } = event.result
      if (state === 'joined') return finished(screen, note('this device is in already', 'good'))
      return waitOn({ ...toStep(screen, 'waiting'), fingerprint }, world)
    }
    case 'joinWait': {
      const { vaults, secrets } = event.result
      return finished(screen, note(`joined: ${vaults} vaults, ${secrets} secrets`, 'good'))
    }
    case 'orgCreate':
      return projectIn(screen, event.result.name, world)
    case 'projectCreate':
      return selected(screen, event.tag, event.result.name, world)
    case 'projectSelect':
      return turn(toStep(screen, 'secret'), { kind: 'refresh' })
    case 'secretSet':
      return saved(screen)
    default:
      return turn(screen)
  }
}

/** Into the interface: nothing of the first steps is left. */
export function finished(screen: S, ...effects: readonly Effect[]): Turn<S> {
  return turn(screen, { kind: 'refresh' }, open({ screen: 'places' }), ...effects)
}

function saved(screen: S): Turn<S> {
  const { place } = screen
  const name = screen.kept['secret'] ?? ''
  const quoted = /^[\w./-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`
  const lines = [
    `${name} is saved in ${placeName(place)}.`,
    '',
    `In a shell:  coffer get ${quoted}`,
    'More devices:  4, then o: a relay connects them.',
    'A way back, should all be lost:  coffer recovery create',
  ]
  return finished(
    screen,
    open({ screen: 'secrets', place }),
    ask(text('first-secret', 'Your first secret', lines)),
  )
}

function told({ message, next }: Failure): string {
  return next === '' ? message : `${message}: ${next}`
}

/** Errors stay on their step, with all that may be kept of what was typed. */
export function failedCall(
  screen: S,
  { method, tag, failure }: Extract<ScreenEvent, { kind: 'failed' }>,
  world: World,
): Turn<S> {
  const { code, reason } = failure
  switch (method) {
    case 'joinBegin':
      if (reason === 'no-opener') return turn(toStep(screen, 'opener'))
      return refused(
        screen,
        reason === 'needs-home'
          ? 'this code is for an org: make a new vault first, then join it'
          : told(failure),
      )
    case 'joinWait':
      // Whoever went a step back isn't waiting any more.
      if (screen.step !== 'waiting') return turn(screen)
      return refused(
        screen,
        code === 'timed-out'
          ? 'not confirmed yet: enter waits on, and so does the same code later'
          : told(failure),
      )
    case 'orgCreate':
      // After a step back the org is there already: it is the one that was meant.
      return code === 'exists' ? projectIn(screen, tag, world) : refused(screen, told(failure))
    case 'projectCreate': {
      const project = labels(screen.kept, 'project')['project'] ?? ''
      return code === 'exists'
        ? selected(screen, tag, project, world)
        : refused(screen, told(failure))
    }
    default:
      return refused(screen, told(failure))
  }
}
