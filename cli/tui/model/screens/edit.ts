import { complain, note } from '../effect.js'
import type { Answered, ScreenEvent } from '../event.js'
import type { Key } from '../key.js'
import { isOf, placeName, referenceIn } from '../place.js'
import { areaOf, insertInto, shown, textIn, typeIntoArea } from '../text-area.js'
import { insert, typeInto } from '../text-field.js'
import { turn, type ScreenSpec, type Turn } from '../turn.js'
import { textOf } from '../views/value.js'
import type { World } from '../world.js'
import { editBindings, generating, meant, meantText, staged } from './edit-keys.js'
import { isBare, SEAL_TAGS, sealOf, toldRunners } from './edit-sealing.js'
import {
  areaHeight,
  begun,
  begunSealed,
  isDirty,
  reading,
  readingRunners,
  readingSealed,
  type EditState,
} from './edit-state.js'

// A value as it is typed: what happens to it.

type S = EditState

function update(screen: S, event: ScreenEvent, world: World): Turn<S> {
  switch (event.kind) {
    case 'opened':
      return reopened(screen, world)
    case 'key':
      return turn(pressed(screen, event.key, world))
    case 'paste':
      return turn(pasted(screen, event.text, world))
    case 'answered':
      return answered(screen, event, world)
    case 'failed':
      return failed(screen, event, world)
    case 'dialog':
      return decided(screen, event)
    case 'edited':
      return event.text === undefined
        ? turn(screen, note('the editor changed nothing'))
        : turn({ ...screen, area: shown(areaOf(event.text), areaHeight(world)) })
    case 'edit-failed':
      return turn(screen, complain(event.failure))
    case 'changed': {
      const isIt = isOf(screen.place, event.vault) && isAmong(event.names, screen.secret)
      return isIt && screen.phase === 'typing' ? reread(screen, world, 'again') : turn(screen)
    }
    case 'refreshed':
      return turn({ ...screen, area: shown(screen.area, areaHeight(world)) })
    case 'hidden':
      return turn({ ...screen, hidden: true })
    default:
      return turn(screen)
  }
}

function isAmong(names: readonly string[] | null, name: string | undefined): boolean {
  return names === null || (name !== undefined && names.includes(name))
}

function reread(screen: S, world: World, tag: 'begin' | 'again'): Turn<S> {
  const { place, secret } = screen
  if (secret === undefined) return turn(screen)
  if (screen.sealing === 'only') return turn(screen, readingRunners(place, world))
  return tag === 'again' && screen.sealing === 'kept'
    ? turn(screen, readingSealed(screen, world, tag))
    : turn(screen, reading(place, secret, world, tag))
}

/** A daemon that is back hasn't answered what its forerunner was asked. */
function reopened(screen: S, world: World): Turn<S> {
  if (screen.phase === 'reading') return reread(screen, world, 'begin')
  return screen.phase === 'typing' ? reread(screen, world, 'again') : turn(screen)
}

function pressed(screen: S, key: Key, world: World): S {
  if (screen.phase === 'naming') {
    const naming = typeInto(screen.naming, key)
    return naming === undefined ? screen : { ...screen, naming, problem: undefined }
  }
  if (screen.phase !== 'typing') return screen
  const area = typeIntoArea(screen.area, key, areaHeight(world))
  return area === undefined ? screen : { ...screen, area }
}

function pasted(screen: S, text: string, world: World): S {
  if (screen.phase === 'naming') {
    return { ...screen, naming: insert(screen.naming, text.trim()), problem: undefined }
  }
  return screen.phase === 'typing' ? putIn(screen, text, world) : screen
}

function putIn(screen: S, text: string, world: World): S {
  return { ...screen, area: shown(insertInto(screen.area, text), areaHeight(world)) }
}

/** What is there now, beside what was read. */
function reviewed(screen: S, current: string | undefined): S {
  return { ...screen, overtaken: screen.overtaken || current !== screen.over }
}

function answered(screen: S, event: Answered, world: World): Turn<S> {
  if (event.method === 'secretGet') {
    const { value, version } = event.result
    if (event.tag === 'again') return turn(reviewed(screen, version.id))
    return screen.phase === 'reading' ? begun(screen, value, version.id, world) : turn(screen)
  }
  if (event.method === 'secretHistory') {
    const current = event.result.versions.find((one) => one.current)
    if (event.tag === 'again') return turn(reviewed(screen, current?.version.id))
    return screen.phase === 'reading' ? begunSealed(screen, current, world) : turn(screen)
  }
  if (event.method === 'runnerList') return toldRunners(screen, event.result.runners)
  return event.method === 'valueGenerate' ? generated(screen, event, world) : turn(screen)
}

function generated(
  { replacing, ...screen }: S,
  { tag, result }: Extract<Answered, { method: 'valueGenerate' }>,
  world: World,
): Turn<S> {
  const next: S = { ...screen, replacing: undefined }
  const text = textOf(result.value) ?? ''
  if (tag !== 'replace') return turn(putIn(next, text, world), note('generated'))
  if (textIn(next.area) !== replacing) {
    return turn(next, note('you typed meanwhile: nothing was put in', 'bad'))
  }
  return turn(putIn({ ...next, area: areaOf('') }, text, world), note('generated'))
}

function failed(
  screen: S,
  { tag, failure }: Extract<ScreenEvent, { kind: 'failed' }>,
  world: World,
): Turn<S> {
  if (tag === 'runners') {
    const { screen: next, effects } = toldRunners(screen, screen.runners ?? null)
    return turn(next, complain(failure), ...effects)
  }
  const isMissing = failure.code === 'not-found' && failure.reason === 'no-secret'
  if (tag === 'again') {
    // Gone meanwhile: what is typed goes over a delete.
    return turn(isMissing && screen.over !== undefined ? { ...screen, overtaken: true } : screen)
  }
  if (tag === 'begin' && failure.reason === 'sealed' && screen.phase === 'reading') {
    return turn(screen, readingSealed(screen, world, 'sealed'))
  }
  if ((tag !== 'begin' && tag !== 'sealed') || screen.phase !== 'reading')
    return turn(screen, complain(failure))
  if (isMissing) return begun(screen, undefined, undefined, world)
  const problem = [failure.message, failure.next].filter(Boolean).join(': ')
  // A name that won't do can be typed otherwise.
  const isNamed = screen.naming.text !== ''
  return turn({
    ...screen,
    phase: isNamed ? 'naming' : 'closed',
    secret: isNamed ? undefined : screen.secret,
    problem,
  })
}

function decided(screen: S, { tag, values }: Extract<ScreenEvent, { kind: 'dialog' }>): Turn<S> {
  if (SEAL_TAGS.includes(tag)) {
    return staged(screen, meantText(screen, isBare(tag)), sealOf(values))
  }
  switch (tag) {
    case 'leave':
      return turn(screen, { kind: 'back' })
    case 'empty':
      return meant(screen, false)
    case 'newline':
      return meant(screen, values['id'] !== 'with')
    case 'generate':
      return generating(screen, values)
    default:
      return turn(screen)
  }
}

export const editScreen: ScreenSpec<S> = {
  title: ({ place, secret }) =>
    secret === undefined
      ? `new in ${placeName(place)}`
      : place.kind === 'user'
        ? referenceIn(place, secret)
        : `${placeName(place)}/${secret}`,
  typing: ({ phase }) => phase === 'naming' || phase === 'typing',
  bindings: editBindings,
  update,
  unsaved: (screen) =>
    isDirty(screen) ? `not staged yet: what you typed for ${screen.secret ?? ''}` : undefined,
}
