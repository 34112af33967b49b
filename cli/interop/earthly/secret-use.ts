import { posix } from 'node:path'
import type { Flag } from './words.js'

// What `--secret` and secret mounts ask for, as Earthly reads them.

/** What a flag asks for. */
export type SecretWish =
  /** A secret by the name that Earthly asks its sources for. */
  | { readonly kind: 'secret'; readonly name: string }
  /** An empty one: Earthly passes it over. */
  | { readonly kind: 'skipped' }
  /** Earthly refuses it, or a build argument decides what it is. */
  | { readonly kind: 'wrong' | 'unresolved'; readonly typed: string; readonly why: string }

/** Which of Earthly's two ways to name secrets holds: by PROJECT (VERSION 0.7 and later), or `org/key`. */
export type Dialect = 'project' | 'legacy'

const PREFIX = '+secrets/'

/** All that a command's flags ask for. */
export function wishesOf(flags: readonly Flag[], dialect: Dialect): SecretWish[] {
  return flags.flatMap(({ name, value = '' }) => {
    if (name === 'secret') return [secretWish(value, dialect)]
    if (name !== 'mount') return []
    const wish = mountWish(value)
    return wish === undefined ? [] : [wish]
  })
}

/** `ID`, `ENV=ID`, `ENV=` and nothing. */
export function secretWish(typed: string, dialect: Dialect): SecretWish {
  const at = typed.indexOf('=')
  const [variable, id] = at < 0 ? [typed, typed] : [typed.slice(0, at), typed.slice(at + 1)]
  if (id === '') return { kind: 'skipped' }
  const by = argumentIn(typed)
  if (by !== undefined) return { kind: 'unresolved', typed, why: by }
  if (!/^[A-Za-z_]\w*$/.test(variable)) {
    const why =
      at < 0
        ? `${variable} can't be a variable's name: write NAME=${variable.replace(PREFIX, '')}`
        : `${variable} can't be a variable's name`
    return { kind: 'wrong', typed, why }
  }
  if (at < 0) return { kind: 'secret', name: id }
  const name = id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id
  if (dialect === 'legacy' && name === id) {
    return { kind: 'wrong', typed, why: `before VERSION 0.7 it is ${variable}=${PREFIX}${id}` }
  }
  return name === '' ? { kind: 'wrong', typed, why: 'it names nothing' } : { kind: 'secret', name }
}

/** `type=secret,target=…[,id=…]`; undefined for a mount of another type. */
function mountWish(typed: string): SecretWish | undefined {
  const pairs = new Map(
    typed.split(',').map((pair) => {
      const at = pair.indexOf('=')
      return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
  if (pairs.get('type') !== 'secret') return undefined
  const [target = '', id = ''] = [pairs.get('target'), pairs.get('id')]
  const by = argumentIn(id === '' ? target : id)
  if (by !== undefined) return { kind: 'unresolved', typed, why: by }
  if (target === '') return { kind: 'wrong', typed, why: 'a mount needs a target' }
  const mode = pairs.get('mode') ?? pairs.get('chmod')
  if (mode !== undefined && !/^0[0-7]*$/.test(mode) && argumentIn(mode) === undefined) {
    return { kind: 'wrong', typed, why: `${mode} is no mode: it begins with 0` }
  }
  const name = id === '' ? posix.normalize(target) : id
  return { kind: 'secret', name: name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name }
}

/** Words on the build argument or command that decides about a text; undefined where nothing does. */
function argumentIn(text: string): string | undefined {
  if (text.includes('$(')) return 'a command decides what it is'
  const [, braced, plain] = /\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))/.exec(text) ?? []
  const name = braced ?? plain
  return name === undefined ? undefined : `the ARG ${name} decides what it is`
}
