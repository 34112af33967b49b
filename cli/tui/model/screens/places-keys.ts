import { field, form, type Dialog, type Values } from '../dialog.js'
import { ask, call, note, open } from '../effect.js'
import type { Answered } from '../event.js'
import type { ListState } from '../list.js'
import { contextOf, orgContext } from '../place.js'
import { fieldOf } from '../text-field.js'
import { turn, type Binding, type Turn } from '../turn.js'
import type { PlaceInfo, World } from '../world.js'

// What can be done to projects: opened, made, taken out of their org.

export type PlacesState = {
  readonly name: 'places'
  readonly list: ListState
  /** The project that is to be made once its org is. */
  readonly wanted: string | undefined
  /** What a dialog about removing is about. */
  readonly about: { readonly org: string; readonly project: string } | undefined
  /** The form that comes back once a failure is read. */
  readonly again: Dialog | undefined
}

type S = PlacesState

function chosenPlace({ list }: S, world: World): PlaceInfo | undefined {
  return world.places[list.at]
}

function chosenProject(screen: S, world: World): S['about'] {
  const place = chosenPlace(screen, world)?.place
  return place?.kind === 'project' ? place : undefined
}

function newForm(screen: S, world: World, given: Values = {}): Dialog {
  const { orgs } = world
  const here = given['org'] ?? chosenProject(screen, world)?.org
  const first = orgs.filter((org) => org === here)
  const typed = (name: string) => ({ field: fieldOf(given[name] ?? '') })
  const where =
    orgs.length === 0
      ? [field('new', 'org', { hint: 'a directory of projects and people', ...typed('new') })]
      : [
          field('org', 'org', { choices: [...first, ...orgs.filter((org) => org !== here)] }),
          field('new', 'or a new org', { optional: true, ...typed('new') }),
        ]
  return form(
    'new',
    'new project',
    [...where, field('project', 'project', typed('project'))],
    'make',
  )
}

/** Its name is typed: a key pressed by a slip takes no project away. */
function removeForm({ org, project }: NonNullable<S['about']>, problem?: string): Dialog {
  const lines = [
    `${org}/${project} goes out of its org's directory, for everybody. Members keep the history that they have.`,
  ]
  const asked = [field('name', 'its name', { hint: `type ${project}` })]
  const dialog = form('remove', `remove ${org}/${project}`, asked, 'remove', lines)
  return problem === undefined || dialog.kind !== 'form' ? dialog : { ...dialog, problem }
}

/** What the person answered. */
export function answeredForm(screen: S, tag: string, values: Values, world: World): Turn<S> {
  if (tag === 'failed') return leftFailure(screen)
  if (tag === 'new') return making(screen, values, world)
  const { about } = screen
  if (tag !== 'remove' || about === undefined) return turn(screen)
  if ((values['name'] ?? '').trim() !== about.project) {
    return turn(screen, ask(removeForm(about, `that is not ${about.project}`)))
  }
  const params = { context: orgContext(world.cwd, about.org), name: about.project }
  return turn({ ...screen, again: undefined }, note('removing…'), call('projectRemove', params))
}

/** Who has read what went wrong may try again. */
export function leftFailure(screen: S): Turn<S> {
  const { again } = screen
  const next = { ...screen, again: undefined }
  return again === undefined ? turn(next) : turn(next, ask(again))
}

function making(screen: S, values: Values, world: World): Turn<S> {
  const [org = '', fresh, project] = [
    values['org'],
    trimmed(values, 'new'),
    trimmed(values, 'project'),
  ]
  const next = { ...screen, again: newForm(screen, world, values), wanted: project }
  if (fresh === '') return makingIn(next, org, world)
  const params = { context: contextOf(world.cwd), name: fresh }
  return turn(next, note('making the org…'), call('orgCreate', params))
}

function trimmed(values: Values, name: string): string {
  return (values[name] ?? '').trim()
}

function makingIn(screen: S, org: string, world: World): Turn<S> {
  const params = { context: orgContext(world.cwd, org), name: screen.wanted ?? '' }
  return turn(screen, note('making the project…'), call('projectCreate', params, org))
}

/** What was made or removed. */
export function made(screen: S, event: Answered, world: World): Turn<S> {
  const refresh = { kind: 'refresh' } as const
  switch (event.method) {
    case 'orgCreate': {
      const { name } = event.result
      // The org is there: whoever has to try again makes the project in it.
      const values = { org: name, project: screen.wanted ?? '' }
      const orgs = [...world.orgs.filter((one) => one !== name), name]
      const again = newForm(screen, { ...world, orgs }, values)
      const next = makingIn({ ...screen, again }, name, world)
      return turn(next.screen, refresh, ...next.effects)
    }
    case 'projectCreate': {
      const { name, warnings } = event.result
      const said = [`made: ${event.tag}/${name}`, ...warnings.map(({ message }) => `! ${message}`)]
      return turn(idle(screen), refresh, note(said.join('; '), 'good'))
    }
    case 'projectRemove': {
      const { org = '', project = '' } = screen.about ?? {}
      return turn(idle(screen), refresh, note(`removed: ${org}/${project}`, 'good'))
    }
    default:
      return turn(screen)
  }
}

function idle(screen: S): S {
  return { ...screen, again: undefined, wanted: undefined, about: undefined }
}

export const placesBindings: readonly Binding<S>[] = [
  {
    keys: ['enter', 'right', 'l'],
    label: 'open',
    help: 'show the secrets',
    when: (screen, world) => chosenPlace(screen, world) !== undefined,
    run: (screen, world) => {
      const place = chosenPlace(screen, world)?.place
      return place === undefined ? turn(screen) : turn(screen, open({ screen: 'secrets', place }))
    },
  },
  {
    keys: ['n', 'a'],
    label: 'new project',
    help: 'make a project, and its org where there is none',
    run: (screen, world) => turn(screen, ask(newForm(screen, world))),
  },
  {
    keys: ['X'],
    label: 'remove',
    help: 'take the project out of its org',
    when: (screen, world) => chosenProject(screen, world) !== undefined,
    run: (screen, world) => {
      const about = chosenProject(screen, world)
      return about === undefined ? turn(screen) : turn({ ...screen, about }, ask(removeForm(about)))
    },
  },
]
