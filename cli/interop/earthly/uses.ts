import type { Earthfile, Project, Recipe } from './earthfile.js'
import type { SecretWish } from './secret-use.js'

// What several Earthfiles ask for together: a target in its own file's project, a function in its caller's.

/** The Earthfiles by their folder, in the order in which they were found. */
export type Earthfiles = ReadonlyMap<string, Earthfile>

/** The folder that a reference in `from` means. */
export type Resolve = (from: string, folder: string) => string

/** Where a secret is looked for. */
export type Place =
  | { readonly kind: 'project'; readonly project: Project }
  /** No PROJECT: what coffer has selected. */
  | { readonly kind: 'selected' }
  /** `org/key` of an older Earthfile. */
  | { readonly kind: 'legacy' }
  /** A function that nothing here calls. */
  | { readonly kind: 'unknown' }

export type FoundUse = {
  readonly folder: string
  readonly line: number
  /** '' for the base recipe. */
  readonly recipe: string
  readonly wish: SecretWish
  readonly place: Place
}

/** A function that is called from more projects than this is no honest one. */
const MAX_PLACES = 1000

/** Every use in every target, and in every function for each project that it is called from. */
export function usesOf(files: Earthfiles, resolve: Resolve): FoundUse[] {
  const found: FoundUse[] = []
  const called = new Map<string, Place[]>()
  for (const [folder, file] of files) {
    for (const recipe of file.recipes.filter(({ isFunction }) => !isFunction)) {
      const place = placeIn(file)
      found.push(...usesIn(folder, recipe, place))
      callFunctions({ files, resolve, called }, folder, recipe, place)
    }
  }
  for (const [folder, file] of files) {
    for (const recipe of file.recipes.filter(({ isFunction }) => isFunction)) {
      const places = called.get(keyOf(folder, recipe.name)) ?? [{ kind: 'unknown' }]
      for (const place of places) {
        found.push(...usesIn(folder, recipe, inDialect(file, place)))
      }
    }
  }
  return found
}

function placeIn({ dialect, project }: Earthfile): Place {
  if (dialect === 'legacy') return { kind: 'legacy' }
  return project === undefined ? { kind: 'selected' } : { kind: 'project', project }
}

/** A function names secrets as its own file does, whoever calls it. */
function inDialect({ dialect }: Earthfile, place: Place): Place {
  if (dialect === 'legacy') return { kind: 'legacy' }
  return place.kind === 'legacy' ? { kind: 'selected' } : place
}

function usesIn(folder: string, recipe: Recipe, place: Place): FoundUse[] {
  return recipe.uses.map(({ line, wish }) => ({ folder, line, recipe: recipe.name, wish, place }))
}

type World = {
  readonly files: Earthfiles
  readonly resolve: Resolve
  readonly called: Map<string, Place[]>
}

/** Notes the place for every function that a recipe reaches through functions. */
function callFunctions(world: World, folder: string, recipe: Recipe, place: Place): void {
  const waiting: { folder: string; recipe: Recipe }[] = [{ folder, recipe }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const call of next.recipe.calls) {
      const there = call.folder === '' ? next.folder : world.resolve(next.folder, call.folder)
      const meant = world.files
        .get(there)
        ?.recipes.find(({ name, isFunction }) => isFunction && name === call.recipe)
      if (meant !== undefined && note(world.called, keyOf(there, meant.name), place)) {
        waiting.push({ folder: there, recipe: meant })
      }
    }
  }
}

/** Whether the place is new for the function. */
function note(called: Map<string, Place[]>, key: string, place: Place): boolean {
  const before = called.get(key) ?? []
  const known = before.some((one) => JSON.stringify(one) === JSON.stringify(place))
  if (known || before.length >= MAX_PLACES) return false
  called.set(key, [...before, place])
  return true
}

function keyOf(folder: string, recipe: string): string {
  return `${folder}\0${recipe}`
}
