import { hasHidden } from '../../../shared/display.js'

// Names that look like another's (SPEC section 12). Pure. A name that came from another device is never refused for it: it
// is shown, and flagged.

/** Letters that most fonts draw like a Latin one or a digit, by that: Cyrillic, Greek, Armenian, Cherokee, digits. */
const LOOKS: readonly (readonly [string, string])[] = [
  ['a', 'аαɑ'],
  ['b', 'ьβ'],
  ['c', 'сϲ'],
  ['d', 'ԁ'],
  ['e', 'еεё'],
  ['g', 'ɡց'],
  ['h', 'һհ'],
  ['i', 'іιɩ1l|ӏї'],
  ['j', 'јϳ'],
  ['k', 'кκ'],
  ['m', 'м'],
  ['n', 'пηո'],
  ['o', 'оο0օσ'],
  ['p', 'рρ'],
  ['q', 'ԛգ'],
  ['r', 'г'],
  ['s', 'ѕ5'],
  ['t', 'тτ'],
  ['u', 'υսц'],
  ['v', 'νѵ'],
  ['w', 'ѡԝω'],
  ['x', 'хχ'],
  ['y', 'уγү'],
  ['z', 'ᴢ2'],
]

const LATIN: ReadonlyMap<string, string> = new Map(
  LOOKS.flatMap(([letter, like]) => Array.from(like, (one) => [one, letter] as const)),
)

/** What a name looks like: two names with one skeleton are hard to tell apart. */
export function skeleton(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const letters = Array.from(plain, (letter) => LATIN.get(letter) ?? letter).join('')
  return letters.replaceAll('rn', 'm').replaceAll('vv', 'w').replace(/\s+/g, ' ').trim()
}

/** Which of these names look like another of them that is another name, or hide what they hold; '' looks like nothing. */
export function lookalikes(names: readonly string[]): ReadonlySet<string> {
  const bySkeleton = new Map<string, Set<string>>()
  for (const name of names) {
    const key = skeleton(name)
    bySkeleton.set(key, (bySkeleton.get(key) ?? new Set()).add(name.toLowerCase()))
  }
  const isOne = (name: string): boolean =>
    name !== '' && ((bySkeleton.get(skeleton(name))?.size ?? 0) > 1 || hasHidden(name))
  return new Set(names.filter(isOne))
}
