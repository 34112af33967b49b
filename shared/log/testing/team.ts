import { activeDevices, type Membership } from '../membership.js'
import { actor } from './actors.js'
import { verdict } from './attack.js'
import { History } from './history.js'

// For tests only: a team whose people have one device or several, and links behind its history.

/** Ann owns, Bob administers from two devices, Cat writes from three that came one from another, Dan reads. */
const TEAM = `
  G  = genesis ann/a project
  M1 = member ann/a bob/a,bob/b admin
  M2 = member ann/a cat/a writer
  C2 = add cat/a cat/b writer
  C3 = add cat/b cat/c reader
  M3 = member bob/a dan/a reader
  G -> M1 -> M2 -> C2 -> C3 -> M3
`
/** The team's history with further lines. */
export const team = (...lines: string[]): string => `${TEAM}\n${lines.join('\n')}`
/** What becomes of one more link behind the team's. */
export const after = (link: string, twist = {}): string =>
  verdict(team(`X = ${link}`, 'M3 -> X'), 'X', twist)
/** The membership once these links hold behind the team's. */
export const fold = (...links: string[]): Membership => {
  const names = links.map((_, i) => `X${i}`)
  const lines = links.map((link, i) => `X${i} = ${link}`)
  return new History(team(...lines, ['M3', ...names].join(' -> '))).fold(names.at(-1) ?? 'M3')
}
/** Which of the team's devices are active. */
export const active = (m: Membership): string[] => {
  const names = ['ann/a', 'bob/a', 'bob/b', 'cat/a', 'cat/b', 'cat/c', 'dan/a']
  return names.filter((name) => activeDevices(m).some(({ id }) => id === actor(name).id))
}
